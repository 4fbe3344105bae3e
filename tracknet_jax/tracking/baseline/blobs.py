"""Moving things of a ball's size and shape: background subtraction and a filter on blobs."""

from typing import NamedTuple

import cv2
import numpy as np

JOIN = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
# What is foreground, and which of it may be a ball; lengths in pixels of a 512x288 picture.
HISTORY = 90  # frames that the background is learned from: 3 s, the time a player stays in one place
DEVIATION = 4.0  # standard deviations from the background, OpenCV's own value
DIFFERENCE = 8  # grey levels from the frame before; a thing that stands still is no ball in flight
MIN_AREA = 2  # one pixel is noise
MAX_AREA = 60  # a ball near the camera, drawn out by its motion; a player's head has more
MAX_LENGTH = 22  # of the longer side: the longest streak
MIN_FILL = 0.35  # area over the box's area; less is an outline
MARGIN = 4  # to the next larger blob; a closer one is a hand, a racket or a shoe


class Blob(NamedTuple):
    """One candidate in pixels of the picture."""

    x: float
    y: float
    area: int


class BlobFinder:
    """Finds blobs in frames that come one after the other, learning the background as they come."""

    def __init__(self) -> None:
        self._subtractor = cv2.createBackgroundSubtractorMOG2(
            history=HISTORY, varThreshold=DEVIATION**2, detectShadows=False
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
        moved = cv2.absdiff(self._before, before) > DIFFERENCE
        return ball_like(mask * moved) if moved.any() else None


def ball_like(mask: np.ndarray) -> list[Blob]:
    """The blobs of a foreground mask (H, W) uint8 that have a ball's size and shape and are near no larger one."""
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, JOIN)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(joined, connectivity=8)
    area, width, height = stats.T[[cv2.CC_STAT_AREA, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    fits = (area >= MIN_AREA) & (area <= MAX_AREA)
    fits &= (np.maximum(width, height) <= MAX_LENGTH) & (area >= MIN_FILL * width * height)
    fits[0] = False  # the background
    large = area > MAX_AREA
    large[0] = False
    near = cv2.dilate(large[labels].astype(np.uint8), np.ones((2 * MARGIN + 1,) * 2, np.uint8))
    touched = np.bincount(labels.ravel(), near.ravel(), len(stats)) > 0
    chosen = np.flatnonzero(fits & ~touched)
    return [Blob(float(x), float(y), int(a)) for (x, y), a in zip(centres[chosen], area[chosen], strict=True)]
