"""The scores of several clips: sums by sport, tolerance and visibility class, intervals, distances."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tracknet_jax.data.clips import VISIBILITY_NAMES
from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.scoring import metrics
from tracknet_jax.scoring.metrics import FP1, TP, Counts
from tracknet_jax.scoring.protocols import Protocol

STEPS = 8  # bins of distances up to the tolerance, and as many beyond it


class DistanceHistogram(NamedTuple):
    """Balls by the distance of their detection, in pixels of the protocol."""

    edges: np.ndarray  # (K + 1,)
    counts: np.ndarray  # (K,) from an edge up to the next, which belongs to the next
    farther: int  # at the last edge or beyond


@dataclass(frozen=True)
class Scores:
    """Scored clips under one protocol, summed up in several ways."""

    rule: Protocol
    clips: tuple[ClipScore, ...]

    @property
    def total(self) -> Counts:
        """Frames of all clips by outcome."""
        return total(self.clips)

    @property
    def by_sport(self) -> dict[str, Counts]:
        """Counts by sport; clips without a sport are left out."""
        sports = sorted({score.clip.sport for score in self.clips if score.clip.sport})
        return {sport: total(s for s in self.clips if s.clip.sport == sport) for sport in sports}

    def by_tolerance(self, tolerances: Iterable[float]) -> dict[float, Counts]:
        """Counts under other tolerances, in the protocol's pixels."""
        return {t: total(s.at(t, self.rule.strict) for s in self.clips) for t in tolerances}

    @property
    def by_visibility(self) -> dict[str, Counts]:
        """Counts by visibility class; classes without a frame that counts are left out."""
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
        """Median, 95th percentile and RMSE of the distance between ball and prediction, where a frame has both.

        These are in the protocol's pixels. `source_median` and `source_p95` are in pixels of the sources.
        """
        both = np.isin(self._joined("codes"), (TP, FP1))
        source = metrics.distances(self._joined("predicted"), self._joined("truth"))
        in_source = metrics.localisation(source[both])
        return {
            **metrics.localisation(self._joined("distance")[both]),
            "source_median": in_source["median"],
            "source_p95": in_source["p95"],
        }

    @property
    def distance_histogram(self) -> DistanceHistogram:
        """Balls by the distance of their detection, from 0 to twice the tolerance and beyond."""
        distance = self._joined("distance")[np.isin(self._joined("codes"), (TP, FP1))]
        edges = np.linspace(0, 2 * self.rule.tolerance, 2 * STEPS + 1)
        near = distance[distance < edges[-1]]
        return DistanceHistogram(edges, np.histogram(near, edges)[0], len(distance) - len(near))

    def _joined(self, name: str) -> np.ndarray:
        return np.concatenate([getattr(score, name) for score in self.clips])


def total(clips: Iterable[ClipScore]) -> Counts:
    """The sum of the counts of clips."""
    return sum((score.counts for score in clips), Counts())
