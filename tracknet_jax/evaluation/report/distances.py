"""How far detections lie from the ball, as a histogram."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.scoring.metrics import FP1, TP

STEPS = 8  # bins up to the tolerance, and as many beyond it


class DistanceHistogram(NamedTuple):
    """Balls by the distance of their detection, in pixels of the protocol."""

    edges: np.ndarray  # (K + 1,)
    counts: np.ndarray  # (K,) from an edge up to the next, which belongs to the next
    farther: int  # at the last edge or beyond


def distance_histogram(clips: Iterable[ClipScore], tolerance: float) -> DistanceHistogram:
    """The distances where ball and prediction are both there, from 0 to twice the tolerance and beyond."""
    distance = np.concatenate([score.distance[np.isin(score.codes, (TP, FP1))] for score in clips])
    edges = np.linspace(0, 2 * tolerance, 2 * STEPS + 1)
    near = distance[distance < edges[-1]]
    return DistanceHistogram(edges, np.histogram(near, edges)[0], len(distance) - len(near))
