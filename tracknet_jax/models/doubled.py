"""Convolution of an upsampled image at the resolution that it had before: four products instead of nine."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class Doubled(NamedTuple):
    """What some channels of an input were before each pixel was repeated 2x2 times.

    Attributes:
        image: `(B, H/2, W/2, D)`.
        last: whether they are the input's last D channels; else the first.
    """

    image: jax.Array
    last: bool


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
