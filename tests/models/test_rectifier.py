"""The InpaintNet against the reference implementation: same weights, same trajectories, same numbers."""

import jax
import numpy as np
import pytest

from tests.helpers.reference import load_golden, tensors, to_flax
from tracknet_jax.models.rectifier import RECTIFIERS, InpaintNet, RectifierConfig, init_rectifier
from tracknet_jax.utils.errors import UserError

CONFIG = RECTIFIERS["inpaintnet"]


@pytest.mark.parametrize("case", ["L16", "L37"])
def test_forward(case: str):
    golden, meta = load_golden("v3_inpaintnet")
    variables = to_flax(CONFIG, tensors(meta))
    output = InpaintNet(CONFIG).apply(variables, golden[f"{case}/coor"], golden[f"{case}/mask"])
    np.testing.assert_allclose(output, golden[f"{case}/output"], atol=1e-5)


def test_it_has_the_parameters_of_the_paper():
    shapes = jax.eval_shape(lambda key: init_rectifier(CONFIG, key), jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 520_610


def test_initial_weights_are_uniform_within_torchs_bound():
    params = init_rectifier(CONFIG, jax.random.key(0))["params"]
    for layer, fan_in in (("down0", 9), ("up2", 3 * 384)):
        for values in params[layer].values():
            assert 0.8 < np.abs(values).max() * fan_in**0.5 <= 1


def test_config_round_trip_and_errors():
    narrow = RectifierConfig("narrow", widths=(4, 8))
    assert RectifierConfig.from_dict(narrow.to_dict() | {"widths": [4, 8]}) == narrow
    with pytest.raises(UserError, match="unknown field 'depth'"):
        RectifierConfig.from_dict({"name": "a", "depth": 3})
    with pytest.raises(UserError, match="two levels"):
        RectifierConfig("flat", widths=(4,))
