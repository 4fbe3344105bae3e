"""Outcomes as bars: their shares in a group of frames, and where they fall in a clip."""

from collections.abc import Mapping
from html import escape

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.evaluation.report.page_charts import ticks
from tracknet_jax.evaluation.report.timeline import SEVERITY, Run, timeline
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
STRIP_COLUMNS = 600  # of a strip at most, about as many as a screen has pixels for it


def legend() -> str:
    """What the colours of the outcomes mean."""
    items = (f'<li><i class="{css(code)}"></i>{NAMES[code]}: {text}</li>' for code, text in MEANING.items())
    return f'<ul class="legend">{"".join(items)}</ul>'


def outcome_bar(counts: Counts) -> str:
    """One bar, divided as the frames that count are."""
    shares: Mapping[int, int] = {
        TP: counts.tp,
        TN: counts.tn,
        FP1: counts.fp1,
        FP2: counts.fp2,
        FN: counts.fn,
    }
    parts = (
        f'<i class="{css(code)}" style="flex-grow:{count}" title="{NAMES[code]} {count}"></i>'
        for code, count in shares.items()
        if count
    )
    return f'<div class="bar">{"".join(parts)}</div>'


def timeline_strip(score: ClipScore) -> str:
    """The frames of a clip from left to right, each in the colour of its outcome, over an axis of frame numbers.

    Of a clip with more frames than `STRIP_COLUMNS` several make a column, in the colour of the worst of them. Worse
    outcomes are drawn later and, by the page's style, at least a pixel wide: no error is too short to be seen.
    """
    runs = timeline(score, STRIP_COLUMNS)
    if not runs:
        return ""
    first, last = runs[0].first, runs[-1].last
    merged = last + 1 - first > STRIP_COLUMNS
    parts = (
        f'<rect class="{css(run.code)}" x="{run.first - first}" width="{run.last + 1 - run.first}" height="1">'
        f"<title>{_told(run, merged)}</title></rect>"
        for run in sorted(runs, key=lambda run: SEVERITY.index(run.code))
    )
    return (
        f'<svg class="strip" viewBox="0 0 {last + 1 - first} 1" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(_summary(score))}">{"".join(parts)}</svg>{_axis(first, last)}'
    )


def _told(run: Run, merged: bool) -> str:
    frames = f"frame {run.first}" if run.first == run.last else f"frames {run.first} to {run.last}"
    return f"{frames}: {'at worst ' if merged else ''}{NAMES[run.code]}, {MEANING[run.code]}"


def _summary(score: ClipScore) -> str:
    """What a strip shows, for those who do not see it."""
    counts = score.counts
    shares = ", ".join(f"{name} {getattr(counts, name.lower())}" for name in OUTCOMES)
    return f"outcomes of the frames of {score.clip.name}: {shares}, longest miss {score.longest_miss}"


def _axis(first: int, last: int) -> str:
    """Round frame numbers below a strip, each below the middle of its frame."""
    numbers = (
        [round(value) for value in ticks(first, last) if value == round(value)] if last > first else [first]
    )
    labels = (
        f'<span style="left:{100 * (number + 0.5 - first) / (last + 1 - first):.2f}%">{number}</span>'
        for number in numbers
    )
    return f'<div class="axis" aria-hidden="true">{"".join(labels)}</div>'


def css(code: int) -> str:
    """The page's class of an outcome."""
    return "ignored" if code == IGNORED else OUTCOMES[code].lower()
