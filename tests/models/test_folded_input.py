"""The input folded first is the input folded last: the same channels, maps, results and gradients."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.models.test_tracknet import random_variables
from tracknet_jax.models import tracknet
from tracknet_jax.models.blocks import space_to_depth
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.folded_input import (
    assemble,
    fold_frames,
    folded_differences,
    input_order,
    unfold_maps,
)
from tracknet_jax.models.motion import interleave, luminance_differences
from tracknet_jax.models.registry import PRESETS, preset
from tracknet_jax.models.tracknet import TrackNet

NANO = replace(preset("tracknet_nano"), height=16, width=24, widths=(4, 8), depths=(1, 1))


def pictures(frames: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (2, frames, 16, 24, 3), np.uint8)


@pytest.mark.parametrize(("frames", "block"), [(5, 2), (3, 4), (2, 1)])
def test_channels_are_those_of_equation_4_in_another_order(frames: int, block: int):
    images = pictures(frames).astype(np.float32)
    maps = np.random.default_rng(1).normal(size=(2, frames - 1, 2, 16, 24)).astype(np.float32)
    expected = space_to_depth(interleave(images, maps), block)

    unfolded = maps.reshape(2, frames - 1, 2, 16 // block, block, 24 // block, block)
    folded_maps = unfolded.transpose(0, 3, 5, 2, 1, 4, 6).reshape(2, 16 // block, 24 // block, 2, -1)
    found = assemble(fold_frames(images, block), folded_maps)
    np.testing.assert_array_equal(found, np.asarray(expected)[..., np.array(input_order(frames, block))])
    np.testing.assert_array_equal(unfold_maps(folded_maps, frames, block), maps)


def test_differences_are_those_of_the_pictures():
    frames = pictures() / np.float32(255)
    found = folded_differences(fold_frames(frames, 2), 5, 2)  # (B, h, w, 4 differences x 4 pixels)
    both = jnp.stack([found, found], axis=3)
    np.testing.assert_allclose(unfold_maps(both, 5, 2)[:, :, 0], luminance_differences(frames), atol=1e-6)


@pytest.mark.parametrize("changes", [{}, {"fusion": "eq4", "input_norm": "imagenet"}], ids=["nano", "gated"])
def test_results_and_gradients_do_not_change(changes: dict, monkeypatch: pytest.MonkeyPatch):
    config = replace(NANO, **changes)
    variables, frames = random_variables(config), pictures()
    found = results(config, variables, frames)
    monkeypatch.setattr(tracknet, "folds_frames", lambda config: False)
    expected = results(config, variables, frames)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4), found, expected)


def results(config: TrackNetConfig, variables: dict, frames: np.ndarray) -> tuple:
    """Logits and motion maps, and the gradients of the parameters."""

    def total(params: dict) -> tuple[jax.Array, tuple]:
        output = TrackNet(config).apply({**variables, "params": params}, frames)
        return jnp.sin(output.logits).mean(), (output.logits, output.attention)

    return jax.jit(jax.grad(total, has_aux=True))(variables["params"])


def test_only_networks_with_folded_maps_as_input_fold_first():
    assert [name for name, config in PRESETS.items() if tracknet.folds_frames(config)] == ["tracknet_nano"]
