"""Light: random brightness, contrast and colour."""

from typing import Any

import jax
import jax.numpy as jnp

from tracknet_jax.data.augment.augment_config import AugmentConfig


def relight(key: jax.Array, frames: jax.Array, config: AugmentConfig) -> jax.Array:
    """Frames (L, H, W, 3) in [0, 1] with one random change of brightness, contrast and colour for all of them."""
    if config.brightness == config.contrast == config.colour == 0.0:
        return frames
    draw: Any = jax.random.uniform(key, (5,), minval=-1.0, maxval=1.0)
    gain = (1.0 + config.contrast * draw[0]) * (1.0 + config.colour * draw[2:])
    mean = frames.mean(axis=(0, 1, 2))
    return jnp.clip((frames - mean) * gain + mean + config.brightness * draw[1], 0.0, 1.0)
