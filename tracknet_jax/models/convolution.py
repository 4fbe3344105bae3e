"""How a convolution is computed: XLA's own, Winograd's algorithm, or at half resolution where its input was doubled.

The choice is one of execution, not of the network: parameters and results are the same, but for rounding.
"""

from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
from jax import lax

from tracknet_jax.models.doubled import Doubled, doubled_convolution
from tracknet_jax.models.winograd import winograd

ConvImpl = Literal["lax", "auto"]

MIN_CHANNELS = 128  # in and out: from here on Winograd is faster than XLA on a CPU, docs/performance.md


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


def lax_convolution(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """XLA's own."""
    return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
