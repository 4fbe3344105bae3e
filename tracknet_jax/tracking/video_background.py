"""The background image that V3's networks are given, where a video, a user or a stream can give one."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

import numpy as np

from tracknet_jax.data.median_background import estimate_background
from tracknet_jax.tracking.frame_tracker import FrameTracker
from tracknet_jax.tracking.placement import Placement
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.readers import FrameReader, read_image

OPENING = 64  # frames, about 2 s: a ball is gone, and an overlay can wait with that many frames in memory


def find_background(
    tracker: FrameTracker,
    placement: Placement,
    image: str | Path | None = None,
    again: Callable[[], FrameReader] | None = None,
) -> np.ndarray | None:
    """The background (h, w, 3) uint8 RGB at the network's size; None for trackers that want none.

    Args:
        image: a picture of the scene, in the video's size.
        again: opens the frames once more, for a first pass over them. Without either (a camera, a stream) the
            answer is None, and the tracker takes its first frames.

    Raises:
        UserError: the image is of another size or cannot be read, or the tracker wants none.
    """
    if tracker.background == "none":
        if image is not None:
            raise UserError(f"{tracker.name} takes no background image: leave {image} out")
        return None
    if image is not None:
        return _from_image(Path(image), placement)
    if again is None:
        return None
    with closing(again()) as frames:
        return estimate_background(frames, placement.to_network)


def opening_background(frames: Iterable[np.ndarray]) -> tuple[np.ndarray | None, Iterator[np.ndarray]]:
    """The background of the first `OPENING` frames of a stream, and all of its frames; None if none comes."""
    frames = iter(frames)
    opening = list(islice(frames, OPENING))
    return estimate_background(opening) if opening else None, chain(opening, frames)


def _from_image(path: Path, placement: Placement) -> np.ndarray:
    picture = read_image(path)
    size = (picture.shape[1], picture.shape[0])
    if size != placement.source:
        raise UserError(
            f"background {path}: it is {size[0]}x{size[1]}, the video "
            f"{placement.source[0]}x{placement.source[1]}; give a picture of the video's size"
        )
    return placement.to_network(picture)
