"""The ball drawn on the video: a ring round it, and a trail that fades behind it."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.files import cannot_write
from tracknet_jax.video.readers import VideoSource, open_frames
from tracknet_jax.video.writer import new_video

TRAIL_SECONDS = 0.6
RING = {"detected": (255, 255, 255), "inpainted": (190, 190, 190)}  # BGR
TRAIL = (40, 140, 255)  # BGR, orange
FRACTION_BITS = 4  # OpenCV draws at sixteenths of a pixel
LONGEST_STEP = 0.1  # of the width in one frame; points further apart are two things, not one flight


class Overlay:
    """Draws the rows of one video, one after the other; remembers only the trail."""

    def __init__(self, fps: Fraction, size: tuple[int, int], seconds: float = TRAIL_SECONDS):
        self._length = max(2, round(seconds * fps))
        self._width = size[0]
        self._unit = max(1.0, max(size) / 1280)  # line widths follow the resolution
        self._points: deque[Row] = deque()

    def draw(self, frame: np.ndarray, row: Row) -> None:
        """Draws the row and the trail behind it on a BGR frame (H, W, 3), in place."""
        if row.visible:
            self._points.append(row)
        while self._points and row.frame - self._points[0].frame >= self._length:
            self._points.popleft()
        if len(self._points) > 1:
            self._draw_trail(frame, row.frame)
        if row.visible:
            self._draw_ring(frame, row)

    def _draw_ring(self, frame: np.ndarray, row: Row) -> None:
        centre, radius = _fixed(row.x, row.y), self._radius()
        for colour, extra in (((0, 0, 0), 2), (RING[row.source], 0)):  # a dark rim, for pale courts
            thickness = round(1.6 * self._unit) + extra
            cv2.circle(frame, centre, radius, colour, thickness, cv2.LINE_AA, FRACTION_BITS)

    def _draw_trail(self, frame: np.ndarray, now: int) -> None:
        """Blends the trail in once, through a mask whose brightness is the trail's strength."""
        margin = round(12 * self._unit)
        left, top = (max(0, int(min(values) - margin)) for values in self._columns())
        right, bottom = (max(0, int(max(values) + margin)) for values in self._columns())
        region = frame[top:bottom, left:right]
        if not region.size:
            return
        mask = np.zeros(region.shape[:2], np.uint8)
        points = list(self._points)
        for before, after in pairwise(points):
            if not self._is_one_flight(before, after):
                continue
            strength = 1 - (now - after.frame) / self._length
            thickness = max(1, round(self._unit * (1 + 2.5 * strength)))
            tail, head = (_fixed(point.x - left, point.y - top) for point in (before, after))
            cv2.line(mask, tail, head, round(230 * strength), thickness, cv2.LINE_AA, FRACTION_BITS)
        if points[-1].frame == now:  # the trail does not cover the ball inside its ring
            centre, radius = _fixed(points[-1].x - left, points[-1].y - top), self._radius()
            cv2.circle(mask, centre, radius, 0, cv2.FILLED, cv2.LINE_AA, FRACTION_BITS)
        alpha = cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR)
        colour = np.full_like(region, TRAIL)
        inverse = cv2.bitwise_not(alpha)
        region[:] = cv2.add(
            cv2.multiply(region, inverse, scale=1 / 255), cv2.multiply(colour, alpha, scale=1 / 255)
        )

    def _radius(self) -> int:
        return round(9 * self._unit * 2**FRACTION_BITS)

    def _columns(self) -> tuple[list[float], list[float]]:
        return [point.x for point in self._points], [point.y for point in self._points]

    def _is_one_flight(self, before: Row, after: Row) -> bool:
        frames = after.frame - before.frame
        distance = np.hypot(after.x - before.x, after.y - before.y)
        return frames <= self._length / 2 and distance <= LONGEST_STEP * self._width * min(frames, 3)


@contextmanager
def overlay_video(
    path: Path, fps: Fraction, size: tuple[int, int]
) -> Iterator[Callable[[np.ndarray | None], None]]:
    """A function that appends a BGR frame of (width, height) to a video; it appears at `path` when it is complete.

    In place of a missing frame (None) the last one is repeated; before the first one it is black.

    Raises:
        UserError: it cannot be written.
    """
    last: np.ndarray | None = None
    black = np.zeros((size[1], size[0], 3), np.uint8)
    with new_video(path, fps, size) as writer:

        def write(frame: np.ndarray | None) -> None:
            nonlocal last
            last = frame if frame is not None else black if last is None else last
            try:
                writer.write(last)
            except OSError as error:  # caught here, because other files may be open around this one
                raise cannot_write(path, error) from error

        yield write
        if last is None:  # without a frame there would be no file
            write(None)


def write_overlay(source: VideoSource, track: Track, path: str | Path) -> None:
    """Draws a finished track (also one read from another tool's CSV) on its video.

    Raises:
        UserError: the video cannot be read or the overlay cannot be written.
    """
    first = int(track.frame[0]) if len(track) else 0
    with closing(open_frames(source, first, order="bgr")) as frames:
        overlay = Overlay(frames.fps, frames.size)
        with overlay_video(Path(path), frames.fps, frames.size) as write:
            for frame, row in zip(frames, track.rows(), strict=False):
                overlay.draw(frame, row)
                write(frame)


def _fixed(x: float, y: float) -> tuple[int, int]:
    """A point in OpenCV's fixed-point form."""
    return round(x * 2**FRACTION_BITS), round(y * 2**FRACTION_BITS)
