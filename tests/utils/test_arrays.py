"""What is said of arrays, against what was put into them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tracknet_jax.utils.arrays import digest, not_finite


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, jnp.bfloat16])
def test_the_array_that_is_not_finite_is_named(value, dtype):
    tree = {
        "key": jax.random.key(0),
        "step": jnp.int32(3),
        "params": [np.ones(3, dtype), np.ones((2, 2), dtype)],
    }
    assert not_finite(tree) is None
    tree["params"][1][1, 0] = value
    assert not_finite(tree) == "params/1"


def test_the_digest_tells_values_and_names():
    trees = [
        {"a": np.float32([1, 2])},
        {"a": np.float32([1, 3])},
        {"b": np.float32([1, 2])},
        {"a": jax.random.key(1)},
        {"a": jax.random.key(2)},
    ]
    assert len({digest(tree) for tree in trees}) == len(trees)
    assert digest({"a": jnp.float32([1, 2])}) == digest(trees[0])
