"""A rendered ball that flies through a window without a ball."""

import jax
import jax.numpy as jnp

from tracknet_jax.data.augment.augment_config import Batch

MARGIN = 8.0  # pixels outside of the picture from which on a ball does not show in it
RADIUS = (0.8, 2.2)  # pixels
FASTEST = 18.0  # pixels a frame
BEND = 1.0  # largest acceleration, in pixels a frame and frame
DARKEST = 0.55  # lowest value of a ball's colour channels
EXPOSURE = 0.7  # longest share of a frame's time for which the shutter is open


def paste_ball(key: jax.Array, window: Batch, probability: float) -> Batch:
    """The window (frames in [0, 1]), with this probability with a ball, if all its labels say that it shows none.

    The ball flies on a parabola. Each frame shows the disc swept along the path while the shutter is open, the fainter
    the longer the sweep; the label is the middle of the sweep.
    """
    frames, xy, visibility = window["frames"], window["xy"], window["visibility"]
    length, height, width = frames.shape[:3]
    choice_key, path_key, look_key = jax.random.split(key, 3)
    path, speed = _path(path_key, length, height, width)
    look = jax.random.uniform(look_key, (5,))
    radius = RADIUS[0] + look[0] * (RADIUS[1] - RADIUS[0])
    sweep = speed * look[1] * EXPOSURE
    colour = DARKEST + look[2:] * (1.0 - DARKEST)
    cover = jax.vmap(lambda p, v: swept_disc(p, v, radius, height, width))(path, sweep)
    pasted = frames + cover[..., None] * (colour - frames)

    size = jnp.array([width, height])
    outside = ((xy < -MARGIN) | (xy > size - 1 + MARGIN)).any(-1)  # False for NaN
    empty = ((visibility == 0) | (outside & (visibility <= 3))).all()
    inside = ((path > -0.5) & (path < size - 0.5)).all(-1)
    use = empty & jax.random.bernoulli(choice_key, probability)
    return {
        **window,
        "frames": jnp.where(use, pasted, frames),
        "xy": jnp.where(use, jnp.where(inside[:, None], path, jnp.nan), xy),
        "visibility": jnp.where(use, inside.astype(visibility.dtype), visibility),
    }


def _path(key: jax.Array, length: int, height: int, width: int) -> tuple[jax.Array, jax.Array]:
    """Positions and speeds (L, 2) in pixels of a ball that is in the picture in the middle of the window."""
    place_key, angle_key, speed_key, bend_key = jax.random.split(key, 4)
    time = jnp.arange(length)[:, None] - (length - 1) / 2
    middle = jax.random.uniform(place_key, (2,)) * jnp.array([width - 1, height - 1])
    angle = jax.random.uniform(angle_key, maxval=2 * jnp.pi)
    speed = jax.random.uniform(speed_key, maxval=FASTEST) * jnp.stack([jnp.cos(angle), jnp.sin(angle)])
    bend = jax.random.uniform(bend_key, (2,), minval=-BEND, maxval=BEND)
    return middle + speed * time + bend * time**2 / 2, speed + bend * time


def swept_disc(centre: jax.Array, sweep: jax.Array, radius: jax.Array, height: int, width: int) -> jax.Array:
    """The share of light (H, W) in each pixel from a disc that moves by `sweep (2,)`, half-way at `centre (2,)`."""
    x = jnp.arange(width, dtype=jnp.float32)[None, :] - centre[0]
    y = jnp.arange(height, dtype=jnp.float32)[:, None] - centre[1]
    squared = jnp.maximum((sweep**2).sum(), 1e-6)
    along = jnp.clip((x * sweep[0] + y * sweep[1]) / squared, -0.5, 0.5)
    distance = jnp.hypot(x - along * sweep[0], y - along * sweep[1])
    # The disc's area divided by the sweep's, so that the light is that of the disc at rest.
    share = jnp.pi * radius / (jnp.pi * radius + 2 * jnp.sqrt(squared))
    return share * jnp.clip(radius + 0.5 - distance, 0.0, 1.0)
