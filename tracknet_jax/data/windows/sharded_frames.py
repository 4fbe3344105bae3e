"""Frames sharded over devices: each holds a part of the rows, and gets the windows of its own keys from all parts."""

import jax
import jax.numpy as jnp
import numpy as np


def part_of(rows: np.ndarray, part: int, parts: int) -> np.ndarray:
    """Part number `part` of `rows (N, ...)` in `parts` equal ones, zeros after the last row; full ones are views."""
    size = -(-len(rows) // parts)
    piece = rows[part * size : (part + 1) * size]
    if len(piece) == size:
        return piece
    return np.concatenate([piece, np.zeros((size - len(piece), *rows.shape[1:]), rows.dtype)])


def take_sharded(part: jax.Array, starts: jax.Array, length: int, *, axis_name: str, parts: int) -> jax.Array:
    """`take_windows` of rows that lie on `parts` neighbouring devices of `axis_name`: `(B, length, ...)` uint8.

    Each group of `parts` devices holds all rows. `part` is this device's piece, `starts (B,)` belong to its own
    windows. Every device of a group reads what it has of all windows of the group. A reduce-scatter then adds the
    pieces of each window on the device that wants it; at most one term of each sum is not zero, so it is exact. A
    device sends at most the uint8 windows of its group, however many groups there are.
    """
    devices = jax.lax.axis_size(axis_name)
    groups = np.arange(devices).reshape(-1, parts).tolist()
    starts = jax.lax.all_gather(starts, axis_name, axis_index_groups=groups, tiled=True)
    first = jax.lax.axis_index(axis_name) % parts * part.shape[0]
    rows = starts[:, None] + jnp.arange(length) - first
    mine = (rows >= 0) & (rows < part.shape[0])
    found = part.at[rows].get(mode="clip")
    found = jnp.where(mine.reshape(*mine.shape, *[1] * (part.ndim - 1)), found, 0)
    return jax.lax.psum_scatter(found, axis_name, tiled=True, axis_index_groups=groups)
