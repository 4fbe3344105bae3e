"""The tables of a benchmark, one a task, on the terminal and in Markdown, and its JSON file."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import rich.table
from rich import box
from rich.console import Console

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.profile import Part
from tracknet_jax.benchmark.results import Report, Result
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.markdown import table

Column = tuple[str, Callable[[Result], str]]


class Table(NamedTuple):
    """What is shown, whichever way."""

    title: str
    head: list[str]
    rows: list[list[str]]


TITLES = {
    "inference": "Inference: windows on the device to maps",
    "stream": "Stream: one window on the host to positions, each call waited for",
    "train": "Training step",
    "track": "Tracking: a video to its CSV file",
    "start": "Start: a process of its own, to the CSV file of one step; programs from the cache on disk",
    "data": "Data: batches for the training step, without the step",
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
    for each in tables(report):
        parts.append(f"{each.title}:\n\n{table(each.head, each.rows)}")
    parts += [f"Does not fit the memory: {case_name(case)}." for case in report.too_large]
    with replacing(path) as partial:
        partial.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def print_report(report: Report, console: Console) -> None:
    """Prints the machine, a table for each task, the comparison of runtimes, and what did not fit."""
    console.print(machine_line(report), soft_wrap=True)
    for each in tables(report):
        console.print(_rich(each))
    for case in report.too_large:
        console.print(f"does not fit the memory: {case_name(case)}", soft_wrap=True)


def tables(report: Report) -> Iterator[Table]:
    """One for each task, the comparison of runtimes, and the profiles."""
    for task, title in TITLES.items():
        results = [result for result in report.results if result.case.task == task]
        if results:
            yield _table(title, _COLUMNS[task], results)
    compared = [_windows(result) for result in report.results if _is_compared(result)]
    results = [result for result in report.results if _windows(result) in compared]
    if results:
        yield _table(COMPARED, _AGAINST, results)
    yield from (_profile(result) for result in report.results if result.profile)


def _is_compared(result: Result) -> bool:
    return not (result.ratio is None and result.max_difference is None)


def _windows(result: Result) -> tuple[str, str, int, int]:
    """What a result has in common with those that it is compared with."""
    case = result.case
    return case.task, case.model, case.batch, case.devices


def case_name(case: Case) -> str:
    """In a line."""
    return f"{case.task} {case.model} {case.dtype} batch {case.batch} on {case.devices}, {case.variant}"


def machine_line(report: Report) -> str:
    """Where and with what it was measured."""
    about = report.machine
    load = "" if about["load"] is None else f", load {about['load']:.1f} when it ended"
    return (
        f"{about['backend']}: {about['devices']} x {about['device']}, {about['processor']}, "
        f"{about['cores']} cores{load}; jax {about['jax']}, tracknet-jax {about['tracknet_jax']}"
    )


def _table(title: str, columns: Sequence[Column], results: Iterable[Result]) -> Table:
    return Table(
        title, [name for name, _ in columns], [[cell(result) for _, cell in columns] for result in results]
    )


def _profile(result: Result) -> Table:
    """Parts of 1 per cent or more, and the rest."""
    total = sum(part.seconds for part in result.profile)
    large = [part for part in result.profile if part.seconds >= 0.01 * total]
    small = [part for part in result.profile if part not in large]
    if small:
        large.append(Part("the rest", sum(p.seconds for p in small), sum(p.products for p in small)))
    rows = [
        [name, _number(1e3 * seconds), f"{seconds / total:.1%}", _number(1e3 * products)]
        for name, seconds, products in large
    ]
    return Table(
        f"Profile, {case_name(result.case)}: {_number(1e3 * total)} ms a step in operations, those that run side by "
        f"side counted each; timed without the profiler {_number(1e3 * result.timing.median)} ms",
        ["part", "ms", "share", "of it in products, ms"],
        rows,
    )


def _rich(content: Table) -> rich.table.Table:
    shown = rich.table.Table(
        title=content.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True
    )
    for number, name in enumerate(content.head):
        shown.add_column(name, justify="left" if number == 0 else "right", no_wrap=True)
    for row in content.rows:
        shown.add_row(*row)
    return shown


def _number(value: float | None) -> str:
    """Three digits that count."""
    return "-" if value is None else f"{value:#.3g}".rstrip(".") if value < 1000 else f"{value:,.0f}"


def _milliseconds(share: int) -> Callable[[Result], str]:
    return lambda result: _number(1e3 * result.timing.percentile(share))


def _xla_gflops(result: Result) -> str:
    analysis, windows = result.work.analysis, result.work.windows
    return _number(analysis.flops / windows / 1e9 if analysis else None)


def _memory(result: Result) -> str:
    if result.memory is None:
        return "-"
    return f"{result.memory.bytes / 2**20:,.0f}{'' if result.memory.source == 'device' else '*'}"


def _share(result: Result) -> str:
    return "-" if result.share_of_peak is None else f"{result.share_of_peak:.1%}"


def _difference(result: Result) -> str:
    return "-" if result.max_difference is None else f"{result.max_difference:.1e}"


_NETWORK: tuple[Column, ...] = (
    ("network", lambda result: result.case.model),
    ("dtype", lambda result: result.case.dtype),
)
_BATCH: Column = ("batch", lambda result: str(result.case.batch))
_BY: Column = ("by", lambda result: result.case.variant)
_SPREAD: Column = ("spread", lambda result: f"{result.timing.spread:.1%}")
_COMPILE: Column = ("compile s", lambda result: _number(result.work.compile_seconds))
_SPEED: tuple[Column, ...] = (
    ("windows/s", lambda result: _number(result.windows_per_second)),
    ("frames/s", lambda result: _number(result.frames_per_second)),
    _SPREAD,
    _COMPILE,
)
_COSTS: tuple[Column, ...] = (
    ("GMACs", lambda result: _number(result.macs * result.work.passes / 1e9)),
    ("XLA GFLOPs", _xla_gflops),
    ("MiB", _memory),
    ("of peak", _share),
)
_STEP: tuple[Column, ...] = (
    *_NETWORK,
    _BATCH,
    ("devices", lambda result: str(result.case.devices)),
    _BY,
    *_SPEED,
    *_COSTS,
)
_COLUMNS: dict[str, tuple[Column, ...]] = {
    "inference": _STEP,
    "stream": (
        *_NETWORK,
        _BY,
        ("p50 ms", _milliseconds(50)),
        ("p90 ms", _milliseconds(90)),
        ("p99 ms", _milliseconds(99)),
        _COMPILE,
        *_COSTS[:3],
    ),
    "train": _STEP,
    "track": (*_NETWORK, _BATCH, _BY, *_SPEED, _COSTS[0], _COSTS[3]),
    "start": (
        *_NETWORK,
        _BATCH,
        ("s", lambda result: _number(result.timing.median)),
        _SPREAD,
        ("s without cache", lambda result: _number(result.work.compile_seconds)),
    ),
    "data": (_NETWORK[0], _BATCH, ("pipeline", lambda result: result.case.variant), *_SPEED),
    "input": (
        *_NETWORK,
        _BATCH,
        ("fed by", lambda result: result.case.variant),
        *_SPEED[:3],
        ("of constant", lambda result: "-" if result.of_constant is None else f"{result.of_constant:.1%}"),
    ),
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
