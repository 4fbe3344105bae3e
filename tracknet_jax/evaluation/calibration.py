"""Confidences as chances of being right: how far they are off, and Platt scaling, which corrects them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.scoring.metrics import TP
from tracknet_jax.utils.errors import UserError

BINS = 10
FEWEST = 20  # right, and wrong, detections; fewer say nothing about a confidence
ROUNDS = 8  # of scoring and fitting, at most
SETTLED = 0.03  # a line as near as this to the identity changes nothing


@dataclass(frozen=True)
class Bin:
    """Detections with a confidence between `low` and `high`; the two means are NaN where there is none."""

    low: float
    high: float
    count: int
    confidence: float  # their mean
    right: float  # share of those in the right place


def reliability(clips: Sequence[ClipScore], bins: int = BINS) -> list[Bin]:
    """The detections that count, in bins of equal width by their confidence."""
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


def detections(clips: Sequence[ClipScore]) -> tuple[np.ndarray, np.ndarray]:
    """Confidences `(N,)` of the detections that count, and whether each is right `(N,)`.

    Positions that were filled into gaps have no confidence and are left out.
    """
    found = [score.detected & (score.confidence > 0) for score in clips]
    confidence = np.concatenate([score.confidence[f] for score, f in zip(clips, found, strict=True)])
    codes = np.concatenate([score.codes[f] for score, f in zip(clips, found, strict=True)])
    return confidence.astype(np.float64), codes == TP


class Platt(NamedTuple):
    """P(right) = sigmoid(scale logit(confidence) + shift)."""

    scale: float
    shift: float

    def __call__(self, confidence: np.ndarray) -> np.ndarray:
        """Calibrated confidences of the same shape; 0, nothing found, stays 0."""
        with np.errstate(divide="ignore"):
            return expit(self.scale * logit(confidence) + self.shift)

    def then(self, line: "Platt") -> "Platt":
        """This line, followed by `line`."""
        return Platt(self.scale * line.scale, self.shift * line.scale + line.shift)


class Calibration(NamedTuple):
    """The line found, and the clips as scored without and with it."""

    platt: Platt
    before: Sequence[ClipScore]
    after: Sequence[ClipScore]


def calibrate(score: Callable[[Platt], Sequence[ClipScore]], shift: bool = True) -> Calibration:
    """Fits lines one after the other, until the next one would change nothing.

    One fit is not enough. A frame's strongest blob has the largest sum of p above the floor, so other confidences
    choose other blobs, and these need another line.

    Args:
        score: the clips, scored with the logits on a line.
        shift: as in `fit_platt`.

    Raises:
        UserError: as `fit_platt`.
    """
    platt = Platt(1.0, 0.0)
    before = after = score(platt)
    for _ in range(ROUNDS):
        line = fit_platt(*detections(after), shift=shift)
        if abs(line.scale - 1) < SETTLED and abs(line.shift) < SETTLED:
            break
        platt = platt.then(line)
        after = score(platt)
    return Calibration(platt, before, after)


def fit_platt(confidence: np.ndarray, right: np.ndarray, shift: bool = True) -> Platt:
    """The line of least cross-entropy (Platt 1999, with his targets); `shift` False: temperature scaling alone.

    Args:
        confidence: `(N,)` in (0, 1).
        right: `(N,)` bool.

    Raises:
        UserError: too few detections are right, or too few are wrong; or the wrong ones have the higher confidences.
    """
    positives, negatives = int(np.sum(right)), int(np.sum(~right))
    if min(positives, negatives) < FEWEST:
        raise UserError(
            f"calibration: {positives} right and {negatives} wrong detections, expected {FEWEST} of each; "
            "give more clips"
        )
    # Not 1 and 0: a finite sample does not show certainty.
    target = np.where(right, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    x = logit(confidence.astype(np.float64))

    def cross_entropy(line: np.ndarray) -> float:
        z = line[0] * x + line[1] * shift
        return float(np.mean(np.logaddexp(0, z) - target * z))

    scale, offset = minimize(cross_entropy, np.array([1.0, 0.0]), method="BFGS").x
    if scale <= 0:
        raise UserError(
            "calibration: right detections have no higher confidence than wrong ones; train the network"
        )
    return Platt(float(scale), float(offset) * shift)
