"""Forward parity with the reference implementations: same weights, same frames, same numbers.

The tolerances are those of the references' own float32 noise, with room: logits 5e-4, probabilities 1e-4.
"""

from dataclasses import replace

import jax
import numpy as np
import pytest

from tests.golden.make_networks import EVERY
from tests.reference import inputs, load_golden, tensors, to_flax
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.registry import PRESETS, preset
from tracknet_jax.models.tracknet import TrackNet

OFFICIAL_MOTION = {"motion": "prompt", "motion_eps": 0.1, "motion_scale": 0.225}
V3 = replace(
    PRESETS["tracknet_v2"], name="v3", block_order="conv_bn_relu", upsample="nearest", head_bias=True
)
NETWORKS = {
    "v5repo_v2": preset("tracknet_v2"),
    "v5repo_v4": preset("tracknet_v4"),
    "v5repo_v2_mdd": preset("tracknet_v2_mdd"),
    "v5repo_v2_rstr": replace(preset("tracknet_v2_rstr"), attention="joint"),
    "v5repo_v5": preset("tracknet_v5_joint"),
    "v2_wasb": replace(preset("tracknet_v2_wasb"), input_norm="unit"),
    "v2_keras_channel": preset("tracknet_v2_official"),
    "v2_keras_width": preset("tracknet_v2_keras"),
}


def small(config: TrackNetConfig) -> TrackNetConfig:
    return replace(config, height=64, width=96)


def run(config: TrackNetConfig, name: str):
    golden, meta = load_golden(name)
    variables = to_flax(config, tensors(meta))
    return golden, jax.jit(TrackNet(config).apply)(variables, inputs(meta, "small"))


def sampled(array: jax.Array) -> np.ndarray:
    return np.asarray(array).ravel()[::EVERY]


@pytest.mark.parametrize("name", NETWORKS)
def test_forward(name: str):
    config = small(NETWORKS[name])
    golden, output = run(config, name)
    reference = {key.removeprefix("small/"): value for key, value in golden.items()}
    logits = reference["logits"] if "logits" in reference else reference["draft_logits"]  # one head, no gate
    np.testing.assert_allclose(sampled(output.logits), logits, atol=5e-4)
    np.testing.assert_allclose(sampled(jax.nn.sigmoid(output.logits)), 1 / (1 + np.exp(-logits)), atol=1e-4)
    if "draft_logits" in reference:
        np.testing.assert_allclose(sampled(output.draft_logits), reference["draft_logits"], atol=5e-4)
    if "attention" in reference:
        np.testing.assert_allclose(sampled(output.attention), reference["attention"], atol=1e-5)


@pytest.mark.parametrize(("fusion", "key"), [("eq4", "output_typeA"), ("type_b", "output_typeB")])
def test_official_v4_fusions(fusion: str, key: str):
    config = replace(small(preset("tracknet_v2_official")), fusion=fusion, **OFFICIAL_MOTION)
    golden, output = run(config, "v4_keras_channel")
    np.testing.assert_allclose(sampled(output.draft_logits), golden["small/visual_logits"], atol=5e-4)
    np.testing.assert_allclose(sampled(jax.nn.sigmoid(output.logits)), golden[f"small/{key}"], atol=1e-4)


def test_v3_with_background():
    golden, meta = load_golden("v3_concat_L8")
    config = small(replace(V3, frames=8, outputs=8, background="concat"))
    planes = inputs(meta, "small")  # the background comes first
    variables = to_flax(config, tensors(meta))
    output = jax.jit(TrackNet(config).apply)(variables, planes[:, 1:], planes[:, 0])
    np.testing.assert_allclose(sampled(output.logits), golden["small/logits"], atol=5e-4)


def test_v1_class_maps():
    golden, output = run(small(preset("tracknet_v1")), "v1")
    classes = np.asarray(output.logits).argmax(-1).ravel()[::EVERY]
    clear = golden["small/margin"] > 1e-3
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(classes[clear], golden["small/argmax"][clear])
