"""MDD's input at reduced resolution, folded before it is assembled: the channels of eq. 4 in another order.

`space_to_depth(interleave(frames, maps))` says the same, but works on axes of 2, 3 and 23 numbers, which is slow
on a CPU. Here frames are folded as they come, uint8, and what follows has longer minor axes.
"""

import jax
import jax.numpy as jnp
import numpy as np

from tracknet_jax.models.motion import BT601


def fold_frames(frames: jax.Array, block: int) -> jax.Array:
    """Time and `block x block` pixels into channels: `(B, L, H, W, 3) -> (B, H/b, W/b, L b b 3)`."""
    b, t, h, w, c = frames.shape
    x = frames.reshape(b, t, h // block, block, w // block, block * c).transpose(0, 2, 4, 1, 3, 5)
    # Without the barrier XLA fuses the transposition into every reader and does it again for each.
    return jax.lax.optimization_barrier(x).reshape(b, h // block, w // block, -1)


def folded_differences(folded: jax.Array, frames: int, block: int) -> jax.Array:
    """`motion.luminance_differences` of folded frames: `(B, h, w, L b b 3) -> (B, h, w, (L - 1) b b)`.

    One matrix product a pixel, at full precision: the slope of the power normalisation is steep.
    """
    luminance = np.kron(np.eye(block**2), np.array(BT601)[:, None])
    step = np.eye(frames, frames - 1, k=-1) - np.eye(frames, frames - 1)  # the next frame less this one
    weights = jnp.asarray(np.kron(step, luminance), jnp.float32)
    return jnp.matmul(folded, weights, precision=jax.lax.Precision.HIGHEST)


def unfold_maps(maps: jax.Array, frames: int, block: int) -> jax.Array:
    """Folded maps of both signs as pictures: `(B, h, w, 2, (L - 1) b b) -> (B, L - 1, 2, H, W)`."""
    b, h, w = maps.shape[:3]
    maps = maps.reshape(b, h, w, 2, frames - 1, block, block).transpose(0, 4, 3, 1, 5, 2, 6)
    return maps.reshape(b, frames - 1, 2, h * block, w * block)


def assemble(folded: jax.Array, maps: jax.Array) -> jax.Array:
    """Frames, then brightening, then darkening: `(B, h, w, L b b 3)` and `(B, h, w, 2, (L - 1) b b)` joined."""
    return jnp.concatenate([folded, maps.reshape(*maps.shape[:3], -1)], axis=-1)


def input_order(frames: int, block: int) -> tuple[int, ...]:
    """Where `space_to_depth(interleave(frames, maps))` has each channel of `assemble`."""
    pixels = range(block**2)
    a_pixel = 5 * frames - 2  # channels of eq. 4: R, G, B of a frame, then the two maps to the next one
    colours = [pixel * a_pixel + 5 * t + c for t in range(frames) for pixel in pixels for c in range(3)]
    maps = [pixel * a_pixel + 5 * t + 3 + s for s in range(2) for t in range(frames - 1) for pixel in pixels]
    return (*colours, *maps)
