"""The baseline without a network: background subtraction, a blob filter and Kalman filters."""

from collections import deque
from collections.abc import Generator, Iterable
from itertools import groupby
from math import nan
from operator import attrgetter

import numpy as np

from tracknet_jax.tracking.baseline.blobs import BlobFinder
from tracknet_jax.tracking.baseline.kalman import CONFIRM, KEPT, Following, follow
from tracknet_jax.tracking.frame_tracker import FrameTracker
from tracknet_jax.tracking.placement import Fit
from tracknet_jax.tracking.prepared_video import Frame, View
from tracknet_jax.tracks.track import Row
from tracknet_jax.utils.errors import UserError


class BackgroundSubtraction(FrameTracker):
    """Finds the most likely small moving thing in each frame.

    It sees frames at the networks' 512x288, so that it can be compared with them, and is for a camera that
    stands still. It learns the background as the frames come. Where nothing is seen, a filter's prediction is no
    detection and gives no ball.

    Args:
        fit: as in `TrackOptions`.
        delay: later frames that a row waits for. A track's first blobs count if it is confirmed by then; that takes
            some hits, and a few frames may be without one.

    Raises:
        UserError: the delay is longer than the filters remember.

    Example:
        track_source(BackgroundSubtraction(), "rally.mp4").to_csv("rally_ball.csv")
    """

    step = 1

    def __init__(self, fit: Fit = "auto", delay: int = 10):
        if not 0 <= delay < KEPT:
            raise UserError(f"delay {delay}: expected 0 to {KEPT - 1} frames")
        self.lag = delay
        self.view = View("background_subtraction", (512, 288), fit)

    def track(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, Row], None, None]:
        for _, of_video in groupby(frames, attrgetter("video")):
            yield from self._track_video(of_video)

    def _track_video(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, Row], None, None]:
        find = BlobFinder()
        tracks: list[Following] = []
        waiting: deque[tuple[Frame, list[Following]]] = (
            deque()
        )  # frames without a row, and the tracks at each
        for frame in frames:
            blobs = [] if frame.image is None else find(frame.image)
            tracks = follow(tracks, frame.number, blobs)
            waiting.append((frame, tracks))
            if len(waiting) > self.lag:
                yield self._decide(*waiting.popleft())
        while waiting:
            yield self._decide(*waiting.popleft())

    def _decide(self, frame: Frame, tracks: list[Following]) -> tuple[Frame, Row]:
        """The ball is the blob that the best of the tracks took in this frame, of those that are confirmed by now."""
        if frame.image is None:
            return frame, Row(frame.number, nan, nan, 0.0, "dropped")
        frame = frame._replace(image=None)
        confirmed = [track for track in tracks if frame.number in track.hits and track.confirmed()]
        if not confirmed:
            return frame, Row(frame.number, nan, nan, 0.0)
        best = max(confirmed, key=lambda track: track.merit)
        blob = best.hits[frame.number]
        x, y = frame.video.placement.to_source(np.array([blob.x, blob.y])).tolist()
        return frame, Row(frame.number, x, y, min(1.0, best.merit / (4 * CONFIRM)), "detected")
