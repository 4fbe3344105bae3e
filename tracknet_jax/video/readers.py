"""Frames in: video files, cameras, streams and image sequences through one interface."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.capture import DEFAULT_FPS, Order, is_live, open_capture
from tracknet_jax.video.folders import images_in

# A camera index, a path, a stream address, a folder of images, or image files in order.
VideoSource = int | str | Path | Sequence[Path]


class FrameReader(Protocol):
    """What `open_frames` gives: frames (H, W, 3) uint8, upright, once, from `start` on."""

    fps: Fraction
    size: tuple[int, int]  # (width, height)
    start: int  # number of the first frame
    frame_count_hint: int | None  # how many frames will come, if the container tells the truth
    order: Order  # of the colours

    def __iter__(self) -> Iterator[np.ndarray]:
        """The frames; can be walked once."""

    def again(self) -> "FrameReader | None":
        """Opens the same frames once more; None if they can be read only once."""

    def close(self) -> None:
        """Frees the decoder."""


class VideoReader:
    """Frames of a video file, camera or stream; `open_frames` explains the arguments.

    Skipped frames are decoded, not sought: the indices in containers are wrong too often for the numbers in the CSV to
    rest on them.

    Raises:
        UserError: nothing there can be decoded, or the video ends before `start`.
    """

    def __init__(self, source: int | str | Path, start: int, end: int | None, order: Order):
        self._source, self.start, self._end, self.order = source, start, end, order
        self._capture = open_capture(source)
        for number in range(start):
            if not self._capture.grab():
                self._capture.close()
                raise UserError(f"{source}: has only {number + 1} frames, the start asked for is {start}")
        self._first = self._capture.retrieve(order)
        self.fps = self._capture.fps
        self.size = (self._first.shape[1], self._first.shape[0])
        ends = [number for number in (self._capture.frame_count_hint, end) if number is not None]
        self.frame_count_hint = max(0, min(ends) - start) if ends else None

    def __iter__(self) -> Iterator[np.ndarray]:
        number, frame = self.start, self._first
        while True:
            yield frame
            number += 1
            if number == self._end or not self._capture.grab():
                return
            frame = self._capture.retrieve(self.order)

    def again(self) -> "VideoReader | None":
        return None if is_live(self._source) else VideoReader(self._source, self.start, self._end, self.order)

    def close(self) -> None:
        self._capture.close()


@dataclass
class GivenFrames:
    """Frames of one size from anywhere else, such as image files or an array; same interface as `VideoReader`.

    Attributes:
        frames: (H, W, 3) uint8.
        anew: gives the same frames once more; None if nothing can.
    """

    frames: Iterable[np.ndarray]
    size: tuple[int, int]
    start: int = 0
    anew: Callable[[], Iterable[np.ndarray]] | None = None
    order: Order = "rgb"
    frame_count_hint: int | None = None
    fps: Fraction = DEFAULT_FPS

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.frames)

    def again(self) -> "GivenFrames | None":
        return None if self.anew is None else replace(self, frames=self.anew())

    def close(self) -> None:
        """Nothing is open here."""


def read_image(path: Path, order: Order = "rgb") -> np.ndarray:
    """One image file as (H, W, 3) uint8; UserError if it is missing or does not decode."""
    try:
        data = np.fromfile(path, np.uint8)  # cv2.imread prints a warning instead of raising
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    frame = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if frame is None:
        raise UserError(f"{path}: not an image that can be decoded; replace or remove it")
    return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) if order == "rgb" else frame


def open_frames(
    source: VideoSource, start: int = 0, end: int | None = None, order: Order = "rgb"
) -> FrameReader:
    """Opens what holds frames: a camera index (also as text), address, video, image folder, image files.

    Args:
        start, end: frame numbers, half-open.
        order: of the frames' colours.

    Raises:
        UserError: there is no frame between `start` and `end`, or none can be decoded.
    """
    if start < 0 or (end is not None and end <= start):
        raise UserError(f"start {start} and end {end}: expected 0 <= start < end")
    if isinstance(source, Sequence) and not isinstance(source, str):
        return _open_images([Path(path) for path in source], start, end, order)
    if isinstance(source, str) and source.isdigit() and not Path(source).exists():
        source = int(source)
    if is_live(source) or not Path(str(source)).is_dir():
        return VideoReader(source, start, end, order)
    images = images_in(Path(str(source)))
    if not images:
        raise UserError(f"{source}: a folder without images; name a video, or a folder of videos or images")
    return _open_images(images, start, end, order)


def _open_images(paths: Sequence[Path], start: int, end: int | None, order: Order) -> GivenFrames:
    chosen = paths[start:end]
    if not chosen:
        raise UserError(f"{len(paths)} images, but the start asked for is frame {start}")

    def frames() -> Iterator[np.ndarray]:
        return (read_image(path, order) for path in chosen)

    height, width = read_image(chosen[0], order).shape[:2]
    return GivenFrames(frames(), (width, height), start, frames, order, len(chosen))


def open_between(
    source: VideoSource, start: Fraction | None, end: Fraction | None, order: Order = "rgb"
) -> FrameReader:
    """`open_frames` with times in seconds: the frames that are shown from `start` up to `end`."""
    if start is None and end is None:
        return open_frames(source, order=order)
    with closing(open_frames(source)) as reader:
        first, last = (None if time is None else ceil(time * reader.fps) for time in (start, end))
    return open_frames(source, first or 0, last, order)
