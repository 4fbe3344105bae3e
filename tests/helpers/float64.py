"""Computation in float64, where two programs of one formula differ by less than any instruction set can show.

In float32 they do not: sums in another order differ in the last digits, and Adam's first steps divide gradients by
their own size, so that a gradient that is rounding error alone moves its parameter by the whole learning rate.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tracknet_jax.models.config import TrackNetConfig


@contextmanager
def in_float64() -> Iterator[None]:
    """While entered, what the package writes as `jnp.float32` is float64; networks are to be those of `exact`."""
    with pytest.MonkeyPatch.context() as patch, jax.enable_x64(True):
        patch.setattr(jnp, "float32", jnp.float64)
        yield


def exact(model: TrackNetConfig) -> TrackNetConfig:
    """The network in float64, which no config can ask for: users have no need of it."""
    model = copy.copy(model)
    object.__setattr__(model, "dtype", "float64")
    return model


def as_float64(tree: Any) -> Any:
    """The tree with its floating-point arrays in float64."""
    return jax.tree.map(
        lambda x: jnp.asarray(x, jnp.float64) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree
    )


def largest_difference(a: Any, b: Any) -> float:
    """Of two trees of arrays of the same shapes."""
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return max(float(np.abs(np.asarray(x) - np.asarray(y)).max()) for x, y in pairs)
