"""What no reference code has, against the papers' equations: V4 on V3, V5's ablations; and the input's scale."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.refinement import ResidualRefinement
from tracknet_jax.models.registry import preset
from tracknet_jax.models.tracknet import TrackNet, TrackNetOutput, init_variables

R_STR = {"patch": 8, "embed_dim": 8, "layers": 2, "heads": 2, "mlp_dim": 8}


def narrow(name: str) -> TrackNetConfig:
    return replace(preset(name), height=32, width=48, widths=(4, 8), depths=(1, 1), **R_STR)


def images(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (1, *shape, 32, 48, 3), np.uint8)


def run(
    config: TrackNetConfig, frames: np.ndarray, background: np.ndarray | None = None
) -> tuple[dict[str, Any], TrackNetOutput]:
    variables = random_variables(config)
    return variables, apply(config, variables, frames, background)


def random_variables(config: TrackNetConfig) -> dict[str, Any]:
    """Kernels around 0; scalars, biases, norms and their statistics around 1."""
    generator = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda key: init_variables(config, key), jax.random.key(0))
    return jax.tree.map(
        lambda leaf: np.float32((leaf.ndim < 2) + 0.1 * generator.standard_normal(leaf.shape)), shapes
    )


def apply(config: TrackNetConfig, variables: dict[str, Any], *images: np.ndarray | None) -> TrackNetOutput:
    return jax.jit(TrackNet(config).apply)(variables, *images)


def test_v3_motion_is_equation_4_over_the_eight_frames():
    config = narrow("tracknet_v3_motion")
    frames, background = images(8), images(seed=1)
    variables, output = run(config, frames, background)

    grey = frames[0] / 255 @ [0.299, 0.587, 0.114]
    alpha, beta = (variables["params"]["motion"][name] for name in ("alpha", "beta"))
    slope, shift = 5 / (0.45 * np.abs(np.tanh(alpha)) + 1e-6), 0.6 * np.tanh(beta)
    maps = 1 / (1 + np.exp(-slope * (np.abs(np.diff(grey, axis=0)) - shift)))
    np.testing.assert_allclose(output.attention[0], maps, atol=1e-5)
    draft = np.asarray(output.draft_logits[0])
    expected = np.concatenate([draft[:1], maps * draft[1:]])
    np.testing.assert_allclose(output.logits[0], expected, atol=1e-5)

    # The draft is V3's own, background and all
    v3 = narrow("tracknet_v3")
    variables["params"].pop("motion")
    np.testing.assert_allclose(apply(v3, variables, frames, background).logits[0], draft, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "planes", "gated"),
    [
        ("tracknet_v2_rstr_gated", 9, True),
        ("tracknet_v5_ungated", 13, False),
    ],
)
def test_v5_and_its_ablations(name: str, planes: int, gated: bool):
    """Section 3.3.1: Draft_MDD = gate * draft, H = Draft_MDD + Delta(Draft_MDD)."""
    variables, output = run(narrow(name), images(3))
    params = variables["params"]
    assert params["encoder_decoder"]["down0_0"]["conv"]["conv"]["kernel"].shape[2] == planes
    draft = np.asarray(output.draft_logits)
    if gated:
        brightening = np.asarray(output.attention)[:, :, 0]
        draft = np.stack(
            [draft[:, 0], brightening[:, 0] * draft[:, 1], brightening[:, 1] * draft[:, 2]], axis=1
        )
    delta = jax.jit(ResidualRefinement(**R_STR).apply)({"params": params["refinement"]}, draft)
    np.testing.assert_allclose(output.logits, draft + delta, atol=1e-5)


@pytest.mark.parametrize("name", ["tracknet_v3", "tracknet_v2_mdd"])
def test_imagenet_scale_is_of_the_colours_only(name: str):
    config = replace(narrow(name), input_norm="imagenet")
    frames, background = images(config.frames), images(seed=1)
    variables, output = run(config, frames, background)
    unit = replace(config, input_norm="unit")
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    if name == "tracknet_v2_mdd":  # differences stay those of frames in [0, 1]
        same = apply(unit, variables, frames).attention  # in another program
        np.testing.assert_allclose(output.attention, same, atol=1e-5)
    else:
        scaled = [jnp.asarray((image / 255 - mean) / std, jnp.float32) for image in (frames, background)]
        np.testing.assert_allclose(output.logits, apply(unit, variables, *scaled).logits, atol=1e-4)


def test_attention_unet_learns_everywhere():
    config = narrow("attention_unet")
    variables = jax.tree.map(np.abs, random_variables(config))  # no ReLU is dead

    def loss(params: dict[str, Any]) -> jax.Array:
        state = {"params": params, "batch_stats": variables["batch_stats"]}
        output, _ = TrackNet(config).apply(state, images(3), train=True, mutable=["batch_stats"])
        return (output.logits**2).mean()

    grads = jax.jit(jax.grad(loss))(variables["params"])
    # Batch norm takes away whatever the convolutions' biases add
    slopes = {
        jax.tree_util.keystr(path): np.abs(leaf).max() for path, leaf in jax.tree.leaves_with_path(grads)
    }
    assert {name for name, slope in slopes.items() if slope < 1e-9} <= {
        n for n in slopes if "['conv']['bias']" in n
    }
