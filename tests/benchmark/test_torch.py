"""The torch twin of the network: the same maps, and one line where there is none."""

import sys

import numpy as np
import pytest

from tests.helpers.members import R_STR
from tracknet_jax.benchmark import steps
from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.torch_network import check_buildable
from tracknet_jax.benchmark.torch_runtime import check_runtime, torch_inference
from tracknet_jax.benchmark.workload import network
from tracknet_jax.models.registry import BIASED, KERAS, PRESETS, PROMPT, preset
from tracknet_jax.utils.errors import UserError

from .conftest import variant

CASE = Case("inference", "tiny", "float32", 1)


@pytest.mark.parametrize(
    "config",
    [
        variant(upsample="bilinear"),
        variant(block_order="conv_bn_relu", concat="skip_up", input_norm="imagenet", **BIASED, **KERAS),
        variant(**{**PROMPT, "fusion": "type_b"}),
        variant(motion="mdd", fusion="eq4"),
        variant(motion="mdd", skips="add", space_to_depth=2, head_bias=True),
        variant(head="classes", outputs=1, skips="none"),
        *(variant(refinement="rstr", attention=how, **R_STR) for how in ("alternating", "divided", "joint")),
    ],
    ids=["v2", "wasb", "v4", "mdd", "nano", "v1", "v5", "v5_divided", "v5_joint"],
)
def test_maps_are_ours(config, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setitem(PRESETS, "tiny", config)
    release = network("tiny")
    ours, theirs = steps.inference(CASE, release), torch_inference(CASE, release)
    assert ours.compared().std() > 1e-4
    np.testing.assert_allclose(theirs.compared(), ours.compared(), atol=1e-4)
    theirs.call().block_until_ready()


@pytest.mark.parametrize("name", ["tracknet_v3", "attention_unet", "tracknet_v2_keras"])
def test_networks_without_a_twin_are_told(name):
    with pytest.raises(UserError, match=f"{name} with .* is not built in torch"):
        check_buildable(preset(name))


def test_missing_torch_is_told(monkeypatch, tiny):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match="not installed"):
        check_runtime(tiny)
