"""Windows of consecutive frames: where they begin, and random access to them."""

import numpy as np

from tracknet_jax.data.tfds.frame_source import FrameSource
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.windows.resident import ResidentFrames
from tracknet_jax.utils.errors import UserError

Window = dict[str, np.ndarray]
Frames = FrameSource | ResidentFrames  # those of a built dataset, or decoded ones


class FrameWindows:
    """Random access to the windows of L frames that begin at given records, in the order they are given.

    `windows[i]` is `{"frames": (L, H, W, 3) uint8 RGB, "xy": (L, 2) float32 pixels of these frames, NaN where
    not located, "visibility": (L,) uint8}`, with `"background": (H, W, 3)` where there are any. Pickles for worker
    processes if its frames do.

    Args:
        frames: all frames, of one size.
        starts: (n,) first records, for instance `window_starts`.
        length: L, frames in a window.
        backgrounds: (C, H, W, 3) uint8, one for each clip of the index, for networks that want one.
    """

    def __init__(
        self,
        frames: Frames,
        starts: np.ndarray,
        length: int,
        backgrounds: np.ndarray | None = None,
    ):
        self.frames, self.starts, self.length, self.backgrounds = frames, starts, length, backgrounds

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, i: int) -> Window:
        rows, index = self.starts[i] + np.arange(self.length), self.frames.index
        window = {
            "frames": np.stack([self.frames.image(row) for row in rows.tolist()]),
            "xy": index.xy[rows],
            "visibility": index.visibility[rows],
        }
        if self.backgrounds is not None:
            window["background"] = self.backgrounds[index.clip[rows[0]]]
        return window


def window_starts(index: FrameIndex, length: int, stride: int) -> np.ndarray:
    """(n,) first records of all windows of `length` frames that cross no clip and bridge no gap.

    Strides, in frames between the starts of neighbouring windows, count from the start of each unbroken run of
    frames. Raises `UserError` if one of the numbers is not positive.
    """
    if min(length, stride) < 1:
        raise UserError(f"window length {length} and stride {stride} must be 1 or more")
    run_starts = np.flatnonzero(
        np.diff(index.clip, prepend=-1).astype(bool) | (np.diff(index.frame, prepend=-2) != 1)
    )
    run_ends = np.append(run_starts, len(index))[1:]
    starts = [np.arange(a, b - length + 1, stride) for a, b in zip(run_starts, run_ends, strict=True)]
    return np.concatenate([*starts, np.zeros(0, np.int64)]).astype(np.int64)
