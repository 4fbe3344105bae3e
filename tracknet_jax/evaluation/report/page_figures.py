"""The charts of the page: scores over confidence, and how far detections lie from the ball."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from tracknet_jax.evaluation.calibration import expected_calibration_error, reliability
from tracknet_jax.evaluation.report.curve import CurvePoint, confidences_known, threshold_curve
from tracknet_jax.evaluation.report.page_charts import Chart
from tracknet_jax.evaluation.scores import Scores
from tracknet_jax.scoring.metrics import Counts

LINES = {  # score of `Counts`: its name and line
    "precision": ("precision", "blue"),
    "recall": ("recall", "orange"),
    "f1": ("F1", "green"),
    "f1_hit": ("F1 hit", "violet"),
}


def charts(scores: Scores) -> str:
    """All charts. If detections have no confidences that differ, a sentence replaces the curves over them."""
    curve = threshold_curve(scores.clips, scores.rule)
    figures, told = [], ""
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
    chart = Chart("least confidence", "score", x=(_floor(threshold), 1), y=(0, 1))
    _score_lines(chart, threshold, [point.counts for point in curve], LINES)
    best, scored = max(curve, key=lambda point: point.counts.f1), 100 * curve[0].counts.f1
    chart.mark(best.threshold, best.counts.f1, "best F1", "green")
    if best == curve[0]:
        told = (
            f"F1 is {scored:.1f} as scored: no higher threshold is better, and detections that a lower one would "
            "add are not among these."
        )
    else:
        told = f"F1 is {scored:.1f} as scored, and at best {100 * best.counts.f1:.1f} from {best.threshold:.2f} on."
    caption = f"Where only detections of at least this confidence are kept. {told}"
    return _figure("Scores by threshold", chart, caption, LINES)


def _reliability(scores: Scores) -> tuple[str, str]:
    bins = reliability(scores.clips)
    edges = [bins[0].low, *(b.high for b in bins)]
    right = Chart("confidence", "share in the right place", x=(0, 1), y=(0, 1))
    told = (f"{b.low:g} to {b.high:g}: {100 * b.right:.1f} per cent of {b.count} detections" for b in bins)
    right.bars(edges, [b.right for b in bins], told)
    right.line([0, 1], [0, 1], "dashed")
    filled = [b for b in bins if b.count]
    right.line([b.confidence for b in filled], [b.right for b in filled], "orange")
    total = sum(b.count for b in bins)
    counts = Chart("confidence", "share of detections", x=(0, 1), y=(0, 1))
    told = (f"{b.low:g} to {b.high:g}: {b.count} of {total} detections" for b in bins)
    counts.bars(edges, [b.count / total for b in bins], told)
    return (
        _figure(
            "Reliability",
            right,
            "How many of the detections of each confidence are in the right place. On the dashed line a confidence is "
            f"the chance of being right. Expected calibration error: {100 * expected_calibration_error(bins):.1f} "
            "per cent.",
        ),
        _figure(
            "Detections by confidence",
            counts,
            "The share of all detections that each bar of Reliability holds.",
        ),
    )


def _distances(scores: Scores) -> str:
    """The histogram of distances in the frames that have both ball and prediction."""
    edges, counts, farther = scores.distance_histogram
    total = counts.sum() + farther
    if not total:
        return "<figure><p>No ball was found, so there are no distances.</p></figure>"
    chart = Chart("px", "balls", x=(0, float(edges[-1])), y=(0, 1.08 * max(1.0, float(counts.max()))))
    told = (f"{a:g} to {b:g} px: {count}" for a, b, count in zip(edges[:-1], edges[1:], counts, strict=True))
    chart.bars(edges, counts, told)
    chart.vertical(scores.rule.tolerance, "tolerance")
    return _figure(
        "Distance from the ball",
        chart,
        f"In frames with both ball and detection: {scores.rule.unit} is right. {farther} of {total} lie "
        "farther off than this shows.",
    )


def _tolerances(scores: Scores) -> str:
    """Scores over the tolerance, from a quarter of the protocol's to twice that."""
    by_tolerance = scores.by_tolerance((scores.rule.tolerance * np.arange(2, 17) / 8).tolist())
    chart = Chart("tolerance, px", "score", x=(0, 2 * scores.rule.tolerance), y=(0, 1))
    _score_lines(chart, list(by_tolerance), list(by_tolerance.values()), ("f1", "f1_hit"))
    chart.vertical(scores.rule.tolerance, "tolerance")
    caption = "As a detection may lie farther from the ball. Where the lines are flat, errors are far off, not inexact."
    return _figure("Scores by tolerance", chart, caption, ("f1", "f1_hit"))


def _score_lines(chart: Chart, x: Sequence[float], counts: Sequence[Counts], names: Iterable[str]) -> None:
    for name in names:
        chart.line(x, [getattr(each, name) for each in counts], LINES[name][1])


def _apart(places: np.ndarray, distance: float = 0.2) -> list[int]:
    """Numbers of the points (N, 2) to mark: the first, and each at that distance from the last one chosen."""
    chosen = [0]
    for k, place in enumerate(places):
        if np.hypot(*(place - places[chosen[-1]])) >= distance:
            chosen.append(k)
    return chosen


def _floor(values: list[float]) -> float:
    """The lower end of an axis: the tenth below all values, 0.9 at most."""
    return min(0.9, float(np.floor(10 * min(values) + 1e-9) / 10))


def _figure(title: str, chart: Chart, caption: str, lines: Iterable[str] = ()) -> str:
    """A chart under its title, with a legend of some of LINES."""
    items = "".join(f'<li><i class="{LINES[name][1]}"></i>{LINES[name][0]}</li>' for name in lines)
    legend = f'<ul class="legend">{items}</ul>' if items else ""
    return (
        f"<figure><h3>{escape(title)}</h3>{chart.svg(title)}{legend}"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
