"""How fast the ball flies by its labels, and the scores of slow and fast balls."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.scoring.metrics import FN, FP1, TP, Counts, distances
from tracknet_jax.scoring.protocols import NETWORK
from tracknet_jax.utils.coordinates import scale_xy

EDGES = (0, 2, 5, 10, 20, 40)  # px a frame at 512x288 at which the classes begin
CLASSES = (  # slowest first; unknown: no frame beside has a located ball
    *(f"{low} to {high}" for low, high in pairwise(EDGES)),
    f"{EDGES[-1]} and more",
    "unknown",
)


def ball_speeds(score: ClipScore) -> np.ndarray:
    """How far the labelled ball moves a frame, `(N,)` pixels at 512x288 for the entries of a scored clip.

    The mean of the steps from the frame before and to the frame after; of one step if the other is not known. NaN
    where neither is known, or there is no ball.
    """
    truth = np.full((int(score.frame.max(initial=-1)) + 2, 2), np.nan)
    truth[score.frame] = score.truth
    truth = scale_xy(truth, score.footage.size, NETWORK)
    step = distances(truth[1:], truth[:-1])  # from each frame to the next
    around = np.stack([step[score.frame], np.append(np.nan, step)[score.frame]])
    known = np.isfinite(around)
    total, count = np.where(known, around, 0).sum(0), known.sum(0)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


def by_speed(clips: Iterable[ClipScore]) -> dict[str, Counts]:
    """Counts of the located balls by class of speed; classes without balls are left out."""
    counts = dict.fromkeys(CLASSES, Counts())
    for score in clips:
        balls = np.isin(score.codes, (TP, FP1, FN)) & np.isfinite(score.truth).all(-1)
        speed = ball_speeds(score)
        place = np.where(np.isnan(speed), len(EDGES), np.searchsorted(EDGES, speed, side="right") - 1)
        for k, name in enumerate(counts):
            counts[name] += Counts.from_codes(score.codes[balls & (place == k)])
    return {name: count for name, count in counts.items() if count.frames}
