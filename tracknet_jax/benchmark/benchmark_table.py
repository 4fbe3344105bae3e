"""The tables of a benchmark, one for each task, on the terminal and in Markdown, and its JSON file."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import rich.table
from rich import box
from rich.console import Console

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.benchmark_report import Report, Result
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.markdown import table

Column = tuple[str, Callable[[Result], str]]


class Table(NamedTuple):
    """A table before it has a format."""

    title: str
    head: list[str]
    rows: list[list[str]]


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


def write_markdown(path: Path, report: Report) -> None:
    """Writes the machine and the tables; `UserError` if they cannot be written."""
    parts = [f"{machine_line(report)}."]
    parts += [f"{each.title}:\n\n{table(each.head, each.rows)}" for each in tables(report)]
    parts += [f"Does not fit the memory: {case_name(case)}." for case in report.too_large]
    with replacing(path) as partial:
        partial.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def print_report(report: Report, console: Console) -> None:
    """Prints the machine, a table for each task, the comparison of runtimes, and what did not fit."""
    console.print(machine_line(report), soft_wrap=True)
    for each in tables(report):
        shown = rich.table.Table(
            title=each.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True
        )
        for number, name in enumerate(each.head):
            shown.add_column(name, justify="left" if number == 0 else "right", no_wrap=True)
        for row in each.rows:
            shown.add_row(*row)
        console.print(shown)
    for case in report.too_large:
        console.print(f"does not fit the memory: {case_name(case)}", soft_wrap=True)


def tables(report: Report) -> Iterator[Table]:
    """One for each task, and the comparison of runtimes."""
    for task, title in TITLES.items():
        yield from _table(title, _COLUMNS[task], [x for x in report.results if x.case.task == task])
    compared = {_windows(x) for x in report.results if (x.ratio, x.max_difference) != (None, None)}
    yield from _table(COMPARED, _AGAINST, [x for x in report.results if _windows(x) in compared])


def _windows(result: Result) -> tuple[str, str, int, int]:
    """What a result has in common with those that it is compared with."""
    case = result.case
    return case.task, case.model, case.batch, case.devices


def case_name(case: Case) -> str:
    """A case in words."""
    return f"{case.task} {case.model} {case.dtype} batch {case.batch} on {case.devices}, {case.variant}"


def machine_line(report: Report) -> str:
    """Where and with what it was measured."""
    about = report.machine
    load = "" if about["load"] is None else f", load {about['load']:.1f} when it ended"
    return (
        f"{about['backend']}: {about['devices']} x {about['device']}, {about['processor']}, "
        f"{about['cores']} cores{load}; jax {about['jax']}, tracknet-jax {about['tracknet_jax']}"
    )


def _table(title: str, columns: tuple[Column, ...], results: list[Result]) -> Iterator[Table]:
    """None without results."""
    if results:
        rows = [[cell(result) for _, cell in columns] for result in results]
        yield Table(title, [name for name, _ in columns], rows)


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
