"""What to measure, as data."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from tracknet_jax.utils.errors import UserError

Task = Literal["inference", "stream", "train", "track", "input"]
Parallel = Literal["jit", "pmap"]
Dtype = Literal["float32", "bfloat16"]
Runtime = Literal["lax", "torch", "torch_compile", "onnxruntime", "openvino"]
RUNTIMES: tuple[str, ...] = get_args(Runtime)

# The tasks that another runtime can run; `lax` is JAX with XLA's own convolutions (models.convolution).
COMPARED: dict[Task, tuple[Runtime, ...]] = {
    "inference": ("lax", "torch", "torch_compile", "onnxruntime", "openvino"),
    "stream": ("lax", "onnxruntime", "openvino"),
    "track": ("lax", "onnxruntime", "openvino"),
}
FLOAT32_ONLY: tuple[Runtime, ...] = ("onnxruntime",)


@dataclass(frozen=True)
class Case:
    """One thing that is timed.

    Attributes:
        task: `inference`: windows on the device to maps; `stream`: one window on the host to positions; `train`: a
            training step; `track`: a video to its CSV file; `input`: training as it is fed.
        model: a preset, or the folder of a release.
        batch: windows in a step on each device.
        variant: `jit` or `pmap`, or another runtime; under `input` the pipeline (`grain`, `resident`), or
            `constant`, one batch that stays on the device.
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

    Raises `UserError` on construction if a value is out of range.
    """

    tasks: tuple[Task, ...] = ("inference",)
    """stream: latency; track: from video to CSV; input: what feeding costs the training"""
    models: tuple[str, ...] = ("tracknet_nano",)
    """presets, or folders of releases"""
    batches: tuple[int, ...] = (1, 4)
    """windows in a step, on each device"""
    dtypes: tuple[Dtype, ...] = ("float32",)
    """of the activations"""
    devices: tuple[int, ...] = (1,)
    """numbers of devices"""
    parallel: tuple[Parallel, ...] = ("jit",)
    """how several devices are driven"""
    against: tuple[Runtime, ...] = ()
    """runtimes to time and compare with; lax: XLA's own convolutions"""
    blocks: int = 7
    """how often each case is timed"""
    seconds: float = 1.0
    """least duration of each time"""
    calls: int = 100
    """windows of the stream"""

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
        for runtime in self.against:
            fitting = [task for task, runtimes in COMPARED.items() if runtime in runtimes]
            if not set(fitting) & set(self.tasks):
                raise UserError(
                    f"benchmark: {runtime} is compared in {', '.join(fitting)}: add one to the tasks"
                )

    def groups(self) -> Iterator[list[Case]]:
        """The cases of one task and model together: they are timed in turn."""
        for task, model in itertools.product(self.tasks, self.models):
            yield list(self._cases(task, model))

    def _cases(self, task: Task, model: str) -> Iterator[Case]:
        batches = (1,) if task == "stream" else self.batches
        for dtype, batch in itertools.product(self.dtypes, batches):
            case = Case(task, model, dtype, batch)
            for devices, variant in self._variants(task):
                yield replace(case, devices=devices, variant=variant)
            for runtime in self.against:
                has_dtype = dtype == "float32" or runtime not in FLOAT32_ONLY
                if runtime in COMPARED.get(task, ()) and has_dtype:
                    yield replace(case, variant=runtime)

    def _variants(self, task: Task) -> Iterable[tuple[int, str]]:
        """Devices and variant of what JAX runs."""
        if task in ("inference", "train"):
            return itertools.product(self.devices, self.parallel)
        if task == "input":
            return [(1, "constant"), (1, "resident"), (1, "grain")]
        return [(1, "jit")]
