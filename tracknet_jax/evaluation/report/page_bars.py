"""Outcomes as bars: their shares in a group of frames, and where they fall in a clip."""

from html import escape

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.evaluation.report.page_charts import ticks
from tracknet_jax.evaluation.report.timeline import SEVERITY, timeline
from tracknet_jax.scoring.metrics import FN, FP1, FP2, IGNORED, OUTCOMES, TN, TP, Counts

MEANING = {
    TP: "found in the right place",
    TN: "nothing there, nothing found",
    FP1: "found in a wrong place",
    FP2: "found where there is none",
    FN: "not found",
    IGNORED: "not scored",
}
NAMES = {**dict(enumerate(OUTCOMES)), IGNORED: "left out"}
CSS = {**dict(enumerate(map(str.lower, OUTCOMES))), IGNORED: "ignored"}  # the page's classes
STRIP_COLUMNS = 600  # of a strip at most, about as many as a screen has pixels for it


def legend() -> str:
    """What the colours of the outcomes mean."""
    items = (f'<li><i class="{CSS[code]}"></i>{NAMES[code]}: {text}</li>' for code, text in MEANING.items())
    return f'<ul class="legend">{"".join(items)}</ul>'


def outcome_bar(counts: Counts) -> str:
    """One bar, divided like the frames that count."""
    parts = (
        f'<i class="{name.lower()}" style="flex-grow:{count}" title="{name} {count}"></i>'
        for name in OUTCOMES
        if (count := getattr(counts, name.lower()))
    )
    return f'<div class="bar">{"".join(parts)}</div>'


def timeline_strip(score: ClipScore) -> str:
    """The frames of a clip from left to right, each in the colour of its outcome, over an axis of frame numbers.

    In a clip of more than `STRIP_COLUMNS` frames several share a column, in the colour of the worst of them. Worse
    outcomes are drawn later and, by the page's style, at least a pixel wide, so that no error is too short to be seen.
    """
    runs = timeline(score, STRIP_COLUMNS)
    if not runs:
        return ""
    first, last = runs[0].first, runs[-1].last
    length = last + 1 - first
    parts = []
    for run in sorted(runs, key=lambda run: SEVERITY.index(run.code)):
        frames = f"frame {run.first}" if run.first == run.last else f"frames {run.first} to {run.last}"
        told = (
            f"{frames}: {'at worst ' if length > STRIP_COLUMNS else ''}{NAMES[run.code]}, {MEANING[run.code]}"
        )
        parts.append(
            f'<rect class="{CSS[run.code]}" x="{run.first - first}" width="{run.last + 1 - run.first}" height="1">'
            f"<title>{told}</title></rect>"
        )
    shares = ", ".join(f"{name} {getattr(score.counts, name.lower())}" for name in OUTCOMES)
    summary = f"outcomes of the frames of {score.clip.name}: {shares}, longest miss {score.longest_miss}"
    numbers = [tick for tick in ticks(first, last) if tick == round(tick)] if last > first else [first]
    labels = (
        f'<span style="left:{100 * (number + 0.5 - first) / length:.2f}%">{number:.0f}</span>'
        for number in numbers
    )
    return (
        f'<svg class="strip" viewBox="0 0 {length} 1" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(summary)}">{"".join(parts)}</svg>'
        f'<div class="axis" aria-hidden="true">{"".join(labels)}</div>'
    )
