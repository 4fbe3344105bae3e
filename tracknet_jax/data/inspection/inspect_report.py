"""The report of an inspection: tables for the terminal, and JSON."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tracknet_jax.data.clips import CLEAR, HARD, NO_BALL, OCCLUDED, VISIBILITY_NAMES
from tracknet_jax.data.inspection.inspected_clips import ClipReport
from tracknet_jax.utils.files import replacing

EXAMPLES = 3  # printed of each kind of finding; the JSON has all


def print_reports(reports: Sequence[ClipReport]) -> None:
    """Prints the contents by split and sport, and the kinds of findings with examples."""
    console = Console(highlight=False)
    console.print(_contents(reports))
    findings = [finding for report in reports for finding in report.findings]
    if not findings:
        console.print("nothing suspicious found")
        return
    for kind, count in Counter(finding.kind for finding in findings).most_common():
        console.print(f"{kind}: {count}", style="bold")
        for finding in [finding for finding in findings if finding.kind == kind][:EXAMPLES]:
            console.print(f"  {finding.where}: {finding.message}", markup=False, soft_wrap=True)


def _contents(reports: Sequence[ClipReport]) -> Table:
    """A table with one column for each split and sport."""
    groups: dict[tuple[str, str], list[ClipReport]] = defaultdict(list)
    for report in reports:
        groups[report.split, report.sport].append(report)
    table = Table(box=None, padding=(0, 1), show_header=False)
    columns = [dict(_group_rows(*key, groups[key])) for key in sorted(groups)]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _group_rows(split: str, sport: str, clips: Sequence[ClipReport]) -> Iterator[tuple[str, str]]:
    yield "split", split or "-"
    yield "sport", sport or "-"
    yield "clips", f"{len(clips):,}"
    yield "frames", f"{sum(clip.frames for clip in clips):,}"
    yield "  labelled", f"{sum(clip.labelled for clip in clips):,}"
    for value in (CLEAR, HARD, OCCLUDED, NO_BALL):
        name = VISIBILITY_NAMES[value]
        yield f"  {name}", f"{sum(clip.visibility.get(name, 0) for clip in clips):,}"
    yield "  visible, not located", f"{sum(clip.not_located for clip in clips):,}"
    yield "  same as the one before", f"{sum(clip.duplicated for clip in clips):,}"
    yield "gaps in frame numbers", f"{sum(clip.gaps for clip in clips):,}"
    yield "size", _listed(f"{clip.width}x{clip.height}" for clip in clips if clip.width)
    yield (
        "frames a second",
        _listed(f"{float(Fraction(clip.fps)):.4g}" if clip.fps else "?" for clip in clips),
    )


def _listed(values: Iterable[str]) -> str:
    names = list(dict.fromkeys(values))
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")


def write_json(path: Path, reports: Sequence[ClipReport]) -> None:
    """Writes every clip's report; raises `UserError` if the file cannot be written."""
    with replacing(path) as partial:
        partial.write_text(json.dumps({"clips": [asdict(report) for report in reports]}, indent=1))
