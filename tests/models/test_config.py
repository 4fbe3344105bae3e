from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tracknet_jax.models.blocks import depth_to_space, space_to_depth, upsample_bilinear
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.registry import PRESETS, preset
from tracknet_jax.models.tracknet import TrackNet, init_variables
from tracknet_jax.utils.errors import UserError

TINY = TrackNetConfig(
    name="tiny", height=32, width=64, widths=(4, 8), depths=(1, 1), patch=8, embed_dim=8, mlp_dim=8, layers=2
)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name: str):
    import json

    assert TrackNetConfig.from_dict(json.loads(json.dumps(PRESETS[name].to_dict()))) == PRESETS[name]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"attention": "global"}, "alternating, divided, joint"),
        ({"widths": (4, 8, 16)}, "differ in length"),
        ({"outputs": 2}, "choose 1 or frames"),
        ({"fusion": "eq4"}, "needs motion maps"),
        ({"height": 31}, "divisible by 2"),
        ({"trunk": "attention_unet"}, "needs upsample 'nearest'"),
        ({"head": "classes"}, "needs outputs 1"),
        ({"motion": "mdd", "background": "concat"}, "choose one"),
        ({"input_norm": "imagenet", "background": "subtract"}, "input_norm 'unit'"),
        ({"refinement": "rstr", "patch": 16, "height": 40}, "divisible by 16"),
        (
            {"refinement": "rstr", "patch": 3, "height": 33, "width": 66},
            "divisible by 6",
        ),  # pooled once, 3 x 3
        ({"refinement": "rstr", "heads": 3}, "embed_dim 8 must be divisible by heads, 3"),
        ({"motion": "mdd", "frames": 1, "outputs": 1}, "motion 'mdd' needs 2 frames"),
        ({"widths": (0, 4)}, r"widths is \(0, 4\)"),
        ({"widths": (), "depths": ()}, r"widths is \(\)"),
        ({"depths": (1, 0)}, "depths"),
        *(({name: 0}, f"{name} is 0") for name in ("frames", "outputs", "height", "space_to_depth", "stem")),
        *(({name: 0}, f"{name} is 0") for name in ("patch", "embed_dim", "heads", "mlp_dim")),
        ({"layers": -1}, "layers is -1"),
        ({"dropout": 1.5}, r"dropout is 1.5, it must be in \[0, 1\)"),
        ({"context_masking": -0.1}, "context_masking is -0.1"),
    ],
)
def test_wrong_configs_are_told(change: dict, said: str):
    with pytest.raises(UserError, match=said):
        replace(TINY, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"frames": 1, "outputs": 1, "layers": 0, "refinement": "rstr"},
        {"heads": 3},  # of no attention
        {"refinement": "rstr", "patch": 3, "height": 36, "width": 66},
        {"motion": "prompt", "fusion": "type_b", "frames": 2, "outputs": 2},
        {"widths": (4,), "depths": (1,)},
    ],
    ids=str,
)
def test_what_is_allowed_runs(change: dict):
    config = replace(TINY, **change)
    frames = jnp.zeros((1, config.frames, config.height, config.width, 3))
    output, _ = jax.eval_shape(TrackNet(config).init_with_output, jax.random.key(0), frames)
    assert output.logits.shape == (1, config.outputs, config.height, config.width)


def test_unknown_names_are_told():
    with pytest.raises(UserError, match="tracknet_v5"):
        preset("tracknet_v6")
    with pytest.raises(UserError, match="'depth'"):
        TrackNetConfig.from_dict({"name": "x", "depth": 3})


@pytest.mark.parametrize(("attention", "outputs"), [("alternating", 1), ("divided", 3), ("joint", 3)])
def test_shapes_and_dtypes(attention: str, outputs: int):
    config = replace(TINY, refinement="rstr", attention=attention, outputs=outputs, dtype="bfloat16")
    variables = init_variables(config, jax.random.key(0))
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    frames = jax.random.randint(jax.random.key(1), (2, 3, 32, 64, 3), 0, 256).astype(jnp.uint8)
    output = jax.jit(TrackNet(config).apply)(variables, frames)
    assert output.logits.shape == (2, outputs, 32, 64)
    assert output.logits.dtype == jnp.float32


def test_uint8_and_float_frames_agree():
    variables = init_variables(TINY, jax.random.key(0))
    frames = jax.random.randint(jax.random.key(1), (1, 3, 32, 64, 3), 0, 256).astype(jnp.uint8)
    apply = jax.jit(TrackNet(TINY).apply)
    as_uint8 = apply(variables, frames).logits
    np.testing.assert_allclose(as_uint8, apply(variables, frames / 255.0).logits, atol=1e-5)


def test_context_masking_is_for_training_only():
    config = replace(TINY, refinement="rstr", dropout=0.0, context_masking=0.5)
    variables = init_variables(config, jax.random.key(0))
    frames = jax.random.uniform(jax.random.key(1), (1, 3, 32, 64, 3))
    apply = jax.jit(TrackNet(config).apply, static_argnames=("train", "mutable"))
    inference = apply(variables, frames).logits
    draws = [
        apply(variables, frames, train=True, mutable="batch_stats", rngs={"dropout": jax.random.key(i)})[
            0
        ].logits
        for i in (0, 0, 1)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert float(jnp.abs(draws[0] - draws[2]).max()) > 0
    np.testing.assert_array_equal(inference, apply(variables, frames).logits)


def test_a_model_with_background_wants_one():
    config = replace(TINY, background="concat")
    variables = init_variables(config, jax.random.key(0))
    with pytest.raises(ValueError, match="background"):
        TrackNet(config).apply(variables, jnp.zeros((1, 3, 32, 64, 3)))


def test_bilinear_upsampling_aligns_corners():
    """Against interpolation at i (n - 1) / (2n - 1), written out with NumPy."""
    x = np.random.default_rng(0).normal(size=(1, 5, 7, 2)).astype(np.float32)
    expected = x
    for axis, n in ((1, 5), (2, 7)):
        positions = np.arange(2 * n) * (n - 1) / (2 * n - 1)
        expected = np.apply_along_axis(
            lambda v, p=positions, n=n: np.interp(p, np.arange(n), v), axis, expected
        )
    np.testing.assert_allclose(upsample_bilinear(jnp.asarray(x)), expected, atol=1e-5)


def test_pixel_shuffles():
    x = jnp.arange(2 * 4 * 6 * 3).reshape(2, 4, 6, 3)
    np.testing.assert_array_equal(depth_to_space(space_to_depth(x, 2), 2), x)
    # Token (r, c), channel 16 i + j is pixel (16 r + i, 16 c + j): the paper's PixelShuffle
    tokens = jnp.arange(256.0).reshape(1, 1, 1, 256)
    assert depth_to_space(tokens, 16)[0, 5, 9, 0] == 16 * 5 + 9
