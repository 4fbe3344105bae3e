"""Moving things of a ball's size and shape: background subtraction and a filter on blobs."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

JOIN = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


@dataclass(frozen=True)
class BlobOptions:
    """What counts as foreground, and which blobs may be a ball; lengths in pixels of a 512x288 picture."""

    history: int = 90  # frames that the background is learned from: 3 s, the time a player stays in one place
    deviation: float = 4.0  # standard deviations from the background, OpenCV's own value
    difference: int = 8  # grey levels from the frame before; a thing that stands still is no ball in flight
    min_area: int = 2  # one pixel is noise
    max_area: int = 60  # a ball near the camera, drawn out by its motion; a player's head has more
    max_length: int = 22  # of the longer side: the longest streak
    min_fill: float = 0.35  # area over the box's area; less is an outline
    margin: int = 4  # to the next larger blob; a closer one is a hand, a racket or a shoe


class Blob(NamedTuple):
    """One candidate in pixels of the picture."""

    x: float
    y: float
    area: int


class BlobFinder:
    """Finds blobs in frames that come one after the other, learning the background as they come."""

    def __init__(self, options: BlobOptions = BlobOptions()):
        self._options = options
        self._subtractor = cv2.createBackgroundSubtractorMOG2(
            history=options.history, varThreshold=options.deviation**2, detectShadows=False
        )
        self._before: np.ndarray | None = None

    def __call__(self, frame: np.ndarray) -> list[Blob] | None:
        """Candidates in the next frame (H, W, 3) uint8 RGB; none in the first, which is all background.

        None for a frame in which nothing has moved: a copy of the one before. Videos that were padded from 25 to 30
        frames a second have such copies.
        """
        mask = self._subtractor.apply(frame)
        before, self._before = self._before, cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        if before is None:
            return []
        moved = cv2.absdiff(self._before, before) > self._options.difference
        return ball_like(mask * moved, self._options) if moved.any() else None


def ball_like(mask: np.ndarray, options: BlobOptions = BlobOptions()) -> list[Blob]:
    """The blobs of a foreground mask (H, W) uint8 that have a ball's size and shape and are near no larger one."""
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, JOIN)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(joined, connectivity=8)
    area, width, height = stats.T[[cv2.CC_STAT_AREA, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    fits = (area >= options.min_area) & (area <= options.max_area)
    fits &= (np.maximum(width, height) <= options.max_length) & (area >= options.min_fill * width * height)
    fits[0] = False  # the background
    large = area > options.max_area
    large[0] = False
    near = cv2.dilate(large[labels].astype(np.uint8), np.ones((2 * options.margin + 1,) * 2, np.uint8))
    touched = np.bincount(labels.ravel(), near.ravel(), len(stats)) > 0
    chosen = np.flatnonzero(fits & ~touched)
    return [Blob(float(x), float(y), int(a)) for (x, y), a in zip(centres[chosen], area[chosen], strict=True)]
