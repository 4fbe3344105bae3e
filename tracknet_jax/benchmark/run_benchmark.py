"""Goes through the cases: builds those of a group, runs each once, times them in turn."""

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, get_args

import jax
import numpy as np

from tracknet_jax.benchmark import onnx_runtimes, steps, torch_inference
from tracknet_jax.benchmark.benchmark_config import RUNTIMES, Benchmark, Case, Dtype, Parallel
from tracknet_jax.benchmark.benchmark_report import Memory, Peaks, Report, Result
from tracknet_jax.benchmark.machine import machine
from tracknet_jax.benchmark.peak import reference_keys, references
from tracknet_jax.benchmark.program import Layout
from tracknet_jax.benchmark.timing import Timing, block, measure
from tracknet_jax.benchmark.workload import Workload, network
from tracknet_jax.export.runtime import with_runtime
from tracknet_jax.models.cost import cost
from tracknet_jax.releases.release import Release, in_dtype, with_convolutions

TORCH = ("torch", "torch_compile")


@dataclass(frozen=True)
class Materials:
    """What some tasks need: `track` a video; `data` and `input` labelled clips or a built dataset."""

    video: Path = Path()
    data: Path = Path()


class Ready(NamedTuple):
    """A workload that has run once, and the memory of its step."""

    workload: Workload
    memory: Memory | None


def run_benchmark(
    benchmark: Benchmark,
    materials: Materials = Materials(),
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Measures all cases of `benchmark`; `tell` is called with a line before each one.

    Raises:
        UserError: there are fewer devices than wanted, a network or a file cannot be used, or another runtime is
            not installed. Except for files, this is found before anything is timed.
    """
    releases = {name: network(name) for name in benchmark.models}
    _check(benchmark)
    results: list[Result] = []
    too_large: list[Case] = []
    for cases in benchmark.groups():
        release, ready = releases[cases[0].model], {}
        with TemporaryDirectory() as folder:
            for case in cases:
                tell(f"compiling {case.task} {case.model} {case.dtype} batch {case.batch} {case.variant}")
                try:
                    ready[case] = warm_up(_build(case, release, materials, Path(folder)))
                except RuntimeError as error:
                    if "RESOURCE_EXHAUSTED" not in str(error) and "out of memory" not in str(error):
                        raise
                    too_large.append(case)
            tell(f"timing {cases[0].task} {cases[0].model}")
            results += _results(ready, benchmark, cost(release.config).macs)
    return Report(machine(), tuple(results), tuple(too_large))


def _check(benchmark: Benchmark) -> None:
    for count in benchmark.devices:
        Layout(count)
    for runtime in benchmark.against:
        if runtime in TORCH:
            torch_inference.check_torch()
        elif runtime != "lax":
            onnx_runtimes.check_runtime(runtime, benchmark.dtypes)


def _build(case: Case, release: Release, materials: Materials, folder: Path) -> Workload:
    release = in_dtype(release, case.dtype)
    if case.variant == "lax":
        release = with_convolutions(release, "lax")
        case = replace(case, variant="jit")
    if case.task == "inference":
        if case.variant in TORCH:
            return torch_inference.torch_inference(case, release)
        if case.variant in RUNTIMES:
            return onnx_runtimes.onnx_inference(case, release)
        return steps.inference(case, release)
    if case.task == "train":
        return steps.training(case, release)
    if case.variant in RUNTIMES:
        options = onnx_runtimes.runtime_options(case, alone=False)
        release = with_runtime(release, case.variant, options)  # type: ignore[arg-type]
    if case.task == "stream":
        workload = steps.stream(release)
        if case.variant not in RUNTIMES:
            return workload
        return workload._replace(work=workload.work._replace(analysis=None))  # XLA does not see the network
    from tracknet_jax.benchmark import input_cost, pipelines  # the data readers take seconds to import

    if case.task == "track":
        return pipelines.tracking(case, release, materials.video, folder)
    if case.task == "data":
        return pipelines.feeding(case, release, materials.data, folder)
    return input_cost.fed_training(case, release, materials.data, folder)


def warm_up(workload: Workload) -> Ready:
    """Runs a workload once, and reads how much memory its step needs.

    A device that counts its memory knows only the highest mark so far. If this run does not raise the mark, or
    nothing is counted, the memory is what XLA planned.
    """
    device = jax.local_devices()[0]
    before = device.memory_stats()
    block(workload.call, 1)
    after = device.memory_stats()
    analysis = workload.work.analysis
    if analysis is None:
        return Ready(workload, None)
    if before and after and after["peak_bytes_in_use"] > before["peak_bytes_in_use"]:
        others = before["bytes_in_use"] - analysis.argument_bytes
        return Ready(workload, Memory(after["peak_bytes_in_use"] - others, "device"))
    return Ready(workload, Memory(analysis.memory_bytes, "compiled"))


def _results(ready: dict[Case, Ready], benchmark: Benchmark, macs: int) -> list[Result]:
    """Times the cases of one group in turn, and compares what can be compared."""
    if not ready:
        return []
    timings, peaks = _timed({case: each.workload for case, each in ready.items()}, benchmark)
    found = {}
    for case, (workload, memory) in ready.items():
        result = Result(case, workload.work, timings[case], macs, memory, peaks.get(case))
        constant = timings.get(replace(case, variant="constant"))
        if constant is not None:
            result = replace(result, of_constant=constant.over(timings[case]))
        found[case] = result
    return [_compared(result, found, ready) for result in found.values()]


def _timed(
    workloads: dict[Case, Workload], benchmark: Benchmark
) -> tuple[dict[Case, Timing], dict[Case, Peaks]]:
    """The times of all cases, and the machine's peaks for cases whose multiply-adds are counted."""
    calls: dict[Any, Any] = {case: workload.call for case, workload in workloads.items()}
    if next(iter(calls)).task == "stream":  # one call a block: the latency of one window
        return measure(calls, benchmark.calls, 0.0), {}
    counted = [case for case, workload in workloads.items() if workload.work.passes]
    beside = references(counted)
    for key, reference in beside.items():
        block(reference.call, 1)
        calls[key] = reference.call
    timings = measure(calls, benchmark.blocks, benchmark.seconds)
    speeds = {key: reference.amount / timings[key].median for key, reference in beside.items()}
    return timings, {case: Peaks(*(speeds[key] for key in reference_keys(case))) for case in counted}


def _compared(result: Result, found: dict[Case, Result], ready: dict[Case, Ready]) -> Result:
    """The result with its ratio to, and its difference from, JAX's result of the same windows.

    Times are compared within a dtype, outputs with JAX's in float32 if that was measured.
    """
    case = result.case
    ours = _ours(case, case.dtype, found)
    if ours and case.variant in RUNTIMES:
        result = replace(result, ratio=result.timing.median / found[ours].timing.median)
    exact = _ours(case, "float32", found) or ours
    theirs = ready[case].workload.compared
    expected = ready[exact].workload.compared if exact else None
    if exact == case or theirs is None or expected is None:
        return result
    return replace(result, max_difference=float(np.abs(theirs() - expected()).max()))


def _ours(case: Case, dtype: Dtype, found: Container[Case]) -> Case | None:
    """JAX's case of the same windows, if it was measured."""
    same = (replace(case, dtype=dtype, variant=parallel) for parallel in get_args(Parallel))
    return next((case for case in same if case in found), None)
