"""What to measure, as data."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from tracknet_jax.utils.errors import UserError

Task = Literal["inference", "stream", "train", "track", "start", "data", "input"]
Parallel = Literal["jit", "pmap"]
Dtype = Literal["float32", "bfloat16"]
Runtime = Literal["lax", "torch", "torch_compile", "onnxruntime", "openvino"]

# What else than `jit` a task can be run by; `lax` is JAX with XLA's own convolutions (models.convolution). Tracking
# keeps its own pipeline around the network.
COMPARED: dict[Task, tuple[Runtime, ...]] = {
    "inference": ("lax", "torch", "torch_compile", "onnxruntime", "openvino"),
    "stream": ("lax", "onnxruntime", "openvino"),
    "train": ("torch", "torch_compile"),
    "track": ("lax", "onnxruntime", "openvino"),
}

PROFILED: tuple[Task, ...] = ("inference", "stream", "train")  # one compiled program each
FLOAT32_ONLY: tuple[Runtime, ...] = ("onnxruntime",)


@dataclass(frozen=True)
class Case:
    """One thing that is timed.

    Attributes:
        task: `inference`: windows on the device to maps; `stream`: one window on the host to positions; `train`: a
            training step; `track`: a video to its CSV file; `start`: a process that tracks a few frames; `data`:
            what feeds the training step; `input`: training as it is fed, beside training on one batch.
        model: a preset, or the folder of a release.
        batch: windows in a step on each device.
        variant: `jit` or `pmap`, another runtime, or the pipeline under `data` and `input`, there `constant`, too.
    """

    task: Task
    model: str
    dtype: Dtype
    batch: int
    devices: int = 1
    variant: str = "jit"


@dataclass(frozen=True)
class Benchmark:
    """Every combination of models, dtypes, batches, devices and drivers is a case.

    Attributes:
        against: runtimes that compute the same networks in inference, and in training and for tracking where they
            can. Some have float32 only.
        blocks: how often each case is timed, in turn with the others of its task and model.
        seconds: what a block lasts at least.
        calls: single windows timed under `stream`.
        profile: trace the compiled steps, too, and tell their time by the parts of the network.

    Raises `UserError` on construction for a value that cannot be.
    """

    tasks: tuple[Task, ...] = ("inference",)
    models: tuple[str, ...] = ("tracknet_nano",)
    dtypes: tuple[Dtype, ...] = ("float32",)
    batches: tuple[int, ...] = (1, 4)
    devices: tuple[int, ...] = (1,)
    parallel: tuple[Parallel, ...] = ("jit",)
    against: tuple[Runtime, ...] = ()
    blocks: int = 7
    seconds: float = 1.0
    calls: int = 100
    profile: bool = False

    def __post_init__(self) -> None:
        for name in ("tasks", "models", "dtypes", "batches", "devices", "parallel"):
            if not getattr(self, name):
                raise UserError(f"benchmark: {name} is empty")
        for name in ("batches", "devices"):
            if min(getattr(self, name)) < 1:
                raise UserError(f"benchmark: {name} {getattr(self, name)}: expected 1 or more")
        if min(self.blocks, self.calls) < 1 or self.seconds < 0:
            raise UserError(
                f"benchmark: {self.blocks} blocks of {self.seconds} s, {self.calls} calls: expected more"
            )
        if self.profile and not set(PROFILED) & set(self.tasks):
            raise UserError(f"benchmark: a profile is of {', '.join(PROFILED)}: add one to the tasks")
        for runtime in self.against:
            if not any(runtime in COMPARED.get(task, ()) for task in self.tasks):
                fitting = [task for task, runtimes in COMPARED.items() if runtime in runtimes]
                raise UserError(
                    f"benchmark: {runtime} is compared in {', '.join(fitting)}: add one to the tasks"
                )

    def groups(self) -> Iterator[list[Case]]:
        """The cases, those together that are timed in turn: of one task and model."""
        for task, model in itertools.product(self.tasks, self.models):
            yield list(self._cases(task, model))

    def _cases(self, task: Task, model: str) -> Iterator[Case]:
        batches = (1,) if task == "stream" else self.batches
        for dtype, batch in itertools.product(self.dtypes, batches):
            case = Case(task, model, dtype, batch)
            if task in ("inference", "train"):
                for devices, parallel in itertools.product(self.devices, self.parallel):
                    yield replace(case, devices=devices, variant=parallel)
            elif task == "data":
                if dtype == self.dtypes[0]:  # the pipelines hand out uint8
                    yield from (replace(case, variant=pipeline) for pipeline in ("grain", "resident"))
            elif task == "input":
                yield from (replace(case, variant=fed) for fed in ("constant", "resident", "grain"))
            else:
                yield case
            for runtime in self.against:
                in_dtype = dtype == "float32" or runtime not in FLOAT32_ONLY
                if runtime in COMPARED.get(task, ()) and in_dtype:
                    yield replace(case, variant=runtime)
