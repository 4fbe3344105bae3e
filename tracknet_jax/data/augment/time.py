"""Time: which of the frames that were drawn make the window, and in what order."""

import jax
import jax.numpy as jnp

from tracknet_jax.data.augment.config import AugmentConfig


def frames_drawn(length: int, config: AugmentConfig) -> int:
    """How many frames in a row have to be drawn for a window of `length`."""
    return 2 * length - 1 if config.every_second else length


def choose_frames(key: jax.Array, length: int, config: AugmentConfig) -> jax.Array:
    """Indices (length,) into the `frames_drawn`: the frames of the window, in order."""
    stride_key, repeat_key, which_key, reverse_key = jax.random.split(key, 4)
    places = jnp.arange(length)
    second = jax.random.randint(which_key, (), 1, max(length, 2))  # the one that repeats its predecessor
    repeats = jax.random.bernoulli(repeat_key, config.repeat) & (places >= second)
    places = (places - repeats) * (1 + jax.random.bernoulli(stride_key, config.every_second))
    return jnp.where(jax.random.bernoulli(reverse_key, config.reverse), places[::-1], places)
