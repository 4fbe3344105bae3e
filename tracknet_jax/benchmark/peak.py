"""The machine's roof, measured beside the cases: a matrix product, and a copy in the device's memory."""

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from tracknet_jax.benchmark.benchmark_config import Case, Dtype
from tracknet_jax.benchmark.program import Layout
from tracknet_jax.benchmark.timing import Call

# Large enough to reach the peak, and to lie in no cache.
SIDE = {"cpu": 2048, "accelerator": 8192}
COPIED = {"cpu": 2**28, "accelerator": 2**30}  # bytes on each device


class Reference(NamedTuple):
    """A call that does `amount` of one thing: floating-point operations, or bytes read and written."""

    call: Call
    amount: float


def reference_keys(case: Case) -> tuple[Any, Any]:
    """What the references of a case are called in `references`: its product, its copy."""
    return ("product", case.dtype, case.devices), ("copy", case.devices)


def references(cases: Iterable[Case]) -> dict[Any, Reference]:
    """The matrix products and copies of all these cases; cases of one dtype and device count share theirs."""
    found: dict[Any, Reference] = {}
    for case in cases:
        product, copied = reference_keys(case)
        if product not in found:
            found[product] = matrix_product(case.dtype, case.devices)
        if copied not in found:
            found[copied] = copy(case.devices)
    return found


def matrix_product(dtype: Dtype, devices: int) -> Reference:
    """A square product on each of some devices."""
    side = SIDE[_kind()]

    def multiply(right: jax.Array, left: jax.Array) -> jax.Array:
        # A float32 sum, as in convolutions: only for that does XLA use a CPU's bfloat16 instructions.
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
