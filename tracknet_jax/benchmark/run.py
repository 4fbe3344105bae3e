"""Goes through the cases: builds those of a group, runs each once, times them in turn."""

import os
import platform
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import jax
import numpy as np

from tracknet_jax.benchmark import onnx_runtimes, peak, steps, torch_runtime, torch_training
from tracknet_jax.benchmark.benchmark_config import Benchmark, Case, Dtype, Parallel, Runtime
from tracknet_jax.benchmark.profile import profile
from tracknet_jax.benchmark.program import Layout
from tracknet_jax.benchmark.results import Memory, Peaks, Report, Result
from tracknet_jax.benchmark.timing import block, measure
from tracknet_jax.benchmark.workload import Workload, network
from tracknet_jax.export.runtime import with_runtime
from tracknet_jax.models.cost import cost
from tracknet_jax.releases.release import Release, in_dtype, with_convolutions
from tracknet_jax.utils.threads import cores
from tracknet_jax.utils.version import __version__

RUNTIMES: tuple[str, ...] = get_args(Runtime)
TORCH = ("torch", "torch_compile")


@dataclass(frozen=True)
class Materials:
    """What some tasks need: `track` a video, `data` labelled clips or a built dataset."""

    video: Path = Path()
    data: Path = Path()


def run(
    benchmark: Benchmark,
    materials: Materials = Materials(),
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Measures all cases of `benchmark`; `tell` hears what is being done.

    Raises:
        UserError: there are fewer devices than wanted, a network or a file cannot be used, or another runtime is
            not here or has no such network. All but the files are told before anything is timed.
    """
    releases = {name: network(name) for name in benchmark.models}
    for count in benchmark.devices:
        Layout(count)
    for runtime in benchmark.against:
        if runtime in TORCH:
            for release in releases.values():
                torch_runtime.check_runtime(release)
        elif runtime != "lax":
            onnx_runtimes.check_runtime(runtime, benchmark.dtypes)
    results: list[Result] = []
    too_large: list[Case] = []
    for cases in benchmark.groups():
        with TemporaryDirectory() as folder:
            group = _Group(releases[cases[0].model], materials, Path(folder))
            for case in cases:
                tell(f"compiling {case.task} {case.model} {case.dtype} batch {case.batch} {case.variant}")
                if not group.add(case):
                    too_large.append(case)
            tell(f"timing {cases[0].task} {cases[0].model}")
            results += group.results(benchmark)
    return Report(machine(), tuple(results), tuple(too_large))


class _Group:
    """Cases of one task and model, and what they are measured beside."""

    def __init__(self, release: Release, materials: Materials, folder: Path):
        self._release, self._materials, self._folder = release, materials, folder
        self._workloads: dict[Case, Workload] = {}
        self._memory: dict[Case, Memory | None] = {}

    def add(self, case: Case) -> bool:
        """Builds a case and runs it once; False if it does not fit the memory."""
        try:
            workload = self._build(case)
            memory = warm_up(workload)
        except RuntimeError as error:
            if "RESOURCE_EXHAUSTED" in str(error) or "out of memory" in str(error):
                return False
            raise
        self._workloads[case], self._memory[case] = workload, memory
        return True

    def _build(self, case: Case) -> Workload:
        release = in_dtype(self._release, case.dtype)
        if case.variant == "lax":
            release = with_convolutions(release, "lax")
            case = replace(case, variant="jit")
        if case.task == "inference":
            return _inference(case, release)
        if case.task == "train":
            return _training(case, release)
        if case.variant in RUNTIMES:
            options = onnx_runtimes.runtime_options(case, alone=False)
            release = with_runtime(release, case.variant, options)  # type: ignore[arg-type]
        if case.task == "stream":
            workload = steps.stream(release)
            if case.variant in RUNTIMES:  # XLA's counts know nothing of the network then
                return workload._replace(work=workload.work._replace(analysis=None))
            return workload
        from tracknet_jax.benchmark import fed, pipelines, start  # bring the data readers, seconds to import

        if case.task == "input":
            return fed.training(case, release, self._materials.data, self._folder)
        if case.task == "start":
            return start.starting(case, release, self._materials.video, self._folder)
        if case.task == "track":
            return pipelines.tracking(case, release, self._materials.video, self._folder)
        return pipelines.feeding(case, release, self._materials.data, self._folder)

    def results(self, benchmark: Benchmark) -> list[Result]:
        """Times what was added."""
        calls: dict[Any, Any] = {case: workload.call for case, workload in self._workloads.items()}
        if not calls:
            return []
        if next(iter(calls)).task == "stream":  # one call a block: what one frame waits
            timings, references = measure(calls, benchmark.calls, 0.0), {}
        else:
            references = self._references()
            for key, reference in references.items():
                block(reference.call, 1)
                calls[key] = reference.call
            timings = measure(calls, benchmark.blocks, benchmark.seconds)
        speeds = {key: reference.amount / timings[key].median for key, reference in references.items()}
        macs = cost(self._release.config).macs
        found = {}
        for case, workload in self._workloads.items():
            flops, bandwidth = (speeds.get(key) for key in _reference_keys(case))
            peaks = Peaks(flops, bandwidth) if flops and bandwidth else None
            found[case] = Result(case, workload.work, timings[case], macs, self._memory[case], peaks)
            constant = timings.get(replace(case, variant="constant"))
            if constant is not None:
                found[case] = replace(found[case], of_constant=constant.over(timings[case]))
            if benchmark.profile and workload.text is not None:
                found[case] = replace(found[case], profile=profile(workload.call, workload.text()))
        return [self._compared(result, found) for result in found.values()]

    def _compared(self, result: Result, found: dict[Case, Result]) -> Result:
        """The result beside ours of the same windows on as many devices.

        Times are compared within a dtype, results with those of ours in float32 where it was measured too.
        """
        case = result.case
        ours = _ours(case, case.dtype, found)
        if ours and case.variant in RUNTIMES:
            result = replace(result, ratio=result.timing.median / found[ours].timing.median)
        exact = _ours(case, "float32", found) or ours
        theirs, expected = (self._workloads[each].compared if each else None for each in (case, exact))
        if exact == case or theirs is None or expected is None:  # or nothing to compare with fits
            return result
        return replace(result, max_difference=float(np.abs(theirs() - expected()).max()))

    def _references(self) -> dict[Any, peak.Reference]:
        found: dict[Any, peak.Reference] = {}
        for case, workload in self._workloads.items():
            if workload.work.passes and not found.keys() >= set(_reference_keys(case)):
                product, copied = _reference_keys(case)
                found[product] = peak.matrix_product(case.dtype, case.devices)
                found.setdefault(copied, peak.copy(case.devices))
        return found


def _inference(case: Case, release: Release) -> Workload:
    if case.variant in TORCH:
        return torch_runtime.torch_inference(case, release)
    if case.variant in RUNTIMES:
        return onnx_runtimes.onnx_inference(case, release)
    return steps.inference(case, release)


def _training(case: Case, release: Release) -> Workload:
    if case.variant in TORCH:
        return torch_training.torch_training(case, release)
    return steps.training(case, release)


def _ours(case: Case, dtype: Dtype, found: Container[Case]) -> Case | None:
    """What JAX computed of the same windows."""
    same = (replace(case, dtype=dtype, variant=parallel) for parallel in get_args(Parallel))
    return next((case for case in same if case in found), None)


def _reference_keys(case: Case) -> tuple[Any, Any]:
    return ("product", case.dtype, case.devices), ("copy", case.devices)


def warm_up(workload: Workload) -> Memory | None:
    """Runs a workload once, and tells the memory of its step.

    A device that counts its memory knows its highest mark only: where this run does not raise that, and where
    nothing is counted, it is what XLA planned.
    """
    device = jax.local_devices()[0]
    before = device.memory_stats()
    block(workload.call, 1)
    after = device.memory_stats()
    analysis = workload.work.analysis
    if analysis is None:
        return None
    if before and after and after["peak_bytes_in_use"] > before["peak_bytes_in_use"]:
        others = before["bytes_in_use"] - analysis.argument_bytes
        return Memory(after["peak_bytes_in_use"] - others, "device")
    return Memory(analysis.memory_bytes, "compiled")


def machine() -> dict[str, Any]:
    """What the figures hold for."""
    devices = jax.local_devices()
    return {
        "backend": jax.default_backend(),
        "device": devices[0].device_kind,
        "devices": len(devices),
        "processor": _processor(),
        "cores": cores(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "jax": jax.__version__,
        "tracknet_jax": __version__,
    }


def _processor() -> str:
    """Its maker's name for it, where Linux tells; else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
