"""Forward parity with the reference implementations: same weights, same frames, same numbers.

The tolerances are those of the references' own float32 noise, with room: logits 2e-4 (Keras 5e-4), probabilities
1e-4, motion maps 1e-5.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.golden.make_networks import EVERY, PIXELS
from tests.reference import attention_unet_to_flax, inputs, load_golden, tensors, to_flax, words
from tracknet_jax.models.background import merge_time
from tracknet_jax.models.blocks import Conv
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.encoder_decoder import EncoderDecoder
from tracknet_jax.models.motion import fuse
from tracknet_jax.models.registry import preset
from tracknet_jax.models.tracknet import TrackNet, TrackNetOutput

NETWORKS = {
    "v5repo_v2": preset("tracknet_v2"),
    "v5repo_v4": preset("tracknet_v4"),
    "v5repo_v2_mdd": preset("tracknet_v2_mdd"),
    "v5repo_v2_rstr": replace(preset("tracknet_v2_rstr"), attention="joint"),
    "v5repo_v5": preset("tracknet_v5_joint"),
    "v2_wasb": replace(preset("tracknet_v2_wasb"), input_norm="unit"),
    "v2_keras_channel": preset("tracknet_v2_official"),
    "v2_keras_width": preset("tracknet_v2_keras"),
    "v3_plain_L3": replace(preset("tracknet_v3_plain"), frames=3, outputs=3),
    "v4_keras_channel": preset("tracknet_v4_official"),
    "v4_keras_width": preset("tracknet_v4_keras"),
}


def small(config: TrackNetConfig) -> TrackNetConfig:
    return replace(config, height=64, width=96)


def run(config: TrackNetConfig, name: str) -> tuple[dict[str, np.ndarray], TrackNetOutput]:
    golden, meta = load_golden(name)
    variables = to_flax(config, tensors(meta))
    small_case = {k.removeprefix("small/"): v for k, v in golden.items() if k.startswith("small/")}
    return small_case, jax.jit(TrackNet(config).apply)(variables, inputs(meta, "small"))


def assert_close(array: jax.Array, expected: np.ndarray, atol: float) -> None:
    np.testing.assert_allclose(np.asarray(array).ravel()[::EVERY], expected, atol=atol)


@pytest.mark.parametrize("name", NETWORKS)
def test_forward(name: str):
    config = small(NETWORKS[name])
    reference, output = run(config, name)
    atol = 5e-4 if "keras" in name else 2e-4
    if "attention" in reference:
        assert_close(output.attention, reference["attention"], 1e-5)
    if "visual_logits" in reference:  # V4's official code, which stores what came of both its fusions
        assert_close(output.draft_logits, reference["visual_logits"], atol)
        assert_close(jax.nn.sigmoid(output.logits), reference["output_typeA"], 1e-4)
        type_b = fuse(output.draft_logits, output.attention, "type_b")
        assert_close(jax.nn.sigmoid(type_b), reference["output_typeB"], 1e-4)
        return
    logits = reference["logits"] if "logits" in reference else reference["draft_logits"]  # one head, no gate
    assert_close(output.logits, logits, atol)
    assert_close(jax.nn.sigmoid(output.logits), 1 / (1 + np.exp(-logits)), 1e-4)
    if "draft_logits" in reference:
        assert_close(output.draft_logits, reference["draft_logits"], atol)
    if "residual" in reference:
        maps = output.attention
        draft = output.draft_logits if maps is None else fuse(output.draft_logits, maps[:, :, 0], "eq4")
        assert_close(output.logits - draft, reference["residual"], atol)


def test_v3_with_background():
    golden, meta = load_golden("v3_concat_L8")
    config = small(preset("tracknet_v3"))
    planes = inputs(meta, "small")  # the background comes first
    variables = to_flax(config, tensors(meta))
    output = jax.jit(TrackNet(config).apply)(variables, planes[:, 1:], planes[:, 0])
    assert_close(output.logits, golden["small/logits"], 2e-4)


def test_v3_on_differences():
    """The planes of the fixture are differences: red frames on a black background have just those."""
    golden, meta = load_golden("v3_subtract_L3")
    config = small(replace(preset("tracknet_v3_subtract"), frames=3, outputs=3))
    differences = np.moveaxis(inputs(meta, "small")[:, 0], -1, 1)  # (B, 3, H, W)
    frames = differences[..., None] * np.array([1, 0, 0], np.uint8)
    variables = to_flax(config, tensors(meta))
    output = jax.jit(TrackNet(config).apply)(variables, frames, np.zeros_like(frames[:, 0]))
    assert_close(output.logits, golden["small/logits"], 2e-4)


def test_v3_on_frames_and_differences():
    """The fixture's differences belong to no one background: the planes go in past `stack_with_background`."""
    golden, meta = load_golden("v3_subtract_concat_L3")
    config = small(replace(preset("tracknet_v3_subtract_concat"), frames=3, outputs=3))
    variables = to_flax(config, tensors(meta))
    planes = merge_time(jnp.asarray(inputs(meta, "small"))) / 255.0
    trunk = {collection: tree["encoder_decoder"] for collection, tree in variables.items()}
    features = jax.jit(EncoderDecoder(config).apply)(trunk, planes)
    logits = Conv(3, kernel=1, bias=True).apply({"params": variables["params"]["head"]}, features)
    assert_close(jnp.moveaxis(logits, -1, 1), golden["small/logits"], 2e-4)


def test_v1_class_maps():
    config = small(preset("tracknet_v1"))
    reference, output = run(config, "v1")
    logits = np.asarray(output.logits).reshape(-1, 256)
    _, meta = load_golden("v1")
    at = words(meta["seed"], "positions/small/pixels", PIXELS) % len(logits)
    np.testing.assert_allclose(logits[at].T, reference["logits_at_pixels"], atol=2e-4)
    clear = reference["margin"] > 1e-3
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(logits.argmax(-1)[::EVERY][clear], reference["argmax"][clear])


def test_attention_unet():
    golden, meta = load_golden("attention_unet")
    config = small(preset("attention_unet"))
    output = jax.jit(TrackNet(config).apply)(attention_unet_to_flax(tensors(meta)), inputs(meta, "small"))
    assert_close(output.logits, golden["small/logits"], 2e-4)
