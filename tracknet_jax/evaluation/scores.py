"""Scored frames: of one clip, and of many, summed by clip, sport, tolerance and visibility class."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from tracknet_jax import metrics
from tracknet_jax.data.clips import UNLABELLED, VISIBILITY_NAMES, Clip
from tracknet_jax.errors import UserError
from tracknet_jax.metrics import FN, FP1, IGNORED, TP, Counts
from tracknet_jax.protocols import Protocol, outcomes, reference_points


@dataclass(frozen=True)
class ClipScore:
    """The scored frames of one clip, N entries each; under windows counting a frame has several.

    Attributes:
        size: (width, height) of the source.
        predicted, truth: `(N, 2)` source pixels, NaN where none.
        confidence: `(N,)`, 0 where nothing was found.
        codes: `(N,)` outcomes, see `metrics`.
        distance: `(N,)` from prediction to reference point in the protocol's pixels, NaN if one is missing.
    """

    clip: Clip
    size: tuple[int, int]
    frame: np.ndarray
    visibility: np.ndarray
    predicted: np.ndarray
    truth: np.ndarray
    confidence: np.ndarray
    codes: np.ndarray
    distance: np.ndarray

    @property
    def counts(self) -> Counts:
        """Frames by outcome."""
        return Counts.from_codes(self.codes)

    def at(self, tolerance: float, strict: bool) -> "ClipScore":
        """The same predictions under another tolerance."""
        near = self.distance < tolerance if strict else self.distance <= tolerance
        both = np.isin(self.codes, (TP, FP1))
        return replace(self, codes=np.where(both, np.where(near, TP, FP1), self.codes).astype(np.uint8))

    @property
    def longest_miss(self) -> int:
        """The longest run of scored frames in which a visible ball was not found where it is."""
        missed = np.isin(self.codes[self.codes != IGNORED], (FN, FP1))
        edges = np.flatnonzero(np.diff(np.concatenate([[0], missed, [0]])))
        return int(np.max(edges[1::2] - edges[::2], initial=0))


def score_clip(
    clip: Clip,
    size: tuple[int, int],
    frame: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    rule: Protocol,
    pixels: np.ndarray,
) -> ClipScore:
    """Scores predictions of frames of a labelled clip.

    Args:
        clip: with labels; frames without one are left out of every score.
        size: (width, height) of the source.
        frame: `(N,)` frame numbers, any of them any number of times.
        predicted: `(N, 2)` source pixels, NaN where nothing was found.
        confidence: `(N,)`.
        rule: the protocol.
        pixels: `(N, 2)` the predictions again, in the pixels of `rule`.
    """
    assert clip.labels is not None
    truth, visibility = clip.labels.dense(int(frame.max(initial=-1)) + 1)
    truth, visibility = truth[frame], visibility[frame]
    reference = reference_points(truth, size, rule)
    return ClipScore(
        clip=clip,
        size=size,
        frame=frame,
        visibility=visibility,
        predicted=predicted,
        truth=truth,
        confidence=confidence,
        codes=outcomes(pixels, reference, visibility, rule),
        distance=metrics.distances(pixels, reference),
    )


def check_labels(clip: Clip, decoded: np.ndarray) -> None:
    """Raises `UserError` if `clip` has labels of frames that are not among the `decoded` frame numbers."""
    assert clip.labels is not None
    lost = np.setdiff1d(clip.labels.frame[clip.labels.visibility != UNLABELLED], decoded)
    if lost.size:
        raise UserError(
            f"{clip.name}: labels of {lost.size} frames, from frame {lost[0]} on, but only {len(decoded)} frames "
            "can be decoded; `tracknet data inspect` shows what is wrong"
        )


@dataclass(frozen=True)
class Scores:
    """Scored clips under one protocol, and what is asked of them together."""

    rule: Protocol
    clips: tuple[ClipScore, ...]

    @property
    def total(self) -> Counts:
        """Frames of all clips by outcome."""
        return total(self.clips)

    @property
    def by_sport(self) -> dict[str, Counts]:
        """Counts by sport, of the clips whose sport is known."""
        sports = sorted({score.clip.sport for score in self.clips if score.clip.sport})
        return {sport: total(s for s in self.clips if s.clip.sport == sport) for sport in sports}

    def by_tolerance(self, tolerances: Iterable[float]) -> dict[float, Counts]:
        """Counts under other tolerances, in the protocol's pixels."""
        return {t: total(s.at(t, self.rule.strict) for s in self.clips) for t in tolerances}

    @property
    def by_visibility(self) -> dict[str, Counts]:
        """Counts by visibility class, of the classes that have frames which count."""
        visibility, codes = self._joined("visibility"), self._joined("codes")
        classes = {
            name: Counts.from_codes(codes[visibility == value]) for value, name in VISIBILITY_NAMES.items()
        }
        return {name: counts for name, counts in classes.items() if counts.frames}

    def interval(self, score: str) -> tuple[float, float] | None:
        """95 % bootstrap interval over clips of a score of `Counts`; None for fewer than two clips."""
        return metrics.bootstrap_interval([s.counts for s in self.clips], score)

    @property
    def average_precision(self) -> float:
        """WASB's average precision over the frames' confidences."""
        return metrics.average_precision(self._joined("codes"), self._joined("confidence"))

    @property
    def localisation(self) -> dict[str, float | None]:
        """Median, 95th percentile, RMSE of the distance where ball and prediction are both there.

        In the protocol's pixels, and median and 95th percentile (`source_...`) in those of the sources.
        """
        both = np.isin(self._joined("codes"), (TP, FP1))
        source = metrics.distances(self._joined("predicted"), self._joined("truth"))
        in_source = metrics.localisation(source[both])
        return {
            **metrics.localisation(self._joined("distance")[both]),
            "source_median": in_source["median"],
            "source_p95": in_source["p95"],
        }

    def _joined(self, name: str) -> np.ndarray:
        return np.concatenate([getattr(score, name) for score in self.clips])


def total(clips: Iterable[ClipScore]) -> Counts:
    """Sums counts of clips."""
    return sum((score.counts for score in clips), Counts())
