"""JPEG's quantisation: the cosine transform of 8x8 blocks, rounded to steps (ITU-T T.81, tables of annex K)."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.fft import dct

BLOCK = 8
LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
TABLES = np.stack([LUMINANCE, CHROMINANCE, CHROMINANCE], axis=-1).astype(np.float32)  # (8, 8, 3)
WORST, BEST = 20.0, 90.0  # qualities
# From RGB to luminance and two colour differences (ITU-T T.871), without their offset, which changes nothing here.
YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
COSINES = dct(np.eye(BLOCK), axis=0, norm="ortho").astype(np.float32)


def compress(key: jax.Array, frames: jax.Array, probability: float) -> jax.Array:
    """Frames (L, H, W, 3) in [0, 1], with this probability quantised at a random quality."""
    choice_key, quality_key = jax.random.split(key)
    quality = jax.random.uniform(quality_key, minval=WORST, maxval=BEST)
    return jnp.where(jax.random.bernoulli(choice_key, probability), quantise(frames, quality), frames)


def quantise(frames: jax.Array, quality: jax.Array) -> jax.Array:
    """Frames (L, H, W, 3) in [0, 1] after JPEG of `quality` (), without chroma subsampling.

    The steps are libjpeg's: the tables times 50 / quality, from quality 50 on times 2 - quality / 50, at least 1.
    """
    count, height, width, _ = frames.shape
    pad = [(0, 0), (0, -height % BLOCK), (0, -width % BLOCK), (0, 0)]
    colours = jnp.pad(frames, pad, mode="edge") * 255.0 @ YCC.T - jnp.array([128.0, 0.0, 0.0])
    rows, columns = colours.shape[1] // BLOCK, colours.shape[2] // BLOCK
    blocks = colours.reshape(count, rows, BLOCK, columns, BLOCK, 3)
    steps = jnp.maximum(TABLES * jnp.where(quality < 50, 50 / quality, 2 - quality / 50), 1.0)[:, None]
    spectrum = jnp.einsum("ui,nricjk,vj->nrucvk", COSINES, blocks, COSINES)
    spectrum = jnp.round(spectrum / steps) * steps
    blocks = jnp.einsum("ui,nrucvk,vj->nricjk", COSINES, spectrum, COSINES)
    colours = blocks.reshape(colours.shape)[:, :height, :width] + jnp.array([128.0, 0.0, 0.0])
    return jnp.clip(colours @ np.linalg.inv(YCC).T.astype(np.float32) / 255.0, 0.0, 1.0)
