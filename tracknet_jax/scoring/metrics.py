"""The outcomes of frames, their counts, and the scores that follow from counts and distances."""

from dataclasses import dataclass, fields

import numpy as np

TP, TN, FP1, FP2, FN = range(5)  # outcomes of a frame, as `Counts` explains them
IGNORED = 255  # the frame counts in no score
OUTCOMES = ("TP", "TN", "FP1", "FP2", "FN")


@dataclass(frozen=True)
class Counts:
    """Frames by outcome. Counts of several clips add up with `+`; scores are taken from the sum.

    TP: a ball is found within the tolerance. FP1: it is found too far off. FN: it is not found. FP2: something is found
    where there is no ball. TN: nothing is found there. A score with nothing to divide by is 0.
    """

    tp: int = 0
    tn: int = 0
    fp1: int = 0
    fp2: int = 0
    fn: int = 0
    ignored: int = 0  # neither right nor wrong; in no score

    @classmethod
    def from_codes(cls, codes: np.ndarray) -> "Counts":
        """Counts outcome codes of any shape, as `protocols.outcomes` returns them."""
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
        """TP / (TP + FN): leaves out balls found in a wrong place, as V2 to V5 and WASB publish it."""
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


def distances(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Euclidean distance `(N,)` of points `(N, 2)` in their pixels, NaN where one of the two is missing."""
    return np.linalg.norm(np.asarray(predicted, np.float64) - np.asarray(truth, np.float64), axis=-1)


def average_precision(codes: np.ndarray, confidence: np.ndarray) -> float:
    """Area under the steps of precision over recall, as WASB computes it, from 0 to 1.

    Frames with a detection are taken by falling confidence. Each recall counts with the best precision reached at it.
    Recall is TP / (all TP + FN).

    Args:
        codes: `(N,)` outcomes.
        confidence: `(N,)`.
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
