import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers.reference import load_golden
from tracknet_jax.models.motion import (
    MotionAttention,
    fuse,
    interleave,
    luminance_differences,
    polarity,
    power_normalisation,
)

PN = MotionAttention(alpha=0.2, beta=0.15)  # V5's start values


def frames_of(planes: np.ndarray) -> np.ndarray:
    """(B, 9, H, W) planes, frame-major, as (B, 3, H, W, 3)."""
    b, _, h, w = planes.shape
    return planes.reshape(b, 3, 3, h, w).transpose(0, 1, 3, 4, 2)


def scalars(alpha: float, beta: float) -> dict:
    return {"params": {"alpha": jnp.float32(alpha), "beta": jnp.float32(beta)}}


@pytest.mark.parametrize("case", range(5))
def test_reference_maps(case: int):
    golden, _ = load_golden("functions")
    alpha, beta = golden["ab"][case]
    frames = frames_of(golden["x"])
    differences = luminance_differences(frames)
    prompt = PN.apply(scalars(alpha, beta), differences)
    np.testing.assert_allclose(prompt, golden["v5repo_v4"][case], atol=1e-5)
    mdd = PN.apply(scalars(alpha, beta), polarity(differences))
    np.testing.assert_allclose(mdd.reshape(2, 4, 8, 10), golden["v5repo_mdd"][case], atol=1e-5)
    differences = 0.225 * luminance_differences(frames_of(golden["keras_x"]))
    official = PN.clone(eps=0.1).apply(scalars(*golden["keras_ab"][case]), differences)
    np.testing.assert_allclose(official, golden["keras_official_v4"][case], atol=1e-5)


@pytest.mark.parametrize("case", range(5))
def test_reference_gradients_of_the_scalars(case: int):
    golden, _ = load_golden("functions")
    variables = scalars(*golden["ab"][case])
    fields = polarity(luminance_differences(frames_of(golden["x"])))
    grads = jax.grad(lambda v: PN.apply(v, fields).sum())(variables)["params"]
    expected = golden["v5repo_mdd_grad_ab_of_sum"][case]
    np.testing.assert_allclose([grads["alpha"], grads["beta"]], expected, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize(("alpha", "beta"), [(0.02, 0.5), (0.01, 0.3), (1e-4, 1.0)])
def test_gradients_stay_finite_where_exp_overflows(alpha: float, beta: float):
    """k m > 88 here: written with exp, float32 gives NaN."""
    x = jnp.linspace(0, 1, 11)
    slopes = jax.grad(lambda a, b: power_normalisation(x, a, b, 1e-6).sum(), argnums=(0, 1))(alpha, beta)
    assert np.isfinite(slopes).all()


def test_polarity_tells_arrival_from_departure():
    """A bright dot moving right: brightening where it arrives, darkening where it was."""
    frames = jnp.zeros((1, 2, 3, 5, 3)).at[0, 0, 1, 1].set(1.0).at[0, 1, 1, 3].set(1.0)
    differences = luminance_differences(frames)
    maps, _ = PN.init_with_output(jax.random.key(0), polarity(differences))
    brightening, darkening = maps[0, 0]
    assert np.argmax(brightening) == 1 * 5 + 3
    assert np.argmax(darkening) == 1 * 5 + 1
    still = 1 / (1 + np.exp(56.294 * 0.08933))  # sigma(-k m) at the start values of the paper's code
    assert float(brightening[0, 0]) == pytest.approx(still, rel=1e-3)


def test_interleave_is_equation_4():
    frames = jnp.arange(3.0)[None, :, None, None, None] * jnp.ones((1, 3, 2, 2, 3))
    maps = 10.0 + jnp.arange(4.0).reshape(1, 2, 2, 1, 1) * jnp.ones((1, 2, 2, 2, 2))
    assert interleave(frames, maps)[0, 0, 0].tolist() == [0, 0, 0, 10, 11, 1, 1, 1, 12, 13, 2, 2, 2]


@pytest.mark.parametrize(
    ("fusion", "expected"), [("eq4", [1, 2, 3]), ("mean", [2.5, 2.5, 2.5]), ("type_b", [2, 2.5, 3])]
)
def test_fusion_rules(fusion: str, expected: list[float]):
    maps = jnp.array([2.0, 3.0]).reshape(1, 2, 1, 1)
    assert fuse(jnp.ones((1, 3, 1, 1)), maps, fusion).ravel().tolist() == expected
