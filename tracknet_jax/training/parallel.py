"""Two drivers of the same pure step: jit over a mesh of all devices, and pmap.

Both take and give the same things: `place` puts a state on the devices, `step` advances it, `collect` gives it
back as one replicated array a leaf, which is what checkpoints and evaluation see.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from tracknet_jax.data.windows.sharded_frames import part_of, take_sharded
from tracknet_jax.training.distillation import Teacher
from tracknet_jax.training.state import TrainState
from tracknet_jax.training.step import Draw

AXIS = "data"
Step = Callable[..., tuple[TrainState, dict[str, jax.Array]]]  # train_step with config and optimizer bound


class Driver(Protocol):
    """How a run uses its devices."""

    def place(self, state: TrainState) -> Any:
        """A replicated or host state, as `step` wants it; its arrays may be used up with it."""

    def place_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """What this process' source gives (its part of a batch, or the resident arrays), as `step` wants it."""

    def step(self, state: Any, inputs: Any) -> tuple[Any, dict[str, jax.Array]]:
        """One dispatch; `state` is used up."""

    def collect(self, state: Any) -> TrainState:
        """The state with replicated arrays, without the driver's own axes."""

    def numbers(self, metric: jax.Array) -> np.ndarray:
        """One metric of the steps of a dispatch."""


def make_driver(
    name: str,
    step: Step,
    draw: Draw | None,
    teacher: Teacher | None = None,
    *,
    divided: bool = False,
    steps: int = 1,
) -> Driver:
    """The driver called `name` ("jit" or "pmap"); with `draw` the step's inputs are arrays to draw from.

    With `teacher` the step is given it, on all devices, as a third argument. `divided`: the devices of each process
    have a part of the array `frames` each, of the other arrays all. `steps`: in one dispatch, of the same inputs.
    """
    if steps > 1:
        step = partial(several_steps, step, steps)
    if draw is not None and divided:
        draw = partial(draw, take=partial(take_sharded, axis_name=AXIS, parts=jax.local_device_count()))
    return (JitDriver if name == "jit" else PmapDriver)(step, draw, teacher, divided)


def several_steps(
    step: Step, count: int, state: TrainState, *operands: Any, **options: Any
) -> tuple[TrainState, dict[str, jax.Array]]:
    """`count` steps in a row, of the same operands; the metrics have them along their leading axis."""
    return jax.lax.scan(lambda before, _: step(before, *operands, **options), state, length=count)


def data_mesh() -> Mesh:
    """All devices along one axis, those of a process side by side: its part of a batch is one piece."""
    devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    return Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,))


def own_devices() -> list[jax.Device]:
    """This process' devices, in their order in the mesh."""
    return [device for device in data_mesh().devices.flat if device.process_index == jax.process_index()]


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

    def __init__(self, step: Step, draw: Draw | None, teacher: Teacher | None, divided: bool):
        mesh = data_mesh()
        self._whole, self._split = replicated(mesh), split(mesh)
        self._divided = divided
        self._resident = draw is not None
        if draw is not None:
            step = partial(step, draw=self._drawn_in_parts(draw))
        self._rest = () if teacher is None else (jax.tree.map(partial(copied, self._whole), teacher),)
        # Inputs are taken as `place_inputs` has placed them.
        in_shardings = (self._whole, None, *[self._whole] * len(self._rest))
        self._step = jax.jit(step, in_shardings=in_shardings, out_shardings=self._whole, donate_argnums=0)

    def _drawn_in_parts(self, draw: Draw) -> Draw:
        """`draw` on every device for the keys of its own windows."""

        def drawn(arrays: dict[str, Any], keys: jax.Array) -> Any:
            mesh, windows = self._split.mesh, self._split.spec
            resident = {name: self._sharding_of(name).spec for name in arrays}
            on_each = jax.shard_map(
                draw, mesh=mesh, in_specs=(resident, windows), out_specs=windows, check_vma=False
            )
            return on_each(arrays, keys)

        return drawn

    def _sharding_of(self, name: str) -> NamedSharding:
        """Where the resident array `name` lies."""
        return self._split if self._divided and name == "frames" else self._whole

    def place(self, state: TrainState) -> TrainState:
        return jax.tree.map(partial(_of_raw_data, partial(copied, self._whole)), state)

    def place_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if not self._resident:
            return {
                name: jax.make_array_from_process_local_data(self._split, x) for name, x in inputs.items()
            }
        return {
            name: copied(self._whole, x) if self._sharding_of(name) is self._whole else self._in_parts(x)
            for name, x in inputs.items()
        }

    def _in_parts(self, frames: np.ndarray) -> jax.Array:
        devices = own_devices()
        parts = [jax.device_put(part_of(frames, i, len(devices)), d) for i, d in enumerate(devices)]
        shape = (self._split.mesh.size * parts[0].shape[0], *frames.shape[1:])
        return jax.make_array_from_single_device_arrays(shape, self._split, parts)

    def step(self, state: TrainState, inputs: Any) -> tuple[TrainState, dict[str, jax.Array]]:
        return self._step(state, inputs, *self._rest)

    def collect(self, state: TrainState) -> TrainState:
        return state

    def numbers(self, metric: jax.Array) -> np.ndarray:
        return np.atleast_1d(metric)


class PmapDriver:
    """One program a device on its part of the batch; gradients and batch statistics are averaged.

    The state carries a leading axis of local devices: the form that works with donation and several processes.
    """

    def __init__(self, step: Step, draw: Draw | None, teacher: Teacher | None, divided: bool):
        self._whole = replicated()
        self._devices = own_devices()
        mesh = jax.make_mesh(
            (len(self._devices),), (AXIS,), devices=self._devices, axis_types=(AxisType.Auto,)
        )
        self._stacked = split(mesh)
        self._divided = divided
        self._resident = draw is not None
        if draw is not None:
            step = partial(step, draw=draw)
        self._rest = () if teacher is None else (jax.tree.map(self._copy_to_each, teacher),)
        step = partial(step, axis_name=AXIS)
        self._step = jax.pmap(step, AXIS, devices=list(data_mesh().devices.flat), donate_argnums=0)

    def place(self, state: TrainState) -> TrainState:
        return jax.tree.map(partial(_of_raw_data, self._copy_to_each), state)

    def _copy_to_each(self, x: Any) -> jax.Array:
        if isinstance(x, jax.Array):
            x = x.addressable_data(0)  # of a replicated array, those of other processes cannot be reached
        return self._stack([x] * len(self._devices))

    def _stack(self, arrays: Sequence[Any]) -> jax.Array:
        """One array for each device of this process as one array."""
        placed = [jax.device_put(x[None], device) for x, device in zip(arrays, self._devices, strict=True)]
        shape = (len(placed), *placed[0].shape[1:])
        return jax.make_array_from_single_device_arrays(shape, self._stacked, placed)

    def place_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        count = len(self._devices)
        if not self._resident:
            return {name: np.asarray(x).reshape(count, -1, *np.shape(x)[1:]) for name, x in inputs.items()}
        return {
            name: self._stack([part_of(x, i, count) for i in range(count)])
            if self._divided and name == "frames"
            else self._copy_to_each(x)
            for name, x in inputs.items()
        }

    def step(self, state: TrainState, inputs: Any) -> tuple[TrainState, dict[str, jax.Array]]:
        return self._step(state, inputs, *self._rest)

    def collect(self, state: TrainState) -> TrainState:
        return jax.tree.map(partial(_of_raw_data, self._one_of), state)

    def _one_of(self, x: jax.Array) -> jax.Array:
        # The local shard: x[0] would gather from all devices, and a stacked array of several processes
        # cannot be saved.
        return copied(self._whole, np.asarray(x.addressable_shards[0].data[0]))

    def numbers(self, metric: jax.Array) -> np.ndarray:
        return np.atleast_1d(metric.addressable_shards[0].data[0])


def _of_raw_data(change: Callable[[Any], jax.Array], x: Any) -> jax.Array:
    """`change` of an array, or of the words inside a typed PRNG key."""
    if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(change(jax.random.key_data(x)))
    return change(x)
