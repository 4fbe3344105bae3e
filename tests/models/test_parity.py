"""Forward parity with the reference implementations: same weights, same frames, same numbers.

The weights come in as a user's do, through `tracknet convert`, from a file with the reference's own tensor names. The
tolerances are those of the references' own float32 noise, with room: logits 2e-4 (Keras 5e-4), probabilities 1e-4,
motion maps 1e-5.
"""

from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.golden.make_networks import EVERY, PIXELS
from tests.helpers.reference import inputs, load_golden, tensors, v1_frames, words
from tracknet_jax.cli.main import main
from tracknet_jax.models.background_input import merge_time
from tracknet_jax.models.blocks import Conv
from tracknet_jax.models.encoder_decoder import EncoderDecoder
from tracknet_jax.models.motion import fuse
from tracknet_jax.models.tracknet import TrackNet
from tracknet_jax.releases.release import Release, load_release

# Fixture: the network that it becomes.
NETWORKS = {
    "v5repo_v2": "tracknet_v2",
    "v5repo_v4": "tracknet_v4",
    "v5repo_v2_mdd": "tracknet_v2_mdd",
    "v5repo_v2_rstr": "tracknet_v2_rstr_joint",
    "v5repo_v5": "tracknet_v5_joint",
    "v2_wasb": "tracknet_v2_wasb",
    "v2_keras_channel": "tracknet_v2_official",
    "v2_keras_width": "tracknet_v2_keras",
    "v3_plain_L3": "tracknet_v3_plain",
    "v4_keras_channel": "tracknet_v4_official",
    "v4_keras_width": "tracknet_v4_keras",
    "attention_unet": "attention_unet",
}


@pytest.fixture
def converted(tmp_path) -> Callable[[str, str], Release]:
    """Makes a release of a fixture's weights through the command line."""

    def convert(name: str, network: str) -> Release:
        weights, release = tmp_path / f"{name}.npz", tmp_path / name
        np.savez(weights, **tensors(load_golden(name)[1]))
        assert main(["convert", str(weights), "--model", network, "--output", str(release)]) == 0
        return load_release(release)

    return convert


def small_case(name: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The reference's numbers, and the input windows."""
    golden, meta = load_golden(name)
    numbers = {k.removeprefix("small/"): v for k, v in golden.items() if k.startswith("small/")}
    return numbers, inputs(meta, "small")


def assert_close(array: jax.Array, expected: np.ndarray, atol: float) -> None:
    np.testing.assert_allclose(np.asarray(array).ravel()[::EVERY], expected, atol=atol)


@pytest.mark.parametrize("name", NETWORKS)
def test_forward(name: str, converted):
    _, variables, config = converted(name, NETWORKS[name])
    if name == "v2_wasb":  # the fixture leaves out WASB's normalisation
        assert config.input_norm == "imagenet"
        config = replace(config, input_norm="unit")
    reference, frames = small_case(name)
    output = jax.jit(TrackNet(config).apply)(variables, frames)
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


def test_v3_with_background(converted):
    model, variables, _ = converted("v3_concat_L8", "tracknet_v3")
    reference, planes = small_case("v3_concat_L8")  # the background comes first
    output = jax.jit(model.apply)(variables, planes[:, 1:], planes[:, 0])
    assert_close(output.logits, reference["logits"], 2e-4)


def test_v3_on_differences(converted):
    """The planes of the fixture are differences: red frames on a black background have just those."""
    model, variables, _ = converted("v3_subtract_L3", "tracknet_v3_subtract")
    reference, planes = small_case("v3_subtract_L3")
    differences = np.moveaxis(planes[:, 0], -1, 1)  # (B, 3, H, W)
    frames = differences[..., None] * np.array([1, 0, 0], np.uint8)
    output = jax.jit(model.apply)(variables, frames, np.zeros_like(frames[:, 0]))
    assert_close(output.logits, reference["logits"], 2e-4)


def test_v3_on_frames_and_differences(converted):
    """The fixture's differences belong to no one background: the planes go in past `stack_with_background`."""
    _, variables, config = converted("v3_subtract_concat_L3", "tracknet_v3_subtract_concat")
    reference, frames = small_case("v3_subtract_concat_L3")
    planes = merge_time(jnp.asarray(frames)) / 255.0
    trunk = {collection: tree["encoder_decoder"] for collection, tree in variables.items()}
    features = jax.jit(EncoderDecoder(config).apply)(trunk, planes)
    logits = Conv(3, kernel=1, bias=True).apply({"params": variables["params"]["head"]}, features)
    assert_close(jnp.moveaxis(logits, -1, 1), reference["logits"], 2e-4)


def test_v1_class_maps(converted):
    model, variables, _ = converted("v1", "tracknet_v1")
    reference, frames = small_case("v1")
    logits = np.asarray(jax.jit(model.apply)(variables, v1_frames(frames)).logits).reshape(-1, 256)
    at = words(load_golden("v1")[1]["seed"], "positions/small/pixels", PIXELS) % len(logits)
    np.testing.assert_allclose(logits[at].T, reference["logits_at_pixels"], atol=2e-4)
    clear = reference["margin"] > 1e-3
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(logits.argmax(-1)[::EVERY][clear], reference["argmax"][clear])
