"""The interface of all trackers: frames in, one row a frame out."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain

import numpy as np

from tracknet_jax.tracking.prepared_video import Frame, View, prepare
from tracknet_jax.tracks.track import Row
from tracknet_jax.video.readers import GivenFrames


class FrameTracker(ABC):
    """A network (`tracker.Tracker`), or what needs none (`baseline.BackgroundSubtraction`).

    Attributes:
        view: how it sees the frames.
        step: frames that it looks at together.
        lag: later frames that a frame's row may have to wait for.
    """

    view: View
    step: int
    lag: int

    @abstractmethod
    def track(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, Row], None, None]:
        """The row of each frame, in order, of one video or of several, one after the other.

        The frames may be read ahead in another thread. A dropped frame gets a row, too; its source is "dropped".
        """

    def track_frames(self, frames: Iterable[np.ndarray], first: int = 0) -> Iterator[Row]:
        """Tracks RGB frames (H, W, 3) uint8, all of one size, as they come; memory stays constant.

        Gives one row for each frame, in order, numbered from `first`; positions are in the frames' pixels. A network
        that takes a background (V3) gets the median of the first seconds; `track_source` looks at all frames.

        Raises:
            UserError: a frame has another size than the first.
        """
        frames = iter(frames)
        head = next(frames, None)
        if head is None:
            return
        # Copies: a window holds frames whose memory the caller may use again.
        copies = map(np.array, chain([head], frames))
        video = prepare(self.view, GivenFrames(copies, (head.shape[1], head.shape[0]), first))
        with closing(self.track(video)) as tracked:
            for _, row in tracked:
                yield row
