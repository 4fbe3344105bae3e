"""Scores over the confidence that a detection must have: the precision-recall curve."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.scoring.metrics import FP1, FP2, IGNORED, TP, Counts
from tracknet_jax.scoring.protocols import Protocol, outcomes

POINTS = 101  # of a curve, at most


class CurvePoint(NamedTuple):
    """The counts when only detections of at least this confidence are kept."""

    threshold: float
    counts: Counts


def detected(codes: np.ndarray) -> np.ndarray:
    """Which entries `(N,)` are detections that count."""
    return np.isin(codes, (TP, FP1, FP2))


def confidences_known(clips: Sequence[ClipScore]) -> bool:
    """Whether detections differ in confidence; files of a tracker that gives none say 1 or nothing throughout."""
    found = [score.confidence[detected(score.codes)] for score in clips]
    known = np.unique(np.concatenate(found)) if found else np.zeros(0)
    return int(np.sum(known > 0)) > 1


def threshold_curve(clips: Sequence[ClipScore], rule: Protocol) -> list[CurvePoint]:
    """The counts of all clips at rising thresholds, the first of which keeps every detection.

    The thresholds divide the detections into equal parts. Positions that were filled in have confidence 0 and go
    first.
    """
    codes = np.concatenate([score.codes for score in clips])
    silent = np.concatenate([_nothing_found(score, rule) for score in clips])
    confidence = np.concatenate([score.confidence for score in clips])
    found = confidence[detected(codes)]
    if not found.size:
        return []
    thresholds = np.unique(np.quantile(found, np.linspace(0, 1, POINTS), method="lower"))
    return [
        CurvePoint(float(t), Counts.from_codes(np.where(confidence >= t, codes, silent))) for t in thresholds
    ]


def best_point(curve: Sequence[CurvePoint], score: str) -> CurvePoint:
    """The point with the highest score of `Counts`."""
    return max(curve, key=lambda point: getattr(point.counts, score))


def _nothing_found(score: ClipScore, rule: Protocol) -> np.ndarray:
    """Outcomes `(N,)` if nothing had been detected in any frame."""
    nowhere = np.full(score.truth.shape, np.nan)
    return np.where(score.codes == IGNORED, IGNORED, outcomes(nowhere, score.truth, score.visibility, rule))
