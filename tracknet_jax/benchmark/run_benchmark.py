"""Goes through the cases: builds those of a group, runs each once, times them in turn."""

from collections.abc import Callable, Container
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import numpy as np

from tracknet_jax.benchmark import onnx_runtimes, steps, torch_inference
from tracknet_jax.benchmark.benchmark_config import RUNTIMES, Benchmark, Case, Dtype, Parallel
from tracknet_jax.benchmark.benchmark_report import Peaks, Report, Result
from tracknet_jax.benchmark.machine import machine
from tracknet_jax.benchmark.peak import reference_keys, references
from tracknet_jax.benchmark.program import Layout
from tracknet_jax.benchmark.timing import Timing, block, measure
from tracknet_jax.benchmark.workload import Workload, network
from tracknet_jax.export.runtime import with_runtime
from tracknet_jax.models.cost import cost
from tracknet_jax.releases.release import Release, in_dtype, with_convolutions

TORCH = ("torch", "torch_compile")


def run_benchmark(
    benchmark: Benchmark,
    video: Path = Path(),
    data: Path = Path(),
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Measures all cases of `benchmark`.

    Args:
        video: what `track` tracks.
        data: labelled clips or a built dataset, for `input`.
        tell: is called with a line before each case.

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
                    workload = _build(case, release, video, data, Path(folder))
                    block(workload.call, 1)
                    ready[case] = workload
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


def _build(case: Case, release: Release, video: Path, data: Path, folder: Path) -> Workload:
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
    from tracknet_jax.benchmark import pipelines  # the data readers take seconds to import

    if case.task == "track":
        return pipelines.tracking(case, release, video, folder)
    return pipelines.fed_training(case, release, data, folder)


def _results(ready: dict[Case, Workload], benchmark: Benchmark, macs: int) -> list[Result]:
    """Times the cases of one group in turn, and compares what can be compared."""
    if not ready:
        return []
    timings, peaks = _timed(ready, benchmark)
    results = []
    for case, workload in ready.items():
        timing, constant = timings[case], timings.get(replace(case, variant="constant"))
        ours = _ours(case, case.dtype, ready) if case.variant in RUNTIMES else None
        results.append(
            Result(
                case,
                workload.work,
                timing,
                macs,
                peaks.get(case),
                ratio=timing.median / timings[ours].median if ours else None,
                max_difference=_difference(case, ready),
                of_constant=constant.over(timing) if constant else None,
            )
        )
    return results


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


def _difference(case: Case, ready: dict[Case, Workload]) -> float | None:
    """The largest one from JAX's output for the same windows: in float32 if that was measured, else in this dtype."""
    exact = _ours(case, "float32", ready) or _ours(case, case.dtype, ready)
    theirs = ready[case].compared
    expected = ready[exact].compared if exact else None
    if exact == case or theirs is None or expected is None:
        return None
    return float(np.abs(theirs() - expected()).max())


def _ours(case: Case, dtype: Dtype, found: Container[Case]) -> Case | None:
    """JAX's case of the same windows, if it was measured."""
    same = (replace(case, dtype=dtype, variant=parallel) for parallel in get_args(Parallel))
    return next((case for case in same if case in found), None)
