"""What all trackers are: frames in, one row a frame out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from tracknet_jax.tracking.placement import Fit, Placement, place
from tracknet_jax.tracks.track import Row


@dataclass(frozen=True, eq=False)
class PreparedVideo:
    """A video, or a part of one, as a tracker takes it.

    Attributes:
        frames: RGB (h, w, 3) uint8 that `placement` has brought to the network's size; None: a frame that was dropped
            by a live source. It gets a row of its own, whose source is "dropped".
        placement: how they lie there.
        first: number of the first frame.
        background: (h, w, 3) uint8 at that size, for networks that want one; None: that of the first frames.
    """

    frames: Iterable[Any]
    placement: Placement
    first: int = 0
    background: np.ndarray | None = None


class FrameTracker(ABC):
    """A network (`tracker.Tracker`), or what needs none (`baseline.BackgroundSubtraction`).

    Attributes:
        name: for messages.
        network_size: (width, height) at which it sees the frames.
        fit: how frames are brought to that size.
        background: the kind of background image that it takes, `none` if it takes none.
        step: frames that it looks at together.
        lag: frames behind a frame that its row may have to wait for.
    """

    name: str
    network_size: tuple[int, int]
    fit: Fit
    background: str
    step: int
    lag: int

    def track_frames(self, frames: Iterable[np.ndarray], first: int = 0) -> Iterator[Row]:
        """Tracks RGB frames (H, W, 3) uint8, all of one size, as they come; memory stays constant.

        Gives exactly one row for each frame, in order, numbered from `first`; positions in their pixels. A
        network that wants a background (V3) gets that of the first seconds; `track_source` looks at all frames.

        Raises:
            UserError: a frame has another size than the first.
        """
        frames = iter(frames)
        head = next(frames, None)
        if head is None:
            return iter(())
        placement = self.place((head.shape[1], head.shape[0]))
        # Copies, because a window holds frames whose memory the caller may use again.
        prepared = (np.array(placement.to_network(frame)) for frame in chain([head], frames))
        return self.track(PreparedVideo(prepared, placement, first))

    def place(self, size: tuple[int, int]) -> Placement:
        """How frames of `size` = (width, height) lie in what it sees."""
        return place(size, self.network_size, self.fit)

    def track_videos(self, videos: Iterable[PreparedVideo]) -> Iterator[tuple[PreparedVideo, Row]]:
        """The rows of videos, one after the other, each beside its video.

        `videos` may be read ahead, in another thread: the next one is opened while the last rows of this are pending.
        """
        for video in videos:
            for row in self.track(video):
                yield video, row

    @abstractmethod
    def track(self, video: PreparedVideo) -> Iterator[Row]:
        """The rows of one video, exactly one for each frame, in order."""
