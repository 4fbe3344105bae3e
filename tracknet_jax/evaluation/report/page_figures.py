"""The charts of the page: what confidences say, and how far detections lie from the ball."""

from collections.abc import Iterable
from html import escape

import numpy as np

from tracknet_jax.evaluation.report.curve import CurvePoint, best_point, confidences_known, threshold_curve
from tracknet_jax.evaluation.report.distances import distance_histogram
from tracknet_jax.evaluation.report.page_charts import Chart
from tracknet_jax.evaluation.report.reliability import expected_calibration_error, reliability
from tracknet_jax.evaluation.scores import Scores

LINES = {  # score of `Counts`: its name and line
    "precision": ("precision", "blue"),
    "recall": ("recall", "orange"),
    "f1": ("F1", "green"),
    "f1_hit": ("F1 hit", "violet"),
}


def charts(scores: Scores) -> str:
    """All of them; a sentence instead of the curves over confidences where there are none."""
    curve = threshold_curve(scores.clips, scores.rule)
    figures: list[str] = []
    told = ""
    if not curve:
        told = "<p>Nothing was found, so there are no curves over confidences.</p>"
    elif not confidences_known(scores.clips):
        told = "<p>The detections come without confidences that differ, so there are no curves over them.</p>"
    else:
        precision = _precision_recall(curve, scores.average_precision)
        figures = [precision, _thresholds(curve), *_reliability(scores)]
    return f'{told}<div class="pair">{"".join([*figures, _distances(scores), _tolerances(scores)])}</div>'


def _precision_recall(curve: list[CurvePoint], average_precision: float) -> str:
    recall, precision = ([getattr(point.counts, name) for point in curve] for name in ("recall", "precision"))
    floor = _floor(precision)
    chart = Chart("recall", "precision", x=(0, 1), y=(floor, 1))
    chart.line(recall, precision, "blue")
    places = np.stack([recall, (np.array(precision) - floor) / (1 - floor)], axis=-1)
    for k in _apart(places):
        text = f"{curve[k].threshold:.3g}" if k else "as scored"
        chart.mark(recall[k], precision[k], text, "blue")
    return _figure(
        "Precision and recall",
        chart,
        "As detections must have a higher confidence, from right to left; the numbers are thresholds. A wrong place "
        "counts against both. Average precision, where recall leaves wrong places out: "
        f"{100 * average_precision:.1f} per cent.",
    )


def _thresholds(curve: list[CurvePoint]) -> str:
    threshold = [point.threshold for point in curve]
    values = {name: [getattr(point.counts, name) for point in curve] for name in LINES}
    chart = Chart("least confidence", "score", x=(_floor(threshold), 1), y=(0, 1))
    for name, (_, style) in LINES.items():
        chart.line(threshold, values[name], style)
    best, scored = best_point(curve, "f1"), 100 * curve[0].counts.f1
    chart.mark(best.threshold, best.counts.f1, "best F1", "green")
    if best == curve[0]:
        told = (
            f"F1 is {scored:.1f} as scored: no higher threshold is better, and detections that a lower one would "
            "add are not among these."
        )
    else:
        told = f"F1 is {scored:.1f} as scored, and at best {100 * best.counts.f1:.1f} from {best.threshold:.2f} on."
    return _figure(
        "Scores by threshold",
        chart,
        f"Where only detections of at least this confidence are kept. {told}",
        _legend(LINES),
    )


def _reliability(scores: Scores) -> tuple[str, str]:
    bins = reliability(scores.clips)
    edges = [bins[0].low, *(b.high for b in bins)]
    chart = Chart("confidence", "share in the right place", x=(0, 1), y=(0, 1))
    told = [f"{b.low:g} to {b.high:g}: {100 * b.right:.1f} per cent of {b.count} detections" for b in bins]
    chart.bars(edges, [b.right for b in bins], "bars", told)
    chart.line([0, 1], [0, 1], "dashed")
    filled = [b for b in bins if b.count]
    chart.line([b.confidence for b in filled], [b.right for b in filled], "orange")
    error = expected_calibration_error(bins)
    total = sum(b.count for b in bins)
    counts = Chart("confidence", "share of detections", x=(0, 1), y=(0, 1))
    told = [f"{b.low:g} to {b.high:g}: {b.count} of {total} detections" for b in bins]
    counts.bars(edges, [b.count / total for b in bins], "bars", told)
    return (
        _figure(
            "Reliability",
            chart,
            "How many of the detections of each confidence are in the right place. On the dashed line a confidence "
            f"means what it says. Expected calibration error: {100 * error:.1f} per cent.",
        ),
        _figure("How sure it is", counts, "Detections by confidence: what the bars beside this stand on."),
    )


def _distances(scores: Scores) -> str:
    """The histogram of distances where ball and prediction are both there."""
    histogram = distance_histogram(scores.clips, scores.rule.tolerance)
    total = histogram.counts.sum() + histogram.farther
    if not total:
        return "<figure><p>No ball was found, so there are no distances.</p></figure>"
    top = max(1.0, float(histogram.counts.max()))
    chart = Chart("px", "balls", x=(0, float(histogram.edges[-1])), y=(0, 1.08 * top))
    between = zip(histogram.edges[:-1], histogram.edges[1:], histogram.counts, strict=True)
    told = [f"{low:g} to {high:g} px: {count}" for low, high, count in between]
    chart.bars(histogram.edges, histogram.counts, "bars", told)
    chart.vertical(scores.rule.tolerance, "tolerance")
    return _figure(
        "Distance from the ball",
        chart,
        f"Where ball and detection are both there: {scores.rule.unit} is right. {histogram.farther} of {total} lie "
        f"farther off than this shows.",
    )


def _tolerances(scores: Scores) -> str:
    """Scores over the distance that is right, from a quarter of the protocol's to twice that."""
    tolerances = scores.rule.tolerance * np.arange(2, 17) / 8
    by_tolerance = scores.by_tolerance(tolerances.tolist())
    chart = Chart("tolerance, px", "score", x=(0, 2 * scores.rule.tolerance), y=(0, 1))
    for name in ("f1", "f1_hit"):
        values = [getattr(counts, name) for counts in by_tolerance.values()]
        chart.line(list(by_tolerance), values, LINES[name][1])
    chart.vertical(scores.rule.tolerance, "tolerance")
    return _figure(
        "Scores by tolerance",
        chart,
        "As a detection may lie farther from the ball. Where the lines are flat, an error is no matter of pixels.",
        _legend(("f1", "f1_hit")),
    )


def _legend(names: Iterable[str]) -> str:
    items = (f'<li><i class="{LINES[name][1]}"></i>{LINES[name][0]}</li>' for name in names)
    return f'<ul class="legend">{"".join(items)}</ul>'


def _apart(places: np.ndarray, distance: float = 0.2) -> list[int]:
    """The first of the points (N, 2) of a line, and each that is so far from the last one chosen."""
    chosen = [0]
    for k, place in enumerate(places):
        if np.hypot(*(place - places[chosen[-1]])) >= distance:
            chosen.append(k)
    return chosen


def _floor(values: list[float]) -> float:
    """The tenth below all values, and below 1."""
    return min(0.9, float(np.floor(10 * min(values) + 1e-9) / 10))


def _figure(title: str, chart: Chart, caption: str, more: str = "") -> str:
    return (
        f"<figure><h3>{escape(title)}</h3>{chart.svg(title)}{more}"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
