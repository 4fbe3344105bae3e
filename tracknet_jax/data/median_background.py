"""V3's background image: the pixel-wise median of a clip's frames, in one pass and bounded memory."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.utils.errors import UserError

SAMPLES = 128  # most frames in a median: 57 MB at 512x288


def estimate_background(
    frames: Iterable[np.ndarray], prepare: Callable[[np.ndarray], np.ndarray] = lambda frame: frame
) -> np.ndarray:
    """The median (H, W, 3) uint8 of frames (H, W, 3), each of them given to `prepare` first.

    The median is that of all frames up to `SAMPLES`, and else of evenly spaced ones, at least half of `SAMPLES`. One
    between two grey levels is rounded down, as in TrackNetV3's code.

    Raises:
        UserError: there is no frame.
    """
    kept: list[np.ndarray] = []
    spacing = 1
    for number, frame in enumerate(frames):
        if number % spacing == 0 and len(kept) == SAMPLES:
            kept, spacing = kept[::2], 2 * spacing
        if number % spacing == 0:
            kept.append(prepare(frame))
    if not kept:
        raise UserError("no frame to estimate a background from")
    return median_image(kept)


def median_image(images: Sequence[np.ndarray]) -> np.ndarray:
    """The pixel-wise median of images (H, W, 3) uint8."""
    return np.median(np.stack(images), axis=0, overwrite_input=True).astype(np.uint8)


def clip_background(index: FrameIndex, clip: int, image: Callable[[int], np.ndarray]) -> np.ndarray:
    """The background (H, W, 3) uint8 of clip number `clip`; `image` gives the frame of a row of `index`."""
    rows = np.flatnonzero(index.clip == clip)
    spacing = -(-len(rows) // SAMPLES)  # the frames between are not read
    return estimate_background(map(image, rows[::spacing].tolist()))
