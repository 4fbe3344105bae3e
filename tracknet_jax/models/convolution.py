"""How a convolution is computed: XLA's own, Winograd's algorithm, or shifted products in bfloat16.

The choice is one of execution, not of the network: parameters and results are the same, but for rounding.
"""

from collections.abc import Sequence
from functools import cache, reduce
from operator import add
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax import lax

ConvImpl = Literal["lax", "auto", "mixed", "winograd", "shifted_dots"]

MIN_CHANNELS = 128  # in and out: from here on the other two are faster than XLA on a CPU, docs/performance.md
MIXED_MIN_CHANNELS = 256  # from here on products in bfloat16 are faster than Winograd's in float32
BLOCK_SUMS = 2**17  # of a matrix product of `shifted_dots`: half a MiB, they stay in the second-level cache

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


def convolve(x: jax.Array, kernel: jax.Array, implementation: ConvImpl) -> jax.Array:
    """Same-padded convolution, `(B, H, W, C)` with `(k, k, C, N)`, k odd, to `(B, H, W, N)` in the dtype of `x`.

    `auto` is XLA's convolution but on a CPU, where it is what `fastest_on_cpu` says; `mixed` likewise, where factors
    in float32 may be rounded to bfloat16 if that is faster. `winograd` is XLA's own where a kernel is not 3x3.
    """
    if implementation in ("auto", "mixed"):
        implementation = fastest_on_cpu(kernel.shape, x.dtype, mixed=implementation == "mixed")
        if implementation == "lax":
            return lax_convolution(x, kernel)
        fast = winograd if implementation == "winograd" else shifted_dots
        return lax.platform_dependent(x, kernel, cpu=fast, default=lax_convolution)
    if implementation == "winograd" and kernel.shape[0] == 3:
        return winograd(x, kernel)
    return shifted_dots(x, kernel) if implementation == "shifted_dots" else lax_convolution(x, kernel)


def fastest_on_cpu(kernel: Sequence[int], dtype: Any, mixed: bool = False) -> ConvImpl:
    """The fastest for a kernel of this shape `(k, k, C, N)` and inputs of this dtype, as measured.

    `mixed`: in float32, too, factors may be rounded to bfloat16.
    """
    k, _, channels, features = kernel
    width = min(channels, features)
    if k == 1 or width < MIN_CHANNELS:
        return "lax"
    rounded = dtype == jnp.bfloat16 or (mixed and width >= MIXED_MIN_CHANNELS)
    if rounded and multiplies_bfloat16():
        return "shifted_dots"
    return "winograd" if k == 3 and dtype == jnp.float32 else "lax"


@cache
def multiplies_bfloat16() -> bool:
    """Whether this machine's CPU has products of bfloat16 numbers summed in float32 (AVX512-BF16, AMX)."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def lax_convolution(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """XLA's own."""
    return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def winograd(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Winograd's F(4x4, 3x3): 36 products a 4x4 tile of outputs instead of 144; always in float32.

    In bfloat16 its results would be 6 to 8 % off, so inputs and kernel are converted first.
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

    # The barriers keep XLA from fusing a transform into each of its 36 readers, or into the sums behind them.
    inputs = lax.optimization_barrier(inputs)
    products = [lax.dot(v, u) for v, u in zip(inputs, weights, strict=True)]
    products = lax.optimization_barrier(products)

    by_column = [_combine(OUTPUT_TRANSFORM, products[j :: TILE + 2]) for j in range(TILE + 2)]
    by_row = [_combine(OUTPUT_TRANSFORM, [column[i] for column in by_column]) for i in range(TILE)]
    shape = (b, rows, columns, kernel.shape[-1])
    tiles = [jnp.stack([y.reshape(shape) for y in row], axis=3) for row in by_row]
    image = jnp.stack(tiles, axis=2).reshape(b, rows * TILE, columns * TILE, -1)
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


def shifted_dots(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """One matrix product for each place in the kernel, factors rounded to bfloat16, sums in float32.

    It goes through the image in blocks of whole rows.
    """
    b, h, w, channels = x.shape
    k, features = kernel.shape[0], kernel.shape[-1]
    rows = _rows_of_block(h, b * w * features)
    margin = k // 2
    padded = jnp.pad(x.astype(jnp.bfloat16), ((0, 0), (margin, margin), (margin, margin), (0, 0)))
    weights = kernel.astype(jnp.bfloat16)

    def block(first: jax.Array) -> jax.Array:
        inputs = lax.dynamic_slice_in_dim(padded, first, rows + 2 * margin, axis=1)
        total = jnp.zeros((b * rows * w, features))
        for i in range(k):
            for j in range(k):
                shifted = inputs[:, i : i + rows, j : j + w].reshape(-1, channels)
                total += lax.dot(shifted, weights[i, j], preferred_element_type=jnp.float32)
        return total.reshape(b, rows, w, features).astype(x.dtype)

    blocks = lax.map(block, jnp.arange(0, h, rows))  # (H / rows, B, rows, W, N)
    return jnp.moveaxis(blocks, 0, 1).reshape(b, h, w, features)


def _rows_of_block(height: int, row_sums: int) -> int:
    """The largest divisor of `height` whose rows hold at most `BLOCK_SUMS`, at least 1."""
    most = max(1, BLOCK_SUMS // row_sums)
    return max(rows for rows in range(1, min(most, height) + 1) if height % rows == 0)
