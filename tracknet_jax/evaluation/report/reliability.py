"""Whether a confidence means what it says: how many of the detections of each confidence are right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.evaluation.platt import detections

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Detections with a confidence between `low` and `high`; the two means are NaN where there is none."""

    low: float
    high: float
    count: int
    confidence: float  # their mean
    right: float  # share of those in the right place


def reliability(clips: Sequence[ClipScore], bins: int = BINS) -> list[Bin]:
    """The detections that count, by confidence in equal bins; those filled in have none and are left out."""
    confidence, right = detections(clips)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, confidence, bins) / count
        share = np.bincount(place, right, bins) / count
    return [
        Bin(k / bins, (k + 1) / bins, int(count[k]), float(mean[k]), float(share[k])) for k in range(bins)
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance between confidence and share of right ones, over detections (Guo et al. 2017, Eq. 3)."""
    filled = [b for b in bins if b.count]
    total = sum(b.count for b in filled)
    return sum(b.count * abs(b.right - b.confidence) for b in filled) / total if total else 0.0
