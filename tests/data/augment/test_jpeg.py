"""JPEG's quantisation against SciPy's cosine transform."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.fft import dctn, idctn

from tracknet_jax.data.augment.jpeg import CHROMINANCE, LUMINANCE, compress, quantise

quantise, compress = jax.jit(quantise), jax.jit(compress)
FRAMES = np.random.default_rng(0).random((2, 20, 28, 3)).astype(np.float32)


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
