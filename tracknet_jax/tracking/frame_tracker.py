"""What all trackers are: frames in, one row a frame out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from tracknet_jax.tracking.geometry import Fit, Placement, place
from tracknet_jax.tracking.track import Row


class FrameTracker(ABC):
    """A network (`tracker.Tracker`), or what needs none (`baseline.BackgroundSubtraction`).

    Attributes:
        name: for messages.
        network_size: (width, height) at which it sees the frames.
        fit: how frames are brought to that size.
        background: the kind of background image that it takes, `none` if it takes none.
    """

    name: str
    network_size: tuple[int, int]
    fit: Fit
    background: str

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
        return self.track_prepared(map(placement.to_network, chain([head], frames)), placement, first)

    def place(self, size: tuple[int, int]) -> Placement:
        """How frames of `size` = (width, height) lie in what it sees."""
        return place(size, self.network_size, self.fit)

    @abstractmethod
    def track_prepared(
        self,
        frames: Iterable[np.ndarray],
        placement: Placement,
        first: int = 0,
        background: np.ndarray | None = None,
    ) -> Iterator[Row]:
        """As `track_frames`, for RGB frames that `placement` has brought to the network's size.

        `background` (h, w, 3) uint8 at that size is for networks that want one; None: that of the first frames.
        """
