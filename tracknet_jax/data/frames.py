"""Frames of a clip, one after the other: RGB uint8 from a video or image files; sizes, rates, numbers."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from tracknet_jax.errors import UserError


def decode_frames(frames: Path | tuple[Path, ...]) -> Iterator[np.ndarray]:
    """Yields every frame that decodes, (H, W, 3) uint8 RGB, upright, holding one at a time.

    Raises:
        UserError: a file is missing or does not decode, or images of one clip differ in size.
    """
    return _decode_video(frames) if isinstance(frames, Path) else _decode_images(frames)


def _decode_video(path: Path) -> Iterator[np.ndarray]:
    capture = _open(path)
    count = 0
    try:
        while True:
            decoded, frame = capture.read()
            if not decoded:
                break
            count += 1
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    finally:
        capture.release()
    if not count:
        raise UserError(f"{path}: no frame of this video decodes; is it truncated?")


def _decode_images(paths: tuple[Path, ...]) -> Iterator[np.ndarray]:
    shape = None
    for path in paths:
        frame = read_image(path)
        if shape is not None and frame.shape != shape:
            raise UserError(
                f"{path}: {frame.shape[1]}x{frame.shape[0]} in a clip of {shape[1]}x{shape[0]} frames"
            )
        shape = frame.shape
        yield frame


def read_image(path: Path) -> np.ndarray:
    """One image file as (H, W, 3) uint8 RGB; UserError if it is missing or does not decode."""
    try:
        data = np.fromfile(path, np.uint8)  # cv2.imread prints a warning instead of raising
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    frame = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if frame is None:
        raise UserError(f"{path}: not an image that can be decoded; replace or remove it")
    return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def frame_size(frames: Path | tuple[Path, ...]) -> tuple[int, int]:
    """(width, height) of a clip's first frame."""
    frame = next(decode_frames(frames))
    return frame.shape[1], frame.shape[0]


def frame_rate(frames: Path | tuple[Path, ...]) -> Fraction | None:
    """Frames a second of a video as an exact fraction; None for image files, which have none."""
    if not isinstance(frames, Path):
        return None
    capture = _open(frames)
    rate = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return Fraction(rate).limit_denominator(1_000_000) if rate > 0 else None


def promised_frames(video: Path) -> int:
    """The number of frames that a video's container promises, 0 if it does not say."""
    capture = _open(video)
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    capture.release()
    return max(int(count), 0)


def frame_numbers(frames: Path | tuple[Path, ...], count: int) -> list[int]:
    """Numbers of a clip's `count` frames: those in image files' names, so that a missing file is a gap."""
    return list(range(count)) if isinstance(frames, Path) else numbers_in_names(frames)


def numbers_in_names(paths: tuple[Path, ...]) -> list[int]:
    """The frame number of each image file; 0, 1, 2 ... if a name has none or two have the same."""
    numbers = [number for path in paths if (number := file_number(path)) is not None]
    return numbers if len(set(numbers)) == len(paths) else list(range(len(paths)))


def file_number(path: Path) -> int | None:
    """The frame number in a file's name, its last run of digits: `img_000123.jpg` gives 123."""
    digits = re.findall(r"\d+", path.stem)
    return int(digits[-1]) if digits else None


def resize(frame: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """(H, W, 3) to `size` (width, height); area averaging to shrink, linear to enlarge; None keeps it."""
    if size is None or size == (frame.shape[1], frame.shape[0]):
        return frame
    shrinks = size[0] <= frame.shape[1] and size[1] <= frame.shape[0]
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _open(path: Path) -> cv2.VideoCapture:
    if not path.is_file():
        raise UserError(f"{path}: no such video")
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise UserError(f"{path}: not a video that can be opened; check the file, or convert it with ffmpeg")
    return capture
