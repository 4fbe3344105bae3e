"""Gaps filled by the laws of flight: arcs fitted robustly to the detections on both sides, without any training.

In a picture a ball in flight draws x(t) and y(t) that are nearly parabolas for a third of a second. A gap is
filled where one such arc explains the detections on both sides or, if somebody hit the ball inside the gap, where
two arcs do that meet there: continuous, with a jump of velocity at the hit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tracknet_jax.tracking.gaps import Gap

ROBUST_STEPS = 8  # of the reweighted least squares; the weights have settled by then
SMALLEST = 1e-3  # pixels; a residual below this has full weight


@dataclass(frozen=True)
class Ballistics:
    """What counts as a flight.

    Attributes:
        support: seconds of detections on either side of a gap that an arc is fitted to, at most.
        least: detections that each side must have.
        tolerance: largest distance of a detection from its arc, as a share of the picture's width (3 px of 512).
        agreeing: share of the detections of each side that must lie within it.
        companion: a detection without another one within this many frames, near enough for a ball, is
            isolated: no gap is measured from it, no arc is fitted to it.
    """

    support: float = 0.4
    least: int = 4
    tolerance: float = 0.006
    agreeing: float = 0.8
    companion: int = 3


DEFAULT_FLIGHT = Ballistics()


def trusted_detections(xy: np.ndarray, reach: float, frames: int) -> np.ndarray:
    """Mask (F,) of the detections `xy` (F, 2) that have another one at most `frames` away, reachable by a ball.

    Args:
        reach: pixels that a ball flies in a frame.
    """
    trusted = np.zeros(len(xy), bool)
    for distance in range(1, min(frames, len(xy) - 1) + 1):
        near = np.hypot(*(xy[distance:] - xy[:-distance]).T) <= reach * distance  # False with NaN
        trusted[distance:] |= near
        trusted[:-distance] |= near
    return trusted


def fill_gap(
    xy: np.ndarray, gap: Gap, width: int, fps: float, flight: Ballistics = DEFAULT_FLIGHT
) -> np.ndarray | None:
    """Positions (stop - start, 2) in the frames of `gap`; None where no flight explains both sides.

    Args:
        xy: (F, 2) pixels, NaN where there is no (trusted) detection.
        gap: frames without one, with a detection on both sides.
    """
    tolerance = flight.tolerance * width
    inside = np.arange(gap.start, gap.stop)
    for before, after in _supports(xy, gap, round(flight.support * fps), flight.least):
        times = np.concatenate([before, after])
        sides = times < gap.start
        for hits in (None, np.arange(gap.start - 1, gap.stop + 0.5, 0.5)):
            path, residuals = robust_arc(times, xy[times], hits, tolerance, inside)
            near = residuals <= tolerance
            if min(near[sides].mean(), near[~sides].mean()) >= flight.agreeing:
                return path
    return None


def _supports(xy: np.ndarray, gap: Gap, longest: int, least: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Frames with detections before and behind the gap, from the widest windows to the narrowest that will do.

    A window that reaches back beyond another hit has no one arc; a narrower one may.
    """
    found = np.isfinite(xy[:, 0])
    for frames in range(longest, least - 1, -2):
        before = np.arange(max(0, gap.start - frames), gap.start)
        after = np.arange(gap.stop, min(len(xy), gap.stop + frames))
        before, after = before[found[before]], after[found[after]]
        if min(len(before), len(after)) < least:
            return
        yield before, after


def robust_arc(
    times: np.ndarray, xy: np.ndarray, hits: np.ndarray | None, tolerance: float, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The arc, or the pair of arcs that meets at the best of `hits`, through most of the points.

    Least squares on x and y, reweighted as Huber's loss wants it, so that a wrong detection does not bend it:

        x(t) = a + b t + c t^2            y(t) likewise                       without a hit
        x(t) = a + b t + d max(0, t - h)  y(t) = a + b t + c t^2 + d max(0, t - h)

    Args:
        times: (N,) frames.
        xy: (N, 2) pixels.
        hits: (H,) moments that may be the hit; None: no hit.
        tolerance: pixels from which a point's weight falls.
        inside: (M,) frames to evaluate at.

    Returns:
        The path (M, 2) and the distances (N,) of the points from it.
    """
    centre, half = (times[0] + times[-1]) / 2, (times[-1] - times[0]) / 2
    scaled, wanted = (times - centre) / half, (inside - centre) / half
    if hits is None:
        bases = [(_arc_basis(t)[None],) * 2 for t in (scaled, wanted)]
    else:
        bases = [_hit_bases(t, (hits - centre) / half) for t in (scaled, wanted)]
    known, asked = bases
    weights = np.ones((len(known[0]), len(times)))
    for _ in range(ROBUST_STEPS):
        fits = [_weighted_fit(basis, weights, values) for basis, values in zip(known, xy.T, strict=True)]
        errors = [basis @ fit - values[:, None] for basis, fit, values in zip(known, fits, xy.T, strict=True)]
        distances = np.hypot(*errors)[..., 0]
        weights = np.minimum(1.0, tolerance / 2 / np.maximum(distances, SMALLEST))
    huber = np.where(weights < 1, tolerance / 2 * (distances - tolerance / 4), distances**2 / 2).sum(-1)
    best = int(np.argmin(huber))
    path = np.concatenate([basis[best] @ fit[best] for basis, fit in zip(asked, fits, strict=True)], axis=-1)
    return path, distances[best]


def _arc_basis(t: np.ndarray) -> np.ndarray:
    return np.stack([np.ones_like(t), t, t * t], axis=-1)


def _hit_bases(t: np.ndarray, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Design matrices (H, N, 3) of x and (H, N, 4) of y for a hit at each of `hits`."""
    kink = np.maximum(0.0, t - hits[:, None])
    one, line = np.ones_like(kink), np.broadcast_to(t, kink.shape)
    return np.stack([one, line, kink], axis=-1), np.stack([one, line, line**2, kink], axis=-1)


def _weighted_fit(basis: np.ndarray, weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Coefficients (H, K, 1) of weighted least squares with design matrices (H, N, K)."""
    weighted = basis * weights[..., None]
    transposed = np.swapaxes(weighted, -1, -2)
    ridge = 1e-9 * np.eye(basis.shape[-1])  # a hit at the edge leaves a column empty
    return np.linalg.solve(transposed @ basis + ridge, transposed @ values[:, None])
