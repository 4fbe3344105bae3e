"""One core for every score: an outcome for each frame, counts that add up, and what follows from them."""

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

TP, TN, FP1, FP2, FN = range(5)
IGNORED = 255
OUTCOMES = ("TP", "TN", "FP1", "FP2", "FN")

NONE, CLEAR, HARD, OCCLUDED, UNLABELLED = 0, 1, 2, 3, 255  # visibility classes of the labels


@dataclass(frozen=True)
class Counts:
    """Frames by outcome. Counts of several clips add up with `+`; scores are taken from the sum.

    TP: found within the tolerance. FP1: found too far from a visible ball. FP2: found where there is none.
    FN: a visible ball not found. TN: nothing found, nothing there. A score with nothing to divide by is 0.
    """

    tp: int = 0
    tn: int = 0
    fp1: int = 0
    fp2: int = 0
    fn: int = 0
    ignored: int = 0  # neither right nor wrong; in no score

    @classmethod
    def from_codes(cls, codes: np.ndarray) -> "Counts":
        """Counts outcome codes of any shape, as `classify` returns them."""
        return cls(*(int(np.sum(codes == code)) for code in (TP, TN, FP1, FP2, FN, IGNORED)))

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))

    @property
    def frames(self) -> int:
        """Frames that count."""
        return self.tp + self.tn + self.fp1 + self.fp2 + self.fn

    @property
    def accuracy(self) -> float:
        """(TP + TN) / all."""
        return _ratio(self.tp + self.tn, self.frames)

    @property
    def precision(self) -> float:
        """TP / (TP + FP1 + FP2)."""
        return _ratio(self.tp, self.tp + self.fp1 + self.fp2)

    @property
    def recall(self) -> float:
        """TP / (TP + FN + FP1): a ball found in a wrong place is a missed ball (V1, and our default)."""
        return _ratio(self.tp, self.tp + self.fn + self.fp1)

    @property
    def recall_hit(self) -> float:
        """TP / (TP + FN): balls found in a wrong place are left out, as V2 to V5 and WASB publish it."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and `recall`."""
        return _harmonic_mean(self.precision, self.recall)

    @property
    def f1_hit(self) -> float:
        """Harmonic mean of precision and `recall_hit`."""
        return _harmonic_mean(self.precision, self.recall_hit)

    def to_dict(self) -> dict[str, int | float]:
        """Counts and scores under the names of the JSON report."""
        names = ("tp", "tn", "fp1", "fp2", "fn", "ignored", "frames")
        scores = ("accuracy", "precision", "recall", "recall_hit", "f1", "f1_hit")
        return {name: getattr(self, name) for name in names + scores}


def classify(
    predicted: np.ndarray,
    truth: np.ndarray,
    visibility: np.ndarray,
    *,
    tolerance: float = 4.0,
    strict: bool = False,
    occluded: Literal["visible", "invisible", "ignore"] = "visible",
    unlocated: Literal["ignore", "nowhere"] = "ignore",
) -> np.ndarray:
    """Outcome of each frame, `(N,)` uint8: TP, TN, FP1, FP2, FN = 0..4, or 255 where the frame is ignored.

    Args:
        predicted: `(N, 2)` x, y in the pixels `tolerance` is given in, NaN where no ball was found.
        truth: `(N, 2)` labels in the same pixels, NaN where the ball is not located.
        visibility: `(N,)` 0 none, 1 clear, 2 hard to see, 3 occluded, 255 unlabelled.
        tolerance: largest distance of a right position.
        strict: whether a ball at exactly `tolerance` is too far.
        occluded: what a frame of class 3 is: a visible ball, no ball, or ignored.
        unlocated: a ball that is there, but not where: ignored; or `nowhere` (TrackNetV5's code): whatever
            is found is false, nothing found is a miss.
    """
    found = np.isfinite(predicted).all(-1)
    located = np.isfinite(truth).all(-1)
    positive = (visibility == CLEAR) | (visibility == HARD)
    if occluded == "visible":
        positive |= visibility == OCCLUDED
    negative = visibility == NONE
    if occluded == "invisible":
        negative |= visibility == OCCLUDED

    distance = distances(predicted, truth)
    near = distance < tolerance if strict else distance <= tolerance
    codes = np.full(np.shape(visibility), IGNORED, np.uint8)
    codes[negative] = np.where(found, FP2, TN)[negative]
    seen = positive & located
    codes[seen] = np.where(found, np.where(near, TP, FP1), FN)[seen]
    if unlocated == "nowhere":
        lost = positive & ~located
        codes[lost] = np.where(found, FP2, FN)[lost]
    return codes


def distances(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Euclidean distance `(N,)` of points `(N, 2)` in their pixels, NaN where one of the two is missing."""
    return np.linalg.norm(np.asarray(predicted, np.float64) - np.asarray(truth, np.float64), axis=-1)


def average_precision(codes: np.ndarray, confidence: np.ndarray) -> float:
    """Area under WASB's precision-recall steps: frames with a detection by falling `confidence`.

    Each distinct recall counts with the best precision reached at it; recall is TP / (all TP + FN).
    """
    detected = np.isin(codes, (TP, FP1, FP2))
    hits = (codes[detected] == TP)[np.argsort(-confidence[detected], kind="stable")]
    true_positives = np.cumsum(hits)
    precision = true_positives / np.arange(1, len(hits) + 1)
    # The first frame at a recall has the best precision there: later ones only add false detections.
    return _ratio(float(precision[hits].sum()), int(np.sum((codes == TP) | (codes == FN))))


def localisation(distance: np.ndarray) -> dict[str, float | None]:
    """Median, 95th percentile and root mean square of the distances that are not NaN; None if all are."""
    distance = distance[np.isfinite(distance)]
    if distance.size == 0:
        return {"median": None, "p95": None, "rmse": None}
    return {
        "median": float(np.median(distance)),
        "p95": float(np.percentile(distance, 95)),
        "rmse": float(np.sqrt(np.mean(distance**2))),
    }


def bootstrap_interval(
    clips: list[Counts], score: str, *, resamples: int = 2000, level: float = 0.95, seed: int = 0
) -> tuple[float, float] | None:
    """Interval of a score of `Counts` over draws of the clips with replacement; None for fewer than two.

    Clips, not frames, are drawn: the frames of a clip are not independent of each other.
    """
    if len(clips) < 2:
        return None
    table = np.array([[getattr(clip, f.name) for f in fields(Counts)] for clip in clips])
    draws = np.random.default_rng(seed).integers(len(clips), size=(resamples, len(clips)))
    scores = [getattr(Counts(*row), score) for row in table[draws].sum(1).tolist()]
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _harmonic_mean(a: float, b: float) -> float:
    return _ratio(2 * a * b, a + b)
