"""Scores over the least confidence that a detection must have: the precision-recall curve."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.scoring.metrics import IGNORED, Counts
from tracknet_jax.scoring.protocols import Protocol, outcomes

POINTS = 101  # of a curve, at most


class CurvePoint(NamedTuple):
    """The counts when only detections of at least this confidence are kept."""

    threshold: float
    counts: Counts


def confidences_known(clips: Sequence[ClipScore]) -> bool:
    """Whether detections differ in confidence; a tracker without confidences writes 1 or nothing throughout."""
    known = {float(c) for score in clips for c in np.unique(score.confidence[score.detected]) if c > 0}
    return len(known) > 1


def threshold_curve(clips: Sequence[ClipScore], rule: Protocol) -> list[CurvePoint]:
    """The counts of all clips at rising thresholds, the first of which keeps every detection.

    The thresholds divide the detections into equal parts. Positions that were filled into gaps have confidence 0 and go
    first.
    """
    codes = np.concatenate([score.codes for score in clips])
    silent = np.concatenate([_nothing_found(score, rule) for score in clips])
    confidence = np.concatenate([score.confidence for score in clips])
    found = np.concatenate([score.confidence[score.detected] for score in clips])
    if not found.size:
        return []
    thresholds = np.unique(np.quantile(found, np.linspace(0, 1, POINTS), method="lower"))
    return [
        CurvePoint(float(t), Counts.from_codes(np.where(confidence >= t, codes, silent))) for t in thresholds
    ]


def _nothing_found(score: ClipScore, rule: Protocol) -> np.ndarray:
    """Outcomes `(N,)` if nothing had been detected in any frame."""
    nowhere = np.full(score.truth.shape, np.nan)
    return np.where(score.codes == IGNORED, IGNORED, outcomes(nowhere, score.truth, score.visibility, rule))
