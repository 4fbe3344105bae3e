"""Light: brightness, contrast and colour about the window's mean, then the exponent."""

from typing import Any

import jax
import jax.numpy as jnp

from tracknet_jax.data.augment.config import AugmentConfig


def relight(key: jax.Array, frames: jax.Array, config: AugmentConfig) -> jax.Array:
    """Frames (L, H, W, 3) in [0, 1] under another light, all of them under the same."""
    linear_key, gamma_key = jax.random.split(key)
    if config.brightness or config.contrast or config.colour:
        draw: Any = jax.random.uniform(linear_key, (5,), minval=-1.0, maxval=1.0)
        gain = (1.0 + config.contrast * draw[0]) * (1.0 + config.colour * draw[2:])
        mean = frames.mean(axis=(0, 1, 2))
        frames = jnp.clip((frames - mean) * gain + mean + config.brightness * draw[1], 0.0, 1.0)
    if config.gamma:
        exponent = jnp.exp(jax.random.uniform(gamma_key, (), minval=-config.gamma, maxval=config.gamma))
        frames = frames**exponent
    return frames
