"""What this machine can do at best, measured beside the cases: matrix products, and copies in its memory."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from tracknet_jax.benchmark.benchmark_config import Dtype
from tracknet_jax.benchmark.program import Layout
from tracknet_jax.benchmark.timing import Call

# Large enough to reach the peak, and to lie in no cache.
SIDE = {"cpu": 2048, "accelerator": 8192}
COPIED = {"cpu": 2**28, "accelerator": 2**30}  # bytes on each device


class Reference(NamedTuple):
    """A call that does `amount` of one thing: floating-point operations, or bytes read and written."""

    call: Call
    amount: float


def matrix_product(dtype: Dtype, devices: int) -> Reference:
    """A square product on each of some devices."""
    side = SIDE[_kind()]

    def multiply(right: jax.Array, left: jax.Array) -> jax.Array:
        # Summed up in float32 as convolutions are: XLA takes a CPU's bfloat16 instructions for nothing else.
        return jnp.matmul(left, right, preferred_element_type=jnp.float32)

    layout = Layout(devices)
    right = layout.place_whole(jnp.ones((side, side), dtype))
    left = layout.place_parts(jnp.ones((devices, side, side), dtype))
    program = layout.compile(multiply, right, left)
    return Reference(partial(program.run, right, left), 2.0 * side**3 * devices)


def copy(devices: int) -> Reference:
    """An array on each of some devices, read and written once."""
    size = COPIED[_kind()]

    def scale(factor: jax.Array, x: jax.Array) -> jax.Array:
        return factor * x

    layout = Layout(devices)
    factor = layout.place_whole(jnp.float32(2))
    x = layout.place_parts(jnp.ones((devices, size // 4)))
    program = layout.compile(scale, factor, x)
    return Reference(partial(program.run, factor, x), 2.0 * size * devices)


def _kind() -> str:
    return "cpu" if jax.default_backend() == "cpu" else "accelerator"
