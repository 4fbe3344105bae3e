"""The frames of a clip, from a video or from image files, and their size, rate and numbers."""

import re
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.readers import open_frames


def decode_frames(frames: Path | tuple[Path, ...]) -> Iterator[np.ndarray]:
    """Yields every frame that decodes, (H, W, 3) uint8 RGB, upright, holding one at a time.

    Raises:
        UserError: a file is missing or does not decode, or the frames differ in size.
    """
    with closing(open_frames(frames)) as reader:
        for number, frame in enumerate(reader):
            height, width = frame.shape[:2]
            if (width, height) != reader.size:
                place = frames if isinstance(frames, Path) else frames[number]
                raise UserError(
                    f"{place}: frame {number} is {width}x{height} in a clip of "
                    f"{reader.size[0]}x{reader.size[1]} frames"
                )
            yield frame


def frame_size(frames: Path | tuple[Path, ...]) -> tuple[int, int]:
    """(width, height) of a clip's first frame."""
    with closing(open_frames(frames)) as reader:
        return reader.size


def frame_rate(frames: Path | tuple[Path, ...]) -> Fraction | None:
    """Frames a second of a video as an exact fraction; None for image files, which have none."""
    if not isinstance(frames, Path):
        return None
    with closing(open_frames(frames)) as reader:
        return reader.fps


def promised_frames(video: Path) -> int:
    """The number of frames that a video's container says it has, 0 if it does not say."""
    with closing(open_frames(video)) as reader:
        return reader.frame_count_hint or 0


def frame_numbers(frames: Path | tuple[Path, ...], count: int) -> list[int]:
    """Numbers of a clip's `count` frames. Image files have them in their names, so a missing file is a gap."""
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
    """Resizes (H, W, 3) to `size` (width, height), by area averaging or, to enlarge, linearly; None: as it is."""
    if size is None or size == (frame.shape[1], frame.shape[0]):
        return frame
    shrinks = size[0] <= frame.shape[1] and size[1] <= frame.shape[0]
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
