"""Every way to compute a convolution against sums in float64, and the networks that use them."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.models.test_tracknet import narrow, random_variables
from tracknet_jax.heatmaps import probability_maps
from tracknet_jax.models import convolution
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.convolution import ConvImpl, convolve, fastest_on_cpu
from tracknet_jax.models.tracknet import TrackNet, init_variables

# (B, H, W, C, N)
SHAPES = [(1, 8, 12, 3, 2), (2, 5, 7, 4, 6), (3, 9, 2, 2, 5), (1, 1, 1, 3, 3)]

QUICK = {"xla_backend_optimization_level": 0}  # the compiler takes half as long


def draw(shape: tuple[int, ...], k: int) -> tuple[jax.Array, jax.Array]:
    b, h, w, channels, features = shape
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(b, h, w, channels)), rng.normal(size=(k, k, channels, features))
    return jnp.asarray(x, jnp.float32), jnp.asarray(kernel, jnp.float32)


def compiled(x: jax.Array, kernel: jax.Array, implementation: ConvImpl) -> jax.Array:
    return jax.jit(convolve, static_argnums=2, compiler_options=QUICK)(x, kernel, implementation)


def exact(x: Any, kernel: Any) -> np.ndarray:
    """Same-padded, by its definition, in float64."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    k, (_, h, w, _) = kernel.shape[0], x.shape
    padded = np.pad(x, ((0, 0), (k // 2,) * 2, (k // 2,) * 2, (0, 0)))
    return sum(padded[:, i : i + h, j : j + w] @ kernel[i, j] for i in range(k) for j in range(k))


def assert_close(found: Any, expected: np.ndarray, tolerance: float) -> None:
    """Relative to the largest number there is."""
    assert np.abs(np.asarray(found, np.float64) - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("k", [1, 3, 5])
def test_xlas_own(shape: tuple[int, ...], k: int):
    x, kernel = draw(shape, k)
    assert_close(convolve(x, kernel, "lax"), exact(x, kernel), 1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_winograd(shape: tuple[int, ...]):
    x, kernel = draw(shape, 3)
    found = compiled(x, kernel, "winograd")
    assert found.dtype == jnp.float32
    assert_close(found, exact(x, kernel), 2e-5)


def test_winograd_of_bfloat16_is_computed_in_float32():
    x, kernel = (a.astype(jnp.bfloat16) for a in draw((1, 8, 8, 4, 4), 3))
    found = compiled(x, kernel, "winograd")
    assert found.dtype == jnp.bfloat16
    assert_close(found, exact(x, kernel), 2**-8)  # the result's own rounding


@pytest.mark.parametrize("k", [1, 5])
def test_winograd_leaves_other_kernels_to_xla(k: int):
    x, kernel = draw(SHAPES[1], k)
    assert_close(convolve(x, kernel, "winograd"), exact(x, kernel), 1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("k", [1, 3])
def test_shifted_dots_round_the_factors_and_nothing_else(shape: tuple[int, ...], k: int):
    x, kernel = draw(shape, k)
    rounded = exact(x.astype(jnp.bfloat16), kernel.astype(jnp.bfloat16))
    assert_close(compiled(x, kernel, "shifted_dots"), rounded, 1e-6)


def test_shifted_dots_in_several_blocks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(convolution, "BLOCK_SUMS", 3 * 2 * 7 * 6)
    x, kernel = draw((2, 6, 7, 4, 6), 3)
    rounded = exact(x.astype(jnp.bfloat16), kernel.astype(jnp.bfloat16))
    assert_close(convolve(x, kernel, "shifted_dots"), rounded, 1e-6)
    rows = [convolution._rows_of_block(*case) for case in ((6, 84), (288, 7), (7, 84), (5, 999))]
    assert rows == [3, 36, 1, 1]


def test_what_is_fastest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(convolution, "multiplies_bfloat16", lambda: True)
    wide, narrow = (3, 3, 256, 128), (3, 3, 192, 64)
    assert fastest_on_cpu(wide, jnp.float32) == fastest_on_cpu(wide, jnp.float32, mixed=True) == "winograd"
    assert fastest_on_cpu((3, 3, 256, 256), jnp.float32, mixed=True) == "shifted_dots"
    assert fastest_on_cpu(wide, jnp.dtype("bfloat16")) == "shifted_dots"
    assert fastest_on_cpu(narrow, jnp.float32) == fastest_on_cpu(narrow, jnp.bfloat16) == "lax"
    assert (
        fastest_on_cpu((1, 1, 256, 256), jnp.float32)
        == fastest_on_cpu((5, 5, 256, 256), jnp.float32)
        == "lax"
    )
    monkeypatch.setattr(convolution, "multiplies_bfloat16", lambda: False)
    assert fastest_on_cpu(wide, jnp.bfloat16) == "lax"
    assert fastest_on_cpu((3, 3, 256, 256), jnp.float32, mixed=True) == "winograd"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_auto_is_a_plain_convolution_but_on_a_cpu(dtype: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(convolution, "multiplies_bfloat16", lambda: True)
    x, kernel = (
        jax.ShapeDtypeStruct(shape, dtype)
        for shape in (
            (
                1,
                8,
                8,
                128,
            ),
            (3, 3, 128, 128),
        )
    )

    def program(platform: str) -> str:
        traced = jax.jit(convolve, static_argnums=2).trace(x, kernel, "auto")
        return traced.lower(lowering_platforms=(platform,)).as_text()

    for platform in ("cuda", "tpu"):
        assert program(platform).count("stablehlo.convolution") == 1
        assert "dot_general" not in program(platform)
    assert "stablehlo.convolution" not in program("cpu")
    assert program("cpu").count("stablehlo.dot_general") == (36 if dtype == "float32" else 9)


FAMILY = [f"tracknet_{member}" for member in ("v1", "v2", "v3", "v4", "v5", "nano")]


def maps(config: TrackNetConfig, conv_impl: ConvImpl) -> np.ndarray:
    """Of random pictures, by random weights."""
    images = np.random.default_rng(1).integers(0, 256, (1, config.frames + 1, 32, 48, 3), np.uint8)
    model = TrackNet(config, conv_impl=conv_impl)
    output = jax.jit(model.apply, compiler_options=QUICK)(
        random_variables(config), images[:, 1:], images[:, 0]
    )
    return np.asarray(probability_maps(output.logits, config.head))


@pytest.mark.parametrize("name", FAMILY)
def test_networks_do_not_change_in_float32(name: str):
    config = narrow(name)
    np.testing.assert_allclose(maps(config, "winograd"), maps(config, "lax"), atol=1e-4)


def test_auto_reaches_every_convolution(monkeypatch: pytest.MonkeyPatch):
    """The narrow network's own limit: all three 3x3 convolutions of V2 become 36 products each."""
    monkeypatch.setattr(convolution, "MIN_CHANNELS", 1)
    config = narrow("tracknet_v2")
    frames = jax.ShapeDtypeStruct((1, 3, 32, 48, 3), "uint8")
    model = TrackNet(config, conv_impl="auto")
    program = jax.jit(model.apply).trace(random_variables(config), frames).lower(lowering_platforms=("cpu",))
    assert program.as_text().count("stablehlo.dot_general") == 3 * 36
    assert program.as_text().count("stablehlo.convolution") == 1  # the head's, 1x1


def test_parameters_do_not_depend_on_it():
    config = narrow("tracknet_v5")
    frames = jax.ShapeDtypeStruct((1, 3, 32, 48, 3), "uint8")
    key = jax.eval_shape(jax.random.key, 0)
    given = jax.eval_shape(TrackNet(config, conv_impl="winograd").init, key, frames)
    assert given == jax.eval_shape(lambda key: init_variables(config, key), key)


def test_a_bfloat16_network_stays_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(convolution, "MIN_CHANNELS", 1)
    monkeypatch.setattr(convolution, "multiplies_bfloat16", lambda: True)
    config = replace(narrow("tracknet_v2"), dtype="bfloat16")
    np.testing.assert_allclose(maps(config, "auto"), maps(config, "lax"), atol=0.03)
