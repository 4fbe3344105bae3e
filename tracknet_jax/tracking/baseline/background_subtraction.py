"""The baseline without a network: background subtraction, a blob filter and Kalman filters."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import nan

import numpy as np

from tracknet_jax.tracking.baseline.blobs import BlobFinder, BlobOptions
from tracknet_jax.tracking.baseline.kalman import KEPT, FilterOptions, Following, follow
from tracknet_jax.tracking.frame_tracker import FrameTracker, PreparedVideo
from tracknet_jax.tracking.placement import Fit, Placement
from tracknet_jax.tracks.track import Row
from tracknet_jax.utils.errors import UserError


@dataclass(frozen=True)
class BaselineOptions:
    """How to track without a network.

    Attributes:
        blobs, filters: see there.
        delay: frames that a row waits for. A track's first blobs count once it is confirmed, if that is no
            later: the hits that this takes, and a few frames without.
        fit: as in `TrackOptions`.
    """

    blobs: BlobOptions = field(default_factory=BlobOptions)
    filters: FilterOptions = field(default_factory=FilterOptions)
    delay: int = 10
    fit: Fit = "auto"

    def __post_init__(self) -> None:
        if not 0 <= self.delay < KEPT:
            raise UserError(f"delay {self.delay}: expected 0 to {KEPT - 1} frames")


class BackgroundSubtraction(FrameTracker):
    """Rows of the most likely small moving thing.

    It sees frames at the networks' 512x288, so that it can be compared with them, and is for a camera that
    stands still. What a filter predicts where nothing is seen is no detection and gives no ball.

    Example:
        track_source(BackgroundSubtraction(), "rally.mp4").to_csv("rally_ball.csv")
    """

    name = "background_subtraction"
    network_size = (512, 288)
    background = "none"  # learned as the frames come
    step = 1

    def __init__(self, options: BaselineOptions = BaselineOptions()):
        self.options, self.fit, self.lag = options, options.fit, options.delay

    def track(self, video: PreparedVideo) -> Iterator[Row]:
        first, placement = video.first, video.placement
        find = BlobFinder(self.options.blobs)
        tracks: list[Following] = []
        # Tracks that ended stay until no waiting row can be theirs.
        recent: deque[list[Following]] = deque(maxlen=self.options.delay + 1)
        dropped: set[int] = set()
        number = first - 1
        for number, frame in enumerate(video.frames, first):
            if frame is None:
                dropped.add(number)
            tracks = follow(tracks, number, [] if frame is None else find(frame), self.options.filters)
            recent.append(tracks)
            if number - first >= self.options.delay:
                yield self._row(number - self.options.delay, recent, placement, dropped)
        for waiting in range(max(first, number - self.options.delay + 1), number + 1):
            yield self._row(waiting, recent, placement, dropped)

    def _row(
        self, frame: int, recent: Iterable[list[Following]], placement: Placement, dropped: set[int]
    ) -> Row:
        """The blob that the best of the confirmed tracks took in this frame."""
        if frame in dropped:
            dropped.remove(frame)
            return Row(frame, nan, nan, 0.0, "dropped")
        options = self.options.filters
        seen = {id(track): track for tracks in recent for track in tracks if frame in track.hits}
        confirmed = [track for track in seen.values() if track.confirmed(options)]
        if not confirmed:
            return Row(frame, nan, nan, 0.0)
        best = max(confirmed, key=lambda track: track.merit)
        blob = best.hits[frame]
        x, y = placement.to_source(np.array([blob.x, blob.y])).tolist()
        return Row(frame, x, y, min(1.0, best.merit / (4 * options.confirm)), "detected")
