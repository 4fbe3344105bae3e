"""Two drivers of the same pure step: jit over a mesh of all devices, and pmap.

Both take and give the same things: `place` puts a state on the devices, `step` advances it, `collect` gives it
back as one replicated array a leaf, which is what checkpoints and evaluation see.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from tracknet_jax.training.distillation import Teacher
from tracknet_jax.training.state import TrainState
from tracknet_jax.training.step import Draw

AXIS = "data"
Step = Callable[..., tuple[TrainState, dict[str, jax.Array]]]  # train_step with config and optimizer bound


class Driver(Protocol):
    """How a run uses its devices."""

    def place(self, state: TrainState) -> Any:
        """A replicated or host state, as `step` wants it; its arrays may be used up with it."""

    def place_inputs(self, inputs: Any) -> Any:
        """What this process' source gives (its part of a batch, or the resident arrays), as `step` wants it."""

    def step(self, state: Any, inputs: Any) -> tuple[Any, dict[str, jax.Array]]:
        """One step; `state` is used up."""

    def collect(self, state: Any) -> TrainState:
        """The state with replicated arrays, without the driver's own axes."""

    def metric(self, value: jax.Array) -> float:
        """One metric of `step` as a number."""


def make_driver(name: str, step: Step, draw: Draw | None, teacher: Teacher | None = None) -> Driver:
    """The driver called `name` ("jit" or "pmap"); with `draw` the step's inputs are arrays to draw from.

    With `teacher` the step is given it, on all devices, as a third argument.
    """
    return JitDriver(step, draw, teacher) if name == "jit" else PmapDriver(step, draw, teacher)


def data_mesh() -> Mesh:
    """All devices along one axis, those of a process side by side: its part of a batch is one piece."""
    devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    return Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,))


def replicated(mesh: Mesh | None = None) -> NamedSharding:
    """A copy on every device."""
    return NamedSharding(mesh or data_mesh(), PartitionSpec())


def split(mesh: Mesh | None = None) -> NamedSharding:
    """The leading axis over the devices."""
    return NamedSharding(mesh or data_mesh(), PartitionSpec(AXIS))


def copied(whole: NamedSharding, x: Any) -> jax.Array:
    """One array on all devices, of what every process has: a host array, or a replicated one."""
    local = x.addressable_data(0) if isinstance(x, jax.Array) else x
    return jax.make_array_from_process_local_data(whole, local, local.shape)


class JitDriver:
    """One program over the global batch; batch norm sees all of it."""

    def __init__(self, step: Step, draw: Draw | None, teacher: Teacher | None):
        mesh = data_mesh()
        self._whole, self._split = replicated(mesh), split(mesh)
        self._resident = draw is not None
        if draw is not None:
            step = partial(step, draw=self._drawn_in_parts(draw))
        self._rest = () if teacher is None else (jax.tree.map(partial(copied, self._whole), teacher),)
        inputs = self._whole if self._resident else self._split
        self._step = jax.jit(
            step,
            in_shardings=(self._whole, inputs, *[self._whole] * len(self._rest)),
            out_shardings=self._whole,
            donate_argnums=0,
        )

    def _drawn_in_parts(self, draw: Draw) -> Draw:
        def draw_part(arrays: Any, keys: jax.Array) -> Any:
            return jax.lax.with_sharding_constraint(draw(arrays, keys), self._split)

        return draw_part

    def place(self, state: TrainState) -> TrainState:
        return jax.tree.map(partial(_of_raw_data, partial(copied, self._whole)), state)

    def place_inputs(self, inputs: Any) -> Any:
        if self._resident:
            return jax.tree.map(partial(copied, self._whole), inputs)
        return jax.tree.map(lambda x: jax.make_array_from_process_local_data(self._split, x), inputs)

    def step(self, state: TrainState, inputs: Any) -> tuple[TrainState, dict[str, jax.Array]]:
        return self._step(state, inputs, *self._rest)

    def collect(self, state: TrainState) -> TrainState:
        return state

    def metric(self, value: jax.Array) -> float:
        return float(value)


class PmapDriver:
    """One program a device on its part of the batch; gradients and batch statistics are averaged.

    The state carries a leading axis of local devices: the form that works with donation and several processes.
    """

    def __init__(self, step: Step, draw: Draw | None, teacher: Teacher | None):
        self._whole = replicated()
        self._devices = jax.local_devices()
        mesh = jax.make_mesh(
            (len(self._devices),), (AXIS,), devices=self._devices, axis_types=(AxisType.Auto,)
        )
        self._stacked = split(mesh)
        self._resident = draw is not None
        if draw is not None:
            step = partial(step, draw=draw)
        self._rest = () if teacher is None else (jax.tree.map(self._copy_to_each, teacher),)
        self._step = jax.pmap(partial(step, axis_name=AXIS), axis_name=AXIS, donate_argnums=0)

    def place(self, state: TrainState) -> TrainState:
        return jax.tree.map(partial(_of_raw_data, self._copy_to_each), state)

    def _copy_to_each(self, x: Any) -> jax.Array:
        if isinstance(x, jax.Array):
            x = x.addressable_data(0)  # of a replicated array, those of other processes cannot be reached
        copies = [jax.device_put(x[None], device) for device in self._devices]
        shape = (len(copies), *x.shape)
        return jax.make_array_from_single_device_arrays(shape, self._stacked, copies)

    def place_inputs(self, inputs: Any) -> Any:
        if self._resident:
            return jax.tree.map(self._copy_to_each, inputs)
        devices = len(self._devices)
        return jax.tree.map(lambda x: np.asarray(x).reshape(devices, -1, *np.shape(x)[1:]), inputs)

    def step(self, state: TrainState, inputs: Any) -> tuple[TrainState, dict[str, jax.Array]]:
        return self._step(state, inputs, *self._rest)

    def collect(self, state: TrainState) -> TrainState:
        return jax.tree.map(partial(_of_raw_data, self._one_of), state)

    def _one_of(self, x: jax.Array) -> jax.Array:
        # The local shard: x[0] would gather from all devices, and a stacked array of several processes
        # cannot be saved.
        return copied(self._whole, np.asarray(x.addressable_shards[0].data[0]))

    def metric(self, value: jax.Array) -> float:
        return float(value.addressable_shards[0].data[0])


def _of_raw_data(change: Callable[[Any], jax.Array], x: Any) -> jax.Array:
    """`change` of an array, or of the words inside a typed PRNG key."""
    if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(change(jax.random.key_data(x)))
    return change(x)
