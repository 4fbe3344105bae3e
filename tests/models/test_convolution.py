"""XLA's convolution, Winograd's and that of doubled images against sums in float64, and the networks that use them."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.models.test_tracknet import narrow, random_variables
from tracknet_jax.heatmaps.decoding import probability_maps
from tracknet_jax.models import convolution
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.convolution import ConvImpl, convolve
from tracknet_jax.models.doubled import Doubled, doubled_convolution
from tracknet_jax.models.tracknet import TrackNet, init_variables
from tracknet_jax.models.winograd import winograd

# (B, H, W, C, N)
SHAPES = [(1, 8, 12, 3, 2), (2, 5, 7, 256, 6), (1, 1, 1, 3, 3)]

PRODUCTS = 36 + 1  # one for each place in Winograd's tile, and the output transform

# A program of Winograd's is a hundred small loops: compiled plainly, in a quarter of the time.
QUICK: dict[str, int | bool] = {"xla_backend_optimization_level": 0}
if jax.__version_info__ < (0, 12):  # later ones have no other emitters
    QUICK["xla_cpu_use_fusion_emitters"] = False


def draw(shape: tuple[int, ...], k: int) -> tuple[jax.Array, jax.Array]:
    b, h, w, channels, features = shape
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(b, h, w, channels)), rng.normal(size=(k, k, channels, features))
    return jnp.asarray(x, jnp.float32), jnp.asarray(kernel, jnp.float32)


def by_winograd(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return jax.jit(winograd, compiler_options=QUICK)(x, kernel)


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
    found = by_winograd(x, kernel)
    assert found.dtype == jnp.float32
    assert_close(found, exact(x, kernel), 2e-5)


def test_winograd_of_bfloat16_is_computed_in_float32():
    x, kernel = (a.astype(jnp.bfloat16) for a in draw(SHAPES[1], 3))
    found = by_winograd(x, kernel)
    assert found.dtype == jnp.bfloat16
    assert_close(found, exact(x, kernel), 2**-8)  # the result's own rounding


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_of_a_doubled_image(shape: tuple[int, ...]):
    image, kernel = draw(shape, 3)
    expected = exact(np.asarray(image).repeat(2, axis=1).repeat(2, axis=2), kernel)
    assert_close(doubled_convolution(image, kernel), expected, 1e-5)


@pytest.mark.parametrize("last", [False, True])
def test_of_doubled_channels_beside_others(last: bool):
    image, kernel = draw((2, 3, 5, 4, 6), 3)
    skip = jnp.asarray(np.random.default_rng(2).normal(size=(2, 6, 10, 3)), jnp.float32)
    kernel = jnp.concatenate([kernel, kernel[:, :, :3] ** 2], axis=2)
    up = image.repeat(2, axis=1).repeat(2, axis=2)
    x = jnp.concatenate([skip, up] if last else [up, skip], axis=-1)
    found = jax.jit(lambda x, image: convolve(x, kernel, "auto", Doubled(image, last)))
    assert_close(found(x, image), exact(x, kernel), 1e-5)
    for platform, products in (("cpu", 2), ("cuda", 1), ("tpu", 1)):
        text = found.trace(x, image).lower(lowering_platforms=(platform,)).as_text()
        assert text.count("stablehlo.convolution") == products


def program(platform: str, dtype: str, kernel: tuple[int, ...]) -> str:
    """The name of what `auto` computes with on a platform, if it is only that."""
    x = jax.ShapeDtypeStruct((1, 8, 8, kernel[2]), dtype)
    traced = jax.jit(convolve, static_argnums=2).trace(x, jax.ShapeDtypeStruct(kernel, dtype), "auto")
    text = traced.lower(lowering_platforms=(platform,)).as_text()
    found = {
        "lax": text.count("stablehlo.convolution") == 1 and "dot_general" not in text,
        "winograd": "stablehlo.convolution" not in text and text.count("stablehlo.dot_general") == PRODUCTS,
    }
    (name,) = (name for name, there in found.items() if there)
    return name


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ((3, 3, 128, 256), "winograd"),
        ((3, 3, 64, 128), "lax"),
        ((3, 3, 192, 64), "lax"),
        ((1, 1, 256, 256), "lax"),
        ((5, 5, 256, 256), "lax"),
    ],
)
def test_auto_is_winograd_on_a_cpu_for_many_channels(dtype: str, kernel: tuple[int, ...], expected: str):
    assert program("cpu", dtype, kernel) == expected
    assert program("cuda", dtype, kernel) == program("tpu", dtype, kernel) == "lax"


FAMILY = [f"tracknet_{member}" for member in ("v1", "v2", "v2_wasb", "v3", "v4", "v5", "nano")]


def maps(config: TrackNetConfig, conv_impl: ConvImpl) -> np.ndarray:
    """Of random pictures, by random weights."""
    images = np.random.default_rng(1).integers(0, 256, (1, config.frames + 1, 32, 48, 3), np.uint8)
    model = TrackNet(config, conv_impl=conv_impl)
    output = jax.jit(model.apply, compiler_options=QUICK)(
        random_variables(config), images[:, 1:], images[:, 0]
    )
    return np.asarray(probability_maps(output.logits, config.head))


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch):
    """`auto` takes Winograd for however few channels, as narrow networks have."""
    monkeypatch.setattr(convolution, "MIN_CHANNELS", 1)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("name", FAMILY)
def test_networks_do_not_change_in_float32(name: str):
    config = narrow(name)
    np.testing.assert_allclose(maps(config, "auto"), maps(config, "lax"), atol=1e-4)


@pytest.mark.usefixtures("everywhere")
def test_a_bfloat16_network_stays_one():
    config = replace(narrow("tracknet_v2"), dtype="bfloat16")
    np.testing.assert_allclose(maps(config, "auto"), maps(config, "lax"), atol=0.03)


@pytest.mark.usefixtures("everywhere")
def test_auto_reaches_every_convolution():
    """All three 3x3 convolutions of V2 become Winograd's products."""
    config = narrow("tracknet_v2")
    frames = jax.ShapeDtypeStruct((1, 3, 32, 48, 3), "uint8")
    model = TrackNet(config, conv_impl="auto")
    program = jax.jit(model.apply).trace(random_variables(config), frames).lower(lowering_platforms=("cpu",))
    assert program.as_text().count("stablehlo.dot_general") == 3 * PRODUCTS
    assert program.as_text().count("stablehlo.convolution") == 1  # the head's, 1x1


@pytest.mark.usefixtures("everywhere")
def test_parameters_do_not_depend_on_it():
    config = narrow("tracknet_v5")
    frames = jax.ShapeDtypeStruct((1, 3, 32, 48, 3), "uint8")
    key = jax.eval_shape(jax.random.key, 0)
    given = jax.eval_shape(TrackNet(config, conv_impl="auto").init, key, frames)
    assert given == jax.eval_shape(lambda key: init_variables(config, key), key)
