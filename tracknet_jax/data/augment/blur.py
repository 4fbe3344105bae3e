"""Blur: a Gaussian, as a lens out of focus or a scaler makes it."""

import math

import jax
import jax.numpy as jnp


def blur(key: jax.Array, frames: jax.Array, largest: float) -> jax.Array:
    """Frames (L, H, W, 3) blurred by one Gaussian, its sigma drawn from [0, `largest`] pixels."""
    return gaussian_blur(frames, largest * jax.random.uniform(key), reach=math.ceil(3 * largest))


def gaussian_blur(frames: jax.Array, sigma: jax.Array, reach: int) -> jax.Array:
    """Separable Gaussian of `sigma` () pixels, cut off `reach` pixels from its centre, the border repeated."""
    offsets = jnp.arange(-reach, reach + 1)
    weights = jnp.exp(-(offsets**2) / (2.0 * jnp.maximum(sigma, 1e-3) ** 2))
    weights = weights / weights.sum()
    for axis in (1, 2):
        size = frames.shape[axis]
        padded = jnp.pad(frames, [(reach, reach) if i == axis else (0, 0) for i in range(4)], mode="edge")
        shifted = (jax.lax.slice_in_dim(padded, k, k + size, axis=axis) for k in range(2 * reach + 1))
        frames = sum((w * x for w, x in zip(weights, shifted, strict=True)), jnp.zeros_like(frames))
    return frames
