"""Gamma, blur and JPEG against NumPy's power, SciPy's filter and SciPy's cosine transform."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.fft import dctn, idctn
from scipy.ndimage import gaussian_filter1d

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.data.augment.blur import blur, gaussian_blur
from tracknet_jax.data.augment.jpeg import CHROMINANCE, LUMINANCE, compress, quantise
from tracknet_jax.data.augment.light import relight

FRAMES = np.random.default_rng(0).random((2, 20, 28, 3)).astype(np.float32)


def test_gamma_is_a_power_of_every_value():
    out = np.asarray(relight(jax.random.key(3), FRAMES, AugmentConfig(gamma=0.5)))
    exponents = np.log(out) / np.log(FRAMES)
    exponent = np.median(exponents)
    assert np.exp(-0.5) < exponent < np.exp(0.5)
    assert abs(exponent - 1) > 0.01
    np.testing.assert_allclose(out, FRAMES**exponent, atol=1e-5)


@pytest.mark.parametrize("sigma", [0.6, 1.3])
def test_the_blur_is_a_gaussian(sigma):
    out = gaussian_blur(jnp.asarray(FRAMES), jnp.float32(sigma), reach=4)
    expected = FRAMES
    for axis in (1, 2):
        expected = gaussian_filter1d(expected, sigma, axis=axis, mode="nearest", radius=4)
    np.testing.assert_allclose(out, expected, atol=1e-5)


def test_no_sigma_no_blur():
    np.testing.assert_allclose(gaussian_blur(jnp.asarray(FRAMES), jnp.float32(0), reach=3), FRAMES, atol=1e-6)
    assert np.abs(np.asarray(blur(jax.random.key(0), jnp.asarray(FRAMES), 1.2)) - FRAMES).max() > 0.01


@pytest.mark.parametrize(("quality", "factor"), [(25.0, 2.0), (50.0, 1.0), (80.0, 0.4)])
def test_jpeg_rounds_the_cosine_transform_of_blocks(quality, factor):
    frames = FRAMES[:, :16, :24]
    out = np.asarray(quantise(jnp.asarray(frames), jnp.float32(quality)))
    r, g, b = np.moveaxis(frames.astype(np.float64) * 255, -1, 0)
    grey = 0.299 * r + 0.587 * g + 0.114 * b
    planes = [grey - 128, (b - grey) / 1.772, (r - grey) / 1.402]
    for plane, table in zip(planes, (LUMINANCE, CHROMINANCE, CHROMINANCE), strict=True):
        steps = np.maximum(np.array(table) * factor, 1)
        for n, y, x in np.ndindex(2, 2, 3):
            block = plane[n, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8]
            block[:] = idctn(np.round(dctn(block, norm="ortho") / steps) * steps, norm="ortho")
    grey, blue, red = planes[0] + 128, planes[1], planes[2]
    expected = np.stack([grey + 1.402 * red, np.zeros_like(grey), grey + 1.772 * blue], -1)
    expected[..., 1] = (grey - 0.299 * expected[..., 0] - 0.114 * expected[..., 2]) / 0.587
    difference = np.abs(out - np.clip(expected / 255, 0, 1))
    assert np.quantile(difference, 0.98) < 2e-4  # a coefficient halfway between two steps may fall to either
    assert np.abs(out - frames).max() > 0.02


def test_jpeg_takes_any_size_and_leaves_the_others_alone():
    out = compress(jax.random.key(0), jnp.asarray(FRAMES), 1.0)
    assert out.shape == FRAMES.shape
    assert np.abs(np.asarray(out) - FRAMES).max() > 0.01
    np.testing.assert_array_equal(compress(jax.random.key(0), jnp.asarray(FRAMES), 0.0), FRAMES)
