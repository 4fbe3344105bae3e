"""Time: which of the frames that were drawn make the window."""

import jax
import jax.numpy as jnp

from tracknet_jax.data.augment.config import AugmentConfig


def frames_drawn(length: int, config: AugmentConfig) -> int:
    """How many frames in a row have to be drawn for a window of `length`."""
    if config.every_second:
        return 2 * length - 1
    return length + 1 if config.drop else length


def choose_frames(key: jax.Array, length: int, config: AugmentConfig) -> jax.Array:
    """Indices (length,) into the `frames_drawn`: the frames of the window, in order."""
    stride_key, drop_key, which_key = jax.random.split(key, 3)
    places = jnp.arange(length)
    missing = jax.random.randint(which_key, (), 1, max(length, 2))
    stride = 1 + jax.random.bernoulli(stride_key, config.every_second)
    dropped = jax.random.bernoulli(drop_key, config.drop) & (stride == 1) & (places >= missing)
    return stride * places + dropped
