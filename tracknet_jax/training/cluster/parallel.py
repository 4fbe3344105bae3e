"""The step of one device on all devices: by `jit` over a mesh, or by `pmap`.

Both run the same step and take and give the same arrays, so that a run may change from one to the other.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import PartitionSpec

from tracknet_jax.data.windows.sharded_frames import part_of, take_sharded
from tracknet_jax.training.cluster.mesh import AXIS, all_devices, copied, own_devices, replicated, split
from tracknet_jax.training.distillation import Teacher
from tracknet_jax.training.state import TrainState
from tracknet_jax.training.step import Draw

Metrics = dict[str, jax.Array]
Step = Callable[..., tuple[TrainState, Metrics]]  # train_step with config and optimizer bound
Inputs = tuple[dict[str, jax.Array], dict[str, jax.Array]]  # split over the devices; a copy on each


class Driver:
    """Runs the step on all devices of all processes.

    `parallel` is "jit" or "pmap". With `draw` the inputs are resident arrays to draw from; `sharded`: the devices of
    each process have a part of the array `frames` each. Without it they are this process' part of a batch. `steps`:
    in one dispatch, of the same inputs.
    """

    def __init__(
        self,
        parallel: str,
        step: Step,
        draw: Draw | None = None,
        teacher: Teacher | None = None,
        *,
        sharded: bool = False,
        steps: int = 1,
    ):
        self._whole, self._split = replicated(), split()
        self._devices, self._pmap = own_devices(), parallel == "pmap"
        self._resident, self._sharded = draw is not None, sharded
        self._teacher = jax.tree.map(partial(copied, self._whole), teacher)
        if draw is not None:
            if sharded:
                draw = partial(draw, take=partial(take_sharded, axis_name=AXIS, parts=len(self._devices)))
            step = partial(step, draw=draw)

        def of_device(state: TrainState, parts: Any, whole: Any, teacher: Any) -> tuple[TrainState, Metrics]:
            return several_steps(step, steps, state, parts | whole, teacher)

        self._step = (by_pmap if self._pmap else by_jit)(of_device)

    def place(self, state: TrainState) -> TrainState:
        """A replicated or host state, as `step` wants it; its arrays may be used up with it."""
        return jax.tree.map(partial(copied, self._whole), state)

    def place_inputs(self, inputs: dict[str, Any]) -> Inputs:
        """A batch or resident arrays on the devices."""
        names = inputs if not self._resident else ["frames"] if self._sharded else []
        parts = {name: self._in_parts(inputs[name]) for name in names}
        return parts, {name: copied(self._whole, x) for name, x in inputs.items() if name not in parts}

    def _in_parts(self, rows: np.ndarray) -> jax.Array:
        """This process' `rows`, a part on each of its devices."""
        parts = [part_of(rows, i, len(self._devices)) for i in range(len(self._devices))]
        placed = [
            jax.device_put(part[None] if self._pmap else part, device)
            for part, device in zip(parts, self._devices, strict=True)
        ]
        shape = (self._split.mesh.size * placed[0].shape[0], *placed[0].shape[1:])
        return jax.make_array_from_single_device_arrays(shape, self._split, placed)

    def step(self, state: TrainState, inputs: Inputs) -> tuple[TrainState, Metrics]:
        """One dispatch; `state` is used up. With several `steps` the metrics have them along their leading axis."""
        return self._step(state, *inputs, self._teacher)

    def collect(self, state: TrainState) -> TrainState:
        """The state replicated over all devices, as checkpoints and evaluation want it."""
        return self.place(state) if self._pmap else state  # pmap gives a process copies on its own devices


def by_jit(step: Step) -> Step:
    """`step(state, parts, whole, teacher)` of each device as one program over a mesh; the state is used up."""
    whole, parts = PartitionSpec(), PartitionSpec(AXIS)
    specs = (whole, parts, whole, whole)
    each = jax.shard_map(step, mesh=split().mesh, in_specs=specs, out_specs=whole, check_vma=False)
    return jax.jit(each, donate_argnums=0)


def by_pmap(step: Step) -> Step:
    """The same with `jax.pmap`, whose `parts` have an axis of devices in front."""

    def numbered(number: jax.Array, *operands: Any) -> tuple[TrainState, Metrics]:
        return step(*operands)

    axes = (0, None, 0, None, None)
    mapped = jax.pmap(numbered, AXIS, in_axes=axes, out_axes=None, devices=all_devices(), donate_argnums=1)
    return partial(mapped, np.arange(len(own_devices())))  # one operand must have an axis of devices


def several_steps(step: Step, count: int, state: TrainState, *operands: Any) -> tuple[TrainState, Metrics]:
    """`count` steps in a row, of the same operands; with more than one, metrics have them along their leading axis."""
    if count == 1:
        return step(state, *operands)
    return jax.lax.scan(lambda before, _: step(before, *operands), state, length=count)
