"""Frames divided over devices: each holds a part of the rows, and gets the windows of its own keys from all parts."""

import jax
import jax.numpy as jnp
import numpy as np


def part_of(rows: np.ndarray, part: int, parts: int) -> np.ndarray:
    """Part number `part` of `parts` equal ones of `rows (N, ...)`, zeros behind the last row; no copy of a full one."""
    size = -(-len(rows) // parts)
    piece = rows[part * size : (part + 1) * size]
    if len(piece) == size:
        return piece
    return np.concatenate([piece, np.zeros((size - len(piece), *rows.shape[1:]), rows.dtype)])


def take_divided(part: jax.Array, starts: jax.Array, length: int, *, axis_name: str, parts: int) -> jax.Array:
    """`take_windows` of rows that lie on `parts` neighbouring devices of `axis_name`: `(B, length, ...)` uint8.

    Each group of so many devices holds all rows. `part` is this device's piece, `starts (B,)` are those of its own
    windows. Every device of a group reads what it has of all windows of the group, and a reduce-scatter brings each
    window together where it is wanted: as a sum in which one term is not zero, so exactly. What a device sends is
    at most the uint8 windows of the group, however many groups there are.
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
