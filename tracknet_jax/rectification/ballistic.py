"""Gaps filled by the laws of flight: arcs fitted robustly to the detections on both sides, without any training.

In a picture a ball in flight draws x(t) and y(t) that are nearly parabolas for a third of a second. A gap is
filled where one such arc explains the detections on both sides or, if somebody hit the ball in the gap or right
beside it, where two arcs do that meet there: continuous, with a jump of velocity at the hit.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tracknet_jax.rectification.gaps import Gap

SUPPORT = 0.4  # seconds of detections on either side of a gap that an arc is fitted to, at most
LEAST = 4  # detections that each side must have
TOLERANCE = 0.006  # of the picture's width: the largest distance of a detection from its arc (3 px of 512)
AGREEING = 0.8  # share of the detections of each side that must lie within it
LONGEST_HIT = (
    0.2  # seconds of the longest gap in which two arcs may meet; a longer one has time for stroke and bounce
)
# Seconds outside of such a gap in which the hit may lie instead: at a hit the ball is often seen for a frame or two
# between two misses.
BESIDE = 0.13
# Largest acceleration of an arc, in widths a second squared; a sharper bend is a hit. Gravity is about 0.6 in a view of
# a whole court, and drag slows a shuttle down more.
STEEPEST = 2.0
# A detection is isolated if there is no other one within this many frames, near enough for a ball. No gap is measured
# from it, and no arc is fitted to it.
COMPANION = 3
ROBUST_STEPS = 6  # of the reweighted least squares; the weights have settled by then


def trusted_detections(xy: np.ndarray, reach: float) -> np.ndarray:
    """Mask (F,) of the detections `xy` (F, 2) that are not isolated, see `COMPANION`.

    Args:
        reach: pixels that a ball flies in a frame.
    """
    trusted = np.zeros(len(xy), bool)
    for distance in range(1, min(COMPANION, len(xy) - 1) + 1):
        near = np.hypot(*(xy[distance:] - xy[:-distance]).T) <= reach * distance  # False with NaN
        trusted[distance:] |= near
        trusted[:-distance] |= near
    return trusted


def fill_gap(xy: np.ndarray, gap: Gap, width: int, fps: float) -> np.ndarray | None:
    """Positions (stop - start, 2) in the frames of `gap`; None where no flight explains both sides.

    Args:
        xy: (F, 2) pixels, NaN where there is no (trusted) detection.
        gap: frames without one, with a detection on both sides.
    """
    tolerance = TOLERANCE * width
    inside = np.arange(gap.start, gap.stop)
    beside = round(BESIDE * fps)
    moments = np.arange(gap.start - 1 - beside, gap.stop + beside + 0.5, 0.5)
    models = (None, moments) if len(inside) <= LONGEST_HIT * fps else (None,)
    for before, after in _supports(xy, gap, round(SUPPORT * fps)):
        times = np.concatenate([before, after])
        for hits in models:
            arc = robust_arc(times, xy[times], hits, tolerance, inside)
            near = arc.distances <= tolerance
            sides = near[: len(before)], near[len(before) :]
            agreed = min(side.mean() for side in sides) >= AGREEING
            if agreed and np.linalg.norm(arc.acceleration) * fps**2 <= STEEPEST * width:
                return arc.path
    return None


def _supports(xy: np.ndarray, gap: Gap, longest: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Frames with detections before and behind the gap, from the widest windows to the narrowest possible.

    No single arc fits a window that reaches beyond another hit, but one may fit a narrower window.
    """
    found = np.isfinite(xy[:, 0])
    for frames in range(longest, LEAST - 1, -2):
        before = np.arange(max(0, gap.start - frames), gap.start)
        after = np.arange(gap.stop, min(len(xy), gap.stop + frames))
        before, after = before[found[before]], after[found[after]]
        if min(len(before), len(after)) < LEAST:
            return
        yield before, after


class Arc(NamedTuple):
    """A fitted arc, or two that meet."""

    path: np.ndarray  # (M, 2) pixels
    distances: np.ndarray  # (N,) pixels from the points that it was fitted to
    acceleration: np.ndarray  # (2,) pixels a frame squared


def robust_arc(
    times: np.ndarray, xy: np.ndarray, hits: np.ndarray | None, tolerance: float, inside: np.ndarray
) -> Arc:
    """The arc, or the pair of arcs that meets at the best h of `hits`, through most of the points.

    Least squares on x and y with Huber's weights, so that a wrong detection does not bend the arc:

        x(t) = a + b t + c t^2                        without a hit; y(t) likewise
        x(t) = a + b t + c t^2 + d max(0, t - h)      the same curvature, another velocity behind the hit

    Args:
        times: (N,) frames.
        xy: (N, 2) pixels.
        hits: (H,) moments that may be the hit; None: no hit.
        tolerance: pixels; points further than half of it have less weight.
        inside: (M,) frames to evaluate at.
    """
    centre, half = (times[0] + times[-1]) / 2, (times[-1] - times[0]) / 2
    bend = tolerance / 2
    known = _basis((times - centre) / half, None if hits is None else (hits - centre) / half)
    weights = np.ones(known.shape[:2])
    for _ in range(ROBUST_STEPS):
        fits = _weighted_fit(known, weights, xy)
        distances = np.linalg.norm(known @ fits - xy, axis=-1)
        weights = np.minimum(1.0, bend / np.maximum(distances, 1e-3))
    huber = np.where(distances < bend, distances**2 / 2, bend * (distances - bend / 2)).sum(-1)
    best = int(np.argmin(huber))
    asked = _basis(
        (inside - centre) / half, None if hits is None else (hits[best : best + 1] - centre) / half
    )
    return Arc(asked[0] @ fits[best], distances[best], 2 * fits[best, 2] / half**2)


def _basis(t: np.ndarray, hits: np.ndarray | None) -> np.ndarray:
    """Design matrices (H, N, 4) for a hit at each of `hits` (H,), or the one (1, N, 3) without."""
    arc = np.stack([np.ones_like(t), t, t * t], axis=-1)[None]
    if hits is None:
        return arc
    kink = np.maximum(0.0, t - hits[:, None])[..., None]
    return np.concatenate([np.repeat(arc, len(hits), axis=0), kink], axis=-1)


def _weighted_fit(basis: np.ndarray, weights: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Coefficients (H, K, 2) of weighted least squares with design matrices (H, N, K)."""
    transposed = np.swapaxes(basis * weights[..., None], -1, -2)
    ridge = 1e-9 * np.eye(basis.shape[-1])  # a hit at the edge leaves a column empty
    return np.linalg.solve(transposed @ basis + ridge, transposed @ xy)
