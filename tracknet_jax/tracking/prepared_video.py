"""A source made ready for a tracker: its frames placed, in RGB, with the background image some networks take."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tracknet_jax.data.median_background import estimate_background
from tracknet_jax.heatmaps.decoding import Candidates
from tracknet_jax.tracking.placement import Fit, Placement, place
from tracknet_jax.tracks.flight_picture import MiddleFrame
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.capture import Order
from tracknet_jax.video.live_reader import LiveReader
from tracknet_jax.video.readers import FrameReader, read_image

OPENING = 64  # frames of a stream that its background is taken from: about 2 s, in which a ball moves on


Timed = tuple[
    float | None, np.ndarray | None
]  # a frame's time, if known, and the frame, unless it was dropped


@dataclass(frozen=True)
class View:
    """How a tracker sees a video.

    Attributes:
        name: of the tracker, for messages.
        size: (width, height) of the images that it looks at.
        fit: how frames are brought to that size.
        background: the kind of background image that it takes, `none` if it takes none.
    """

    name: str
    size: tuple[int, int]
    fit: Fit = "auto"
    background: str = "none"


class Frame(NamedTuple):
    """One frame on its way from the reader to its row.

    Attributes:
        video: the video that it belongs to.
        number: its number in the video.
        time: seconds from the video's first frame, as they arrived live; None for a recording.
        image: (h, w, 3) uint8 RGB, placed in the tracker's view. None for a frame that a live source dropped, and
            after the tracker has looked.
        candidates: where the ball may be, in pixels of the view. None before the tracker has looked, and for a
            dropped frame.
        picture: the whole frame (H, W, 3) uint8 BGR, where the overlay is drawn on it.
    """

    video: "PreparedVideo"
    number: int
    time: float | None = None
    image: np.ndarray | None = None
    candidates: Candidates | None = None
    picture: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class PreparedVideo:
    """A video as a tracker takes it: walk it, once, for its frames.

    Attributes:
        reader: where the frames come from. Live frames have times, and they keep their pictures, because they cannot be
            read again for the overlay.
        arrivals: times, or None, and frames (H, W, 3) uint8, or None for a dropped one; not walked yet.
        placement: how the frames lie in the tracker's view.
        background: (h, w, 3) uint8 RGB in the view, for networks that take one.
        middle: has seen the frames that were walked.
    """

    reader: FrameReader | LiveReader
    arrivals: Iterable[tuple[float | None, np.ndarray | None]]
    placement: Placement
    background: np.ndarray | None = None
    middle: MiddleFrame = field(default_factory=MiddleFrame)

    @property
    def live(self) -> bool:
        """Whether it comes from a camera or stream."""
        return isinstance(self.reader, LiveReader)

    def __iter__(self) -> Iterator[Frame]:
        for number, (time, picture) in enumerate(self.arrivals, self.reader.start):
            self.middle.see(picture)
            image = None if picture is None else _image(self.placement, self.reader.order, picture)
            yield Frame(self, number, time, image, picture=picture if self.live else None)


def prepare(
    view: View, reader: FrameReader | LiveReader, background: str | Path | None = None
) -> PreparedVideo:
    """The frames of `reader` as a tracker with `view` takes them.

    Args:
        background: a picture of the scene in the video's size, for networks that take one. None: the median of the
            frames, from a first pass over them; of a source that can be read only once, of the first `OPENING`.

    Raises:
        UserError: the picture cannot be read or has another size, or the tracker takes none.
    """
    placement = place(reader.size, view.size, view.fit)
    arrivals: Iterator = (
        iter(reader) if isinstance(reader, LiveReader) else ((None, frame) for frame in reader)
    )
    if background is not None:
        if view.background == "none":
            raise UserError(f"{view.name} takes no background image: leave {background} out")
        return PreparedVideo(reader, arrivals, placement, _background_from(Path(background), placement))
    if view.background == "none":
        return PreparedVideo(reader, arrivals, placement)
    to_image = partial(_image, placement, reader.order)
    again = reader.again()
    if again is not None:
        with closing(again):
            return PreparedVideo(reader, arrivals, placement, estimate_background(again, to_image))
    opening = list(islice(arrivals, OPENING))
    if not opening:
        return PreparedVideo(reader, (), placement)
    median = estimate_background((frame for _, frame in opening if frame is not None), to_image)
    return PreparedVideo(reader, chain(opening, arrivals), placement, median)


def _image(placement: Placement, order: Order, picture: np.ndarray) -> np.ndarray:
    """A frame in the tracker's view. Colours change order after the resize, where that is cheap."""
    image = placement.to_network(picture)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if order == "bgr" else image


def _background_from(path: Path, placement: Placement) -> np.ndarray:
    picture = read_image(path)
    size = (picture.shape[1], picture.shape[0])
    if size != placement.source:
        raise UserError(
            f"background {path}: it is {size[0]}x{size[1]}, the video "
            f"{placement.source[0]}x{placement.source[1]}; give a picture of the video's size"
        )
    return placement.to_network(picture)
