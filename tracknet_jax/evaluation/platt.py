"""Platt scaling: the straight line in the logit that makes a confidence the chance of being right."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.evaluation.report.curve import detected
from tracknet_jax.scoring.metrics import TP
from tracknet_jax.utils.errors import UserError

FEWEST = 20  # detections of each kind; fewer say nothing about a confidence
ROUNDS = 8  # of scoring and fitting, at most
SETTLED = 0.03  # a line as near as this to the identity changes nothing


class Platt(NamedTuple):
    """P(right) = sigmoid(scale logit(confidence) + shift)."""

    scale: float
    shift: float

    def __call__(self, confidence: np.ndarray) -> np.ndarray:
        """Calibrated confidences of the same shape; 0, nothing found, stays 0."""
        with np.errstate(divide="ignore"):
            return expit(self.scale * logit(confidence) + self.shift)

    def then(self, line: "Platt") -> "Platt":
        """This line, and `line` behind it."""
        return Platt(self.scale * line.scale, self.shift * line.scale + line.shift)


class Calibration(NamedTuple):
    """The line found, and what is scored without and with it."""

    platt: Platt
    before: Sequence[ClipScore]
    after: Sequence[ClipScore]


def calibrate(score: Callable[[Platt], Sequence[ClipScore]], shift: bool = True) -> Calibration:
    """Fits until there is nothing left to fit.

    One fit is not enough: other confidences have other blobs (the strongest has the largest sum of p above the
    floor), so the line of the old ones is not that of the new ones.

    Args:
        score: the clips, scored with logits on a line.
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
        UserError: there are too few detections, right or wrong ones, to say anything.
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
        raise UserError("calibration: confidence does not rise with being right; the network is not trained")
    return Platt(float(scale), float(offset) * shift)


def detections(clips: Sequence[ClipScore]) -> tuple[np.ndarray, np.ndarray]:
    """Confidences (N,) of the detections that count, and whether each is right (N,); filled in ones have none."""
    codes = np.concatenate([score.codes for score in clips])
    confidence = np.concatenate([score.confidence for score in clips]).astype(np.float64)
    chosen = detected(codes) & (confidence > 0)
    return confidence[chosen], codes[chosen] == TP
