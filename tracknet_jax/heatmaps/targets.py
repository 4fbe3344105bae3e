"""Training targets drawn from ball coordinates, on the device.

Coordinates `xy (..., 2)` are in pixels of the map, centres at whole numbers; NaN draws nothing.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

# V1 and V5 draw floor(255 exp(-d^2 / (2 * 10))) at source resolution; it is at least 1 where d^2 <= 20 ln 255.
GAUSSIAN_VARIANCE = 10.0
V5_RADIUS = (2 * GAUSSIAN_VARIANCE * 5.541263545158426) ** 0.5  # 10.53 source pixels, sqrt(20 ln 255)


def squared_distance(xy: jax.Array, height: int, width: int, aspect: float = 1.0) -> jax.Array:
    """(x - cx)^2 + (aspect (y - cy))^2 of every pixel, `(..., H, W)`; infinite where there is no ball."""
    dx = jnp.arange(width, dtype=jnp.float32) - xy[..., 0, None]
    dy = (jnp.arange(height, dtype=jnp.float32) - xy[..., 1, None]) * aspect
    distance = jnp.square(dx)[..., None, :] + jnp.square(dy)[..., :, None]
    return jnp.where(jnp.isnan(distance), jnp.inf, distance)


def disc_targets(xy: jax.Array, height: int, width: int, radius: float = 2.5) -> jax.Array:
    """1 within `radius` pixels of the ball, else 0, `(..., H, W)` float32 (V2's target; V2 to V4 use 2.5)."""
    return (squared_distance(xy, height, width) <= radius**2).astype(jnp.float32)


def v5_targets(
    xy: jax.Array, height: int, width: int, source_width: int = 1280, source_height: int = 720
) -> jax.Array:
    """V5's Gaussian-guided binary mask (eq. 5): the support of V1's grey Gaussian, drawn at source resolution.

    The mask is a disc of 10.53 source pixels around the source position, sampled at the source position of each
    map pixel; `(..., H, W)` float32.
    """
    x_scale, y_scale = source_width / width, source_height / height
    distance = squared_distance(xy, height, width, aspect=y_scale / x_scale) * x_scale**2
    return (distance <= V5_RADIUS**2).astype(jnp.float32)


def gaussian_targets(xy: jax.Array, height: int, width: int, sigma: float = 2.5) -> jax.Array:
    """exp(-d^2 / (2 sigma^2)), `(..., H, W)` float32."""
    return jnp.exp(-squared_distance(xy, height, width) / (2 * sigma**2))


def gaussian_class_map(xy: jax.Array, height: int, width: int, scale: float = 2.0) -> jax.Array:
    """V1's class ids 0..255, `(..., H, W)` int32: the grey levels floor(255 exp(-d^2 / 20)), d in source pixels.

    `scale` is source pixels a map pixel (1280 / 640 in the paper). The reference pastes the Gaussian at source
    resolution and shrinks the picture, so a class is the mean, rounded, of the grey levels of the source pixels
    in a map pixel. Equal to the reference's where the ball lies on a whole source pixel.
    """
    across = max(round(scale), 1)
    offsets = (np.arange(across) + 0.5) / across - 0.5
    total = jnp.zeros((*xy.shape[:-1], height, width))
    for offset in itertools.product(offsets, repeat=2):
        distance = squared_distance(xy - np.array(offset, np.float32), height, width) * scale**2
        total += jnp.floor(255.0 * jnp.exp(-distance / (2 * GAUSSIAN_VARIANCE)))
    return jnp.floor(total / across**2 + 0.5).astype(jnp.int32)
