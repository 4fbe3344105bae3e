"""Place: random crop, scale, shift and flip of frames and labels."""

import jax
import jax.numpy as jnp

from tracknet_jax.data.augment.augment_config import AugmentConfig


def resample(
    key: jax.Array, frames: jax.Array, xy: jax.Array, config: AugmentConfig
) -> tuple[jax.Array, jax.Array]:
    """Cuts a rectangle of `crop / scale` pixels from frames (L, H, W, 3) uint8, resizes it to `crop`, may mirror it.

    Output pixel i lies at source position origin + (i + 0.5) / scale - 0.5, as pixel centres are whole numbers.

    Returns:
        Frames of the crop's size, float32 in [0, 1], and `xy` (L, 2) in their pixels.
    """
    if config.crop is None and config.scale == (1.0, 1.0) and config.shift == config.flip == 0.0:
        return frames.astype(jnp.float32) / 255.0, xy
    size = jnp.array(frames.shape[1:3], jnp.float32)
    height, width = config.crop or frames.shape[1:3]
    scale_key, origin_key, flip_key = jax.random.split(key, 3)
    low, high = config.scale
    scale = jnp.exp(jax.random.uniform(scale_key, (), minval=jnp.log(low), maxval=jnp.log(high)))
    origin = _draw_origin(origin_key, size, jnp.array([height, width]) / scale, xy, config)
    flip = jax.random.bernoulli(flip_key, config.flip)

    columns = jnp.arange(width)
    columns = jnp.where(flip, columns[::-1], columns)
    frames = _interpolate(frames, origin[0] + (jnp.arange(height) + 0.5) / scale - 0.5, axis=1)
    frames = _interpolate(frames, origin[1] + (columns + 0.5) / scale - 0.5, axis=2)
    # Without the barrier XLA fuses the gathers into each reader of the frames and repeats them there.
    frames = jax.lax.optimization_barrier(frames / 255.0)
    xy = (xy - origin[::-1] + 0.5) * scale - 0.5
    return frames, jnp.where(flip, xy.at[:, 0].set(width - 1 - xy[:, 0]), xy)


def _draw_origin(
    key: jax.Array, size: jax.Array, extent: jax.Array, xy: jax.Array, config: AugmentConfig
) -> jax.Array:
    """The top left corner (row, column) of the source rectangle: around a ball, or anywhere and shifted."""
    choose_key, frame_key, place_key, shift_key = jax.random.split(key, 4)
    free = jax.random.uniform(place_key, (2,))
    anywhere = free * jnp.maximum(size - extent, 0.0) + jnp.minimum(size - extent, 0.0) / 2
    located = jnp.isfinite(xy).all(-1)
    which = jax.random.categorical(frame_key, jnp.where(located, 0.0, -jnp.inf))
    ball = xy[which, ::-1]
    around = jnp.clip(
        ball + 0.5 - free * extent, jnp.minimum(0.0, size - extent), jnp.maximum(0.0, size - extent)
    )
    use_ball = jax.random.bernoulli(choose_key, config.ball_crop) & located.any()
    shift = jax.random.uniform(shift_key, (2,), minval=-config.shift, maxval=config.shift) * size
    return jnp.where(use_ball, around, anywhere + shift)


def _interpolate(frames: jax.Array, position: jax.Array, axis: int) -> jax.Array:
    """Frames interpolated linearly at `position` along `axis`, the border repeated; float32 in 0 ... 255."""
    last = frames.shape[axis] - 1
    position = jnp.clip(position, 0.0, last)
    lower = jnp.floor(position).astype(jnp.int32)
    weight = (position - lower).reshape([-1 if i == axis else 1 for i in range(frames.ndim)])
    below = jnp.take(frames, lower, axis=axis).astype(jnp.float32)
    above = jnp.take(frames, jnp.minimum(lower + 1, last), axis=axis).astype(jnp.float32)
    return below + weight * (above - below)
