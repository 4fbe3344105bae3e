"""The tables of a benchmark in Markdown, one for each task, and its JSON file."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from tracknet_jax.benchmark.benchmark_report import Report, Result
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.markdown import table

Column = tuple[str, Callable[[Result], str]]

TITLES = {
    "inference": "Inference: windows on the device to maps",
    "stream": "Stream: one window on the host to positions, each call waited for",
    "train": "Training step",
    "track": "Tracking: a video to its CSV file",
    "input": "Input: training as it is fed, beside training on one batch that is always there",
}

COMPARED = "Compared: times with ours in the same dtype, results with ours in float32"


def write_json(path: Path, report: Report, command: str) -> None:
    """Writes everything that was measured; `UserError` if it cannot be written."""
    with replacing(path) as partial:
        partial.write_text(json.dumps({"command": command, **report.to_dict()}, indent=1) + "\n")


def markdown(report: Report) -> str:
    """The machine, a table for each task, the comparison of runtimes, and what did not fit."""
    about = report.machine
    load = "" if about["load"] is None else f", load {about['load']:.1f} when it ended"
    parts = [
        f"{about['backend']}: {about['devices']} x {about['device']}, {about['processor']}, "
        f"{about['cores']} cores{load}; jax {about['jax']}, tracknet-jax {about['tracknet_jax']}.",
        *_tables(report),
    ]
    for case in report.too_large:
        name = f"{case.task} {case.model} {case.dtype} batch {case.batch} on {case.devices}, {case.variant}"
        parts.append(f"Does not fit the memory: {name}.")
    return "\n\n".join(parts) + "\n"


def _tables(report: Report) -> Iterator[str]:
    for task, title in TITLES.items():
        yield from _table(title, _COLUMNS[task], [x for x in report.results if x.case.task == task])
    compared = {_windows(x) for x in report.results if (x.ratio, x.max_difference) != (None, None)}
    yield from _table(COMPARED, _AGAINST, [x for x in report.results if _windows(x) in compared])


def _windows(result: Result) -> tuple[str, str, int, int]:
    """What a result has in common with those that it is compared with."""
    case = result.case
    return case.task, case.model, case.batch, case.devices


def _table(title: str, columns: tuple[Column, ...], results: list[Result]) -> Iterator[str]:
    """None without results."""
    if results:
        rows = [[cell(result) for _, cell in columns] for result in results]
        yield f"{title}:\n\n{table([name for name, _ in columns], rows)}"


def _number(value: float | None) -> str:
    """Three significant digits."""
    return "-" if value is None else f"{value:#.3g}".rstrip(".") if value < 1000 else f"{value:,.0f}"


def _per_cent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _milliseconds(share: int) -> Callable[[Result], str]:
    return lambda result: _number(1e3 * result.timing.percentile(share))


def _xla_gflops(result: Result) -> str:
    analysis, windows = result.work.analysis, result.work.windows
    return _number(analysis.flops / windows / 1e9 if analysis else None)


def _memory(result: Result) -> str:
    analysis = result.work.analysis
    return f"{analysis.memory_bytes / 2**20:,.0f}" if analysis else "-"


def _difference(result: Result) -> str:
    return "-" if result.max_difference is None else f"{result.max_difference:.1e}"


_NETWORK: tuple[Column, ...] = (
    ("network", lambda result: result.case.model),
    ("dtype", lambda result: result.case.dtype),
)
_BATCH: Column = ("batch", lambda result: str(result.case.batch))
_DEVICES: Column = ("devices", lambda result: str(result.case.devices))
_BY: Column = ("by", lambda result: result.case.variant)
_SPREAD: Column = ("spread", lambda result: _per_cent(result.timing.spread))
_COMPILE: Column = ("compile s", lambda result: _number(result.work.compile_seconds))
_SPEED: tuple[Column, ...] = (
    ("windows/s", lambda result: _number(result.windows_per_second)),
    ("frames/s", lambda result: _number(result.frames_per_second)),
    _SPREAD,
)
_GMACS: Column = ("GMACs", lambda result: _number(result.macs * result.work.passes / 1e9))
_COSTS: tuple[Column, ...] = (_GMACS, ("XLA GFLOPs", _xla_gflops), ("MiB", _memory))
_OF_PEAK: Column = ("of peak", lambda result: _per_cent(result.share_of_peak))
_STEP = (*_NETWORK, _BATCH, _DEVICES, _BY, *_SPEED, _COMPILE, *_COSTS, _OF_PEAK)
_LATENCY = tuple((f"p{share} ms", _milliseconds(share)) for share in (50, 90, 99))
_FED_BY: Column = ("fed by", lambda result: result.case.variant)
_OF_CONSTANT: Column = ("of constant", lambda result: _per_cent(result.of_constant))

_COLUMNS: dict[str, tuple[Column, ...]] = {
    "inference": _STEP,
    "stream": (*_NETWORK, _BY, *_LATENCY, _COMPILE, *_COSTS),
    "train": _STEP,
    "track": (*_NETWORK, _BATCH, _BY, *_SPEED, _COMPILE, _GMACS, _OF_PEAK),
    "input": (*_NETWORK, _BATCH, _FED_BY, *_SPEED, _OF_CONSTANT),
}
_AGAINST: tuple[Column, ...] = (
    ("task", lambda result: result.case.task),
    *_NETWORK,
    _BATCH,
    _BY,
    ("ms a window", lambda result: _number(1e3 / result.windows_per_second)),
    ("ratio", lambda result: _number(result.ratio)),
    ("largest difference", _difference),
    _SPREAD,
)
