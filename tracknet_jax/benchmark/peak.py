"""The machine's roof, measured beside the cases: a matrix product, and a copy in the device's memory."""

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from tracknet_jax.benchmark.benchmark_config import Case, Dtype
from tracknet_jax.benchmark.program import Layout, Step
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
        layout = Layout(case.devices)
        if product not in found:
            found[product] = _matrix_product(layout, case.dtype)
        if copied not in found:
            found[copied] = _copy(layout)
    return found


def _matrix_product(layout: Layout, dtype: Dtype) -> Reference:
    """A square product on each device."""
    side = SIDE[_kind()]

    def multiply(right: jax.Array, left: jax.Array) -> jax.Array:
        # A float32 sum, as in convolutions: only for that does XLA use a CPU's bfloat16 instructions.
        return jnp.matmul(left, right, preferred_element_type=jnp.float32)

    left = jnp.ones((layout.count, side, side), dtype)
    return _reference(layout, multiply, jnp.ones((side, side), dtype), left, 2.0 * side**3)


def _copy(layout: Layout) -> Reference:
    """An array on each device, read and written once."""
    size = COPIED[_kind()]

    def scale(factor: jax.Array, x: jax.Array) -> jax.Array:
        return factor * x

    return _reference(layout, scale, jnp.float32(2), jnp.ones((layout.count, size // 4)), 2.0 * size)


def _reference(layout: Layout, step: Step, whole: Any, parts: Any, amount: float) -> Reference:
    """The compiled step; `amount` is that of one device."""
    operands = layout.place_whole(whole), layout.place_parts(parts)
    return Reference(partial(layout.compile(step, *operands).run, *operands), amount * layout.count)


def _kind() -> str:
    return "cpu" if jax.default_backend() == "cpu" else "accelerator"
