"""The scores as the table on the terminal, and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tracknet_jax.evaluation.calibration import expected_calibration_error, reliability
from tracknet_jax.evaluation.report.curve import confidences_known, threshold_curve
from tracknet_jax.evaluation.report.speed import by_speed
from tracknet_jax.evaluation.scores import Scores
from tracknet_jax.scoring.metrics import Counts
from tracknet_jax.utils.files import replacing

CURVE_SCORES = ("precision", "recall", "recall_hit", "f1", "f1_hit")
TOLERANCES = (2, 4, 8)  # pixels of the protocol, reported beside its own
WHOLE = ("frames", "tp", "tn", "fp1", "fp2", "fn")
SHARES = ("accuracy", "precision", "recall", "f1", "recall_hit", "f1_hit")
COLUMNS = (
    *("Frames", "TP", "TN", "FP1", "FP2", "FN"),
    *("Acc", "Prec", "Recall", "F1", "Recall\nhit", "F1\nhit"),
)
CAPTION = "per cent; Recall, F1: a wrong place is a miss; hit: TP / (TP + FN), as published"
COUNTING = {
    "frames": "every labelled frame once",
    "windows": "every output of every stride-1 window",
}


def to_json(scores: Scores, run: Mapping[str, Any]) -> dict[str, Any]:
    """The whole report as plain values: `total`, `sports`, `clips` and more.

    Args:
        scores: the scored clips.
        run: what was scored with what. `protocol` is its name, `counting` says what was really counted, `frames` or
            `windows`. The rest is for the reader: command, checkpoint or predictions, data, ...
    """
    histogram = scores.distance_histogram
    return {
        **run,
        "unit": scores.rule.unit,
        "rules": asdict(scores.rule),
        "total": scores.total.to_dict(),
        "interval_95": {score: scores.interval(score) for score in ("f1", "f1_hit")},
        "localisation_px": scores.localisation,
        "average_precision": scores.average_precision,
        "tolerances": _dicts({str(t): counts for t, counts in scores.by_tolerance(TOLERANCES).items()}),
        "visibility": _dicts(scores.by_visibility),
        "speed": _dicts(by_speed(scores.clips)),
        **_confidence(scores),
        "distances_px": {
            "edges": histogram.edges.tolist(),
            "counts": histogram.counts.tolist(),
            "farther": histogram.farther,
        },
        "sports": _dicts(scores.by_sport),
        "clips": {
            score.clip.name: {
                **score.counts.to_dict(),
                "sport": score.clip.sport,
                "split": score.clip.split,
                "longest_miss": score.longest_miss,
            }
            for score in scores.clips
        },
    }


def _dicts(counts: Mapping[str, Counts]) -> dict[str, dict[str, int | float]]:
    return {name: count.to_dict() for name, count in counts.items()}


def _confidence(scores: Scores) -> dict[str, Any]:
    """Curve and calibration; None if detections have no confidences that differ."""
    if not confidences_known(scores.clips):
        return {"threshold_curve": None, "calibration": None}
    bins = reliability(scores.clips)
    return {
        "threshold_curve": [
            {"threshold": threshold, **{name: getattr(counts, name) for name in CURVE_SCORES}}
            for threshold, counts in threshold_curve(scores.clips, scores.rule)
        ],
        "calibration": {
            "expected_calibration_error": expected_calibration_error(bins),
            "bins": [asdict(b) for b in bins if b.count],
        },
    }


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Writes the report whole or not at all; `UserError` if it cannot be written."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(report, indent=2) + "\n")


def print_report(scores: Scores, run: Mapping[str, Any], console: Console) -> None:
    """Prints the protocol in words, the table by clip, sport and in total, and the details below it."""
    console.print(protocol_line(scores, run), soft_wrap=True)
    console.print(_main_table(scores))
    for line in details(scores):
        console.print(line, soft_wrap=True)


def protocol_line(scores: Scores, run: Mapping[str, Any]) -> str:
    """The protocol in words."""
    quoted = {"all": "Recall and F1", "hit": "Recall hit and F1 hit"}[scores.rule.recall]
    counted = COUNTING[run["counting"]]
    if run["counting"] != scores.rule.counting:
        counted += f" (a CSV has one row a frame; the protocol counts {COUNTING[scores.rule.counting]})"
    return f"Protocol {run['protocol']}: {scores.rule.unit}, {counted}; it quotes {quoted}."


def _main_table(scores: Scores) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, caption=CAPTION, caption_justify="left"
    )
    table.add_column("Clip", no_wrap=True, overflow="ellipsis", max_width=32)
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for score in scores.clips:
        table.add_row(score.clip.name, *cells(score.counts))
    table.add_section()
    for sport, counts in scores.by_sport.items():
        table.add_row(sport, *cells(counts))
    table.add_section()
    table.add_row("Total", *cells(scores.total), style="bold")
    return table


def cells(counts: Counts) -> list[str]:
    """Counts, and scores in per cent, under `COLUMNS`; a dash where there was nothing to score."""
    shares = (share(counts, name) for name in SHARES)
    return [
        *(str(getattr(counts, name)) for name in WHOLE),
        *("-" if value is None else f"{100 * value:.2f}" for value in shares),
    ]


def share(counts: Counts, score: str) -> float | None:
    """A score of `Counts`, None where there was nothing to score."""
    of = {
        "accuracy": counts.frames,
        "precision": counts.tp + counts.fp1 + counts.fp2,
        "recall": counts.tp + counts.fn + counts.fp1,
        "f1": counts.tp + counts.fn + counts.fp1,
        "recall_hit": counts.tp + counts.fn,
        "f1_hit": counts.tp + counts.fn,
    }[score]
    return getattr(counts, score) if of else None


def details(scores: Scores) -> list[str]:
    """The lines below the table: interval, tolerances, localisation, visibility classes, frames left out."""
    lines = []
    intervals = [scores.interval(score) for score in ("f1", "f1_hit")]
    if all(intervals):
        (low, high), (low_hit, high_hit) = intervals  # type: ignore[misc]
        lines.append(
            f"95 % interval over {len(scores.clips)} clips: F1 {low:.2%} to {high:.2%}, "
            f"F1 hit {low_hit:.2%} to {high_hit:.2%}"
        )
    where = "source" if scores.rule.size is None else "{}x{}".format(*scores.rule.size)
    steps = (f"{t} px {c.f1:.2%} ({c.f1_hit:.2%})" for t, c in scores.by_tolerance(TOLERANCES).items())
    lines.append(f"F1 (F1 hit) by tolerance at {where}: {', '.join(steps)}")
    distance = scores.localisation
    if distance["median"] is not None:
        lines.append(
            f"Distance in frames with both ball and prediction: median {distance['median']:.2f} px, "
            f"95 % within {distance['p95']:.2f} px at {where} "
            f"({distance['source_median']:.2f} and {distance['source_p95']:.2f} px of the sources)"
        )
    classes = (
        f"{name} {counts.tp}/{counts.frames - counts.tn - counts.fp2}"
        for name, counts in scores.by_visibility.items()
        if name != "no ball"
    )
    lines.append(f"Found in the right place, by visibility: {', '.join(classes)}")
    if scores.total.ignored:
        lines.append(f"Left out: {scores.total.ignored} frames with a ball that was not located, or no label")
    return lines
