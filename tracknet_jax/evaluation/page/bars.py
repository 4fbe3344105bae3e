"""Outcomes as bars: their shares in a group of frames, and where they fall in a clip."""

from collections.abc import Mapping, Sequence
from html import escape

from tracknet_jax.evaluation.timeline import Run
from tracknet_jax.metrics import FN, FP1, FP2, IGNORED, OUTCOMES, TN, TP, Counts

MEANING = {
    TP: "found in the right place",
    TN: "nothing there, nothing found",
    FP1: "found in a wrong place",
    FP2: "found where there is none",
    FN: "not found",
    IGNORED: "not scored",
}
NAMES = {**dict(enumerate(OUTCOMES)), IGNORED: "left out"}


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


def timeline_strip(runs: Sequence[Run], name: str) -> str:
    """The frames of a clip from left to right, each in the colour of its outcome."""
    if not runs:
        return ""
    first, count = runs[0].first, runs[-1].last + 1 - runs[0].first
    parts = (
        f'<rect class="{css(run.code)}" x="{run.first - first}" width="{run.last + 1 - run.first}" height="1">'
        f"<title>{_frames(run)}: {NAMES[run.code]}, {MEANING[run.code]}</title></rect>"
        for run in runs
    )
    return (
        f'<svg class="strip" viewBox="0 0 {count} 1" preserveAspectRatio="none" role="img" '
        f'aria-label="outcomes of the frames of {escape(name)}">{"".join(parts)}</svg>'
    )


def css(code: int) -> str:
    """The page's class of an outcome."""
    return "ignored" if code == IGNORED else OUTCOMES[code].lower()


def _frames(run: Run) -> str:
    return f"frame {run.first}" if run.first == run.last else f"frames {run.first} to {run.last}"
