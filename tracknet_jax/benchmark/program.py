"""Steps compiled ahead of time for some devices, with what XLA says about them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.compilation_cache import compilation_cache
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from tracknet_jax.benchmark.benchmark_config import Parallel
from tracknet_jax.training.cluster.mesh import AXIS
from tracknet_jax.utils.errors import UserError

Step = Callable[..., Any]  # step(whole, parts) of one device along `AXIS`


class Analysis(NamedTuple):
    """What XLA says of a compiled step.

    Attributes:
        flops, bytes_accessed: counted for one step on all devices.
        memory_bytes: what a step holds at once on one device, as the compiler planned it.
    """

    flops: float
    bytes_accessed: float
    memory_bytes: int


class Program(NamedTuple):
    """A compiled step.

    Attributes:
        run: takes operands as its `Layout` places them.
        compile_seconds: from traced function to executable, without the cache on disk.
    """

    run: Callable[..., Any]
    compile_seconds: float
    analysis: Analysis


@dataclass(frozen=True)
class Layout:
    """A step over the first `count` devices, by `jit` over a mesh or by `pmap`.

    Raises `UserError` if there are fewer devices.
    """

    count: int = 1
    parallel: Parallel = "jit"

    def __post_init__(self) -> None:
        found = jax.local_device_count()
        if self.count > found:
            raise UserError(
                f"{self.count} devices wanted, {found} found (virtual ones of a CPU: set "
                f"XLA_FLAGS=--xla_force_host_platform_device_count={self.count})"
            )

    @property
    def mesh(self) -> Mesh:
        devices = np.array(jax.local_devices()[: self.count])
        return Mesh(devices, (AXIS,), axis_types=(AxisType.Auto,))

    def place_whole(self, tree: Any) -> Any:
        """A copy of every array on each device."""
        if self.parallel == "jit":
            return jax.device_put(tree, NamedSharding(self.mesh, P()))
        stacked = jax.tree.map(lambda x: jnp.broadcast_to(x, (self.count, *jnp.shape(x))), tree)
        return jax.device_put(stacked, NamedSharding(self.mesh, P(AXIS)))

    def place_parts(self, tree: Any) -> Any:
        """The leading axis of every array divided over the devices."""
        if self.parallel == "pmap":
            tree = jax.tree.map(lambda x: x.reshape(self.count, -1, *x.shape[1:]), tree)
        return jax.device_put(tree, NamedSharding(self.mesh, P(AXIS)))

    def joined(self, parts: jax.Array) -> np.ndarray:
        """The inverse of `place_parts`, for one array."""
        found = np.asarray(parts)
        return found if self.parallel == "jit" else found.reshape(-1, *found.shape[2:])

    def compile(self, step: Step, whole: Any, parts: Any, *, carried: bool = False) -> Program:
        """Compiles `step(whole, parts)` for placed operands.

        Args:
            carried: the step returns `(whole, metrics)` and overwrites the `whole` that it was given. Otherwise its
                result is divided as `parts` are.
        """
        donated = (0,) if carried else ()
        if self.parallel == "pmap":
            jitted: Any = jax.pmap(step, AXIS, devices=list(self.mesh.devices), donate_argnums=donated)
        else:
            result = P() if carried else P(AXIS)
            on_each = jax.shard_map(
                step, mesh=self.mesh, in_specs=(P(), P(AXIS)), out_specs=result, check_vma=False
            )
            jitted = jax.jit(on_each, donate_argnums=donated)
        return compiled(jitted.lower(whole, parts), self.count)


def compiled(lowered: Any, devices: int = 1) -> Program:
    """Compiles a lowered function, timed, and reads XLA's analysis of the result."""
    with _without_cache():
        began = time.perf_counter()
        executable = lowered.compile()
        took = time.perf_counter() - began
    costs, memory = executable.cost_analysis() or {}, executable.memory_analysis()
    held = memory.argument_size_in_bytes + memory.output_size_in_bytes + memory.temp_size_in_bytes
    analysis = Analysis(
        flops=costs.get("flops", 0.0) * devices,
        bytes_accessed=costs.get("bytes accessed", 0.0) * devices,
        memory_bytes=held - memory.alias_size_in_bytes,
    )
    return Program(executable, took, analysis)


@contextmanager
def _without_cache() -> Iterator[None]:
    """Loading a program from the cache on disk is not compiling it."""
    enabled = jax.config.jax_enable_compilation_cache  # type: ignore[attr-defined]
    jax.config.update("jax_enable_compilation_cache", False)
    compilation_cache.reset_cache()  # JAX reads the setting once
    try:
        yield
    finally:
        jax.config.update("jax_enable_compilation_cache", enabled)
        compilation_cache.reset_cache()
