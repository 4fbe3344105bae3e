"""How a convolution is computed: XLA's own, Winograd's algorithm, or at half resolution where its input was doubled.

The choice is one of execution, not of the network: parameters and results are the same, but for rounding.
"""

from collections.abc import Sequence
from functools import partial, reduce
from operator import add
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

ConvImpl = Literal["lax", "auto"]

MIN_CHANNELS = 128  # in and out: from here on Winograd is faster than XLA on a CPU, docs/convolutions.md

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


class Doubled(NamedTuple):
    """What some channels of an input were before each pixel was repeated 2x2 times.

    Attributes:
        image: `(B, H/2, W/2, D)`.
        last: whether they are the input's last D channels; else the first.
    """

    image: jax.Array
    last: bool


def convolve(
    x: jax.Array, kernel: jax.Array, implementation: ConvImpl, doubled: Doubled | None = None
) -> jax.Array:
    """Same-padded convolution, `(B, H, W, C)` with `(k, k, C, N)`, k odd, to `(B, H, W, N)` in the dtype of `x`.

    `lax` is XLA's own. `auto` too, but for 3x3 kernels on a CPU, where `winograd` is faster with many channels, and
    what is `doubled` takes less than half of the products.
    """
    if implementation == "auto" and kernel.shape[0] == 3:
        on_cpu = _cpu_convolution if doubled is None else partial(_joined_convolution, doubled)
        return lax.platform_dependent(x, kernel, cpu=on_cpu, default=lax_convolution)
    return lax_convolution(x, kernel)


def _cpu_convolution(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return (winograd if min(kernel.shape[2:]) >= MIN_CHANNELS else lax_convolution)(x, kernel)


def _joined_convolution(doubled: Doubled, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Of an input with doubled channels: those of its two parts, added up."""
    depth, channels = doubled.image.shape[-1], x.shape[-1]
    its, others = slice(depth), slice(depth, None)
    if doubled.last:
        its, others = slice(channels - depth, None), slice(channels - depth)
    result = doubled_convolution(doubled.image, kernel[:, :, its])
    if channels > depth:
        result += _cpu_convolution(x[..., others], kernel[:, :, others]).astype(jnp.float32)
    return result.astype(x.dtype)


def doubled_convolution(image: jax.Array, kernel: jax.Array) -> jax.Array:
    """The 3x3 convolution of an image whose pixels are repeated 2x2 times: `(B, h, w, D)` to `(B, 2h, 2w, N)` float32.

    An even row of the output sees each row above once and its own twice, an odd one its own twice and the one below:
    2x2 kernels with the sums of those that meet the same pixel, one for each parity, four products instead of nine.
    """
    b, h, w, _ = image.shape
    rows = _halved(kernel.astype(jnp.float32), axis=0)
    kernels = [part for row in rows for part in _halved(row, axis=1)]
    padded = jnp.pad(image.astype(jnp.float32), ((0, 0), (1, 1), (1, 1), (0, 0)))
    sums = lax.conv_general_dilated(
        padded, jnp.concatenate(kernels, -1), (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    even_even, even_odd, odd_even, odd_odd = jnp.split(sums, 4, axis=-1)
    even = jnp.stack([even_even[:, :h, :w], even_odd[:, :h, 1:]], axis=3)
    odd = jnp.stack([odd_even[:, 1:, :w], odd_odd[:, 1:, 1:]], axis=3)
    return jnp.stack([even, odd], axis=2).reshape(b, 2 * h, 2 * w, -1)


def _halved(kernel: jax.Array, axis: int) -> list[jax.Array]:
    """Kernels of 2 along `axis` for even and for odd places, of one of 3."""
    first, middle, last = (lax.slice_in_dim(kernel, i, i + 1, axis=axis) for i in range(3))
    return [
        jnp.concatenate([first, middle + last], axis),
        jnp.concatenate([first + middle, last], axis),
    ]


def lax_convolution(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """XLA's own."""
    return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


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
