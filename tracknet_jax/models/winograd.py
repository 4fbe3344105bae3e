"""Winograd's algorithm for 3x3 convolutions, on a CPU faster than XLA's own where channels are many."""

from collections.abc import Sequence
from functools import reduce
from operator import add

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

# F(4x4, 3x3), interpolated at 0, +-1, +-2 and infinity: A. Lavin and S. Gray, "Fast Algorithms for Convolutional
# Neural Networks", 2016, section 4.2: Y = A^T [(G g G^T) * (B^T d B)] A.
TILE = 4
INPUT_TRANSFORM = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
KERNEL_TRANSFORM = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
OUTPUT_TRANSFORM = (
    (1, 1, 1, 1, 1, 0),
    (0, 1, -1, 2, -2, 0),
    (0, 1, 1, 4, 4, 0),
    (0, 1, -1, 8, -8, 1),
)


def winograd(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Winograd's F(4x4, 3x3): 36 products a 4x4 tile of outputs instead of 144; always in float32.

    In bfloat16 its results would be 6 to 8 % off, so inputs and kernel are converted first, the results back.
    """
    b, h, w, channels = x.shape
    rows, columns = -(-h // TILE), -(-w // TILE)  # of tiles
    padding = ((0, 0), (1, rows * TILE - h + 1), (1, columns * TILE - w + 1), (0, 0))
    padded = jnp.pad(x.astype(jnp.float32), padding)
    tile_rows = [_every_tile(padded, i, rows, axis=1) for i in range(TILE + 2)]
    pixels = [_columns(row, columns) for row in _combine(INPUT_TRANSFORM, tile_rows)]
    inputs = [tile.reshape(-1, channels) for row in pixels for tile in _combine(INPUT_TRANSFORM, row)]

    taps = list(kernel.astype(jnp.float32))
    weights = [u for row in _combine(KERNEL_TRANSFORM, taps) for u in _combine(KERNEL_TRANSFORM, list(row))]

    # The barrier keeps XLA from fusing the transform into each of its 36 readers.
    inputs = lax.optimization_barrier(inputs)
    products = jnp.stack([lax.dot(v, u) for v, u in zip(inputs, weights, strict=True)])

    # A^T [.] A of all tiles as one matrix product: half the time of sums that are written tile by tile.
    transform = np.kron(OUTPUT_TRANSFORM, OUTPUT_TRANSFORM).astype(np.float32)
    tiles = jnp.matmul(transform, products.reshape(len(inputs), -1))
    tiles = tiles.reshape(TILE, TILE, b, rows, columns, -1).transpose(2, 3, 0, 4, 1, 5)
    image = tiles.reshape(b, rows * TILE, columns * TILE, -1)
    return image[:, :h, :w].astype(x.dtype)


def _columns(row: jax.Array, columns: int) -> list[jax.Array]:
    return [_every_tile(row, j, columns, axis=2) for j in range(TILE + 2)]


def _every_tile(x: jax.Array, offset: int, count: int, axis: int) -> jax.Array:
    """Row or column `offset` of each of `count` tiles."""
    return lax.slice_in_dim(x, offset, offset + (count - 1) * TILE + 1, TILE, axis)


def _combine(matrix: Sequence[Sequence[float]], parts: Sequence[jax.Array]) -> list[jax.Array]:
    """The matrix times the vector of arrays; zeros cost nothing."""
    sums = []
    for row in matrix:
        terms = [factor * part for factor, part in zip(row, parts, strict=True) if factor]
        sums.append(reduce(add, terms))
    return sums
