"""The augmentation of a window from its key: place, pasted ball, light, compression; labels follow.

A batch is `{"frames": (B, L, H, W, 3) uint8, "xy": (B, L, 2), "visibility": (B, L)}`, with
`"background": (B, H, W, 3)` for networks that take one. All frames of a window and their background get the same
change: one that differs between frames would look like motion everywhere.
"""

import jax
import jax.numpy as jnp

from tracknet_jax.data.augment.augment_config import AugmentConfig, Batch
from tracknet_jax.data.augment.jpeg import compress
from tracknet_jax.data.augment.light import relight
from tracknet_jax.data.augment.paste import paste_ball
from tracknet_jax.data.augment.place import resample


def augment(keys: jax.Array, batch: Batch, config: AugmentConfig) -> Batch:
    """The augmented batch: frames of the crop's size, float32 in [0, 1], and labels in their pixels.

    There is one key a window, `keys (B,)`, so that the result does not depend on the device that holds a window.
    """
    return jax.vmap(lambda key, window: _augment_window(key, window, config))(keys, batch)


def _augment_window(key: jax.Array, window: Batch, config: AugmentConfig) -> Batch:
    place_key, light_key, paste_key, jpeg_key = jax.random.split(key, 4)
    window = _with_pictures(window, *resample(place_key, _pictures(window), window["xy"], config))
    if config.paste:
        window = paste_ball(paste_key, window, config.paste)
    pictures = relight(light_key, _pictures(window), config)
    if config.jpeg:
        pictures = compress(jpeg_key, pictures, config.jpeg)
    return _with_pictures(window, pictures, window["xy"])


def _pictures(window: Batch) -> jax.Array:
    """The frames and, as a last one, the background if there is one."""
    if "background" not in window:
        return window["frames"]
    return jnp.concatenate([window["frames"], window["background"][None]])


def _with_pictures(window: Batch, pictures: jax.Array, xy: jax.Array) -> Batch:
    """The window with these `_pictures` and positions."""
    if "background" not in window:
        return {**window, "frames": pictures, "xy": xy}
    return {**window, "frames": pictures[:-1], "background": pictures[-1], "xy": xy}
