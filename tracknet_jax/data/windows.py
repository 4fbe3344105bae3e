"""Windows of consecutive frames over a built dataset: what a network sees of it."""

import numpy as np

from tracknet_jax.data.index import FrameIndex
from tracknet_jax.data.source import FrameSource
from tracknet_jax.errors import UserError

Window = dict[str, np.ndarray]


class FrameWindows:
    """Random access to all windows of L frames of one split.

    `windows[i]` is `{"frames": (L, H, W, 3) uint8 RGB, "xy": (L, 2) float32 pixels of these frames, NaN where
    not located, "visibility": (L,) uint8}`, with `"background": (H, W, 3)` where there are any. A window never
    crosses clips and never bridges a gap in the frame numbers. Pickles for worker processes.

    Args:
        source: the frames of one split.
        length: L, frames in a window.
        stride: frames between the starts of neighbouring windows of a clip.
        step: frames from one frame of a window to the next; 2 makes 60 fps look like 30.
        backgrounds: (C, H, W, 3) uint8, one for each clip of the index, for networks that want one.
    """

    def __init__(
        self,
        source: FrameSource,
        length: int,
        stride: int = 1,
        step: int = 1,
        backgrounds: np.ndarray | None = None,
    ):
        if min(length, stride, step) < 1:
            raise UserError(f"window length {length}, stride {stride} and step {step} must be 1 or more")
        if source.size is None and len(np.unique(source.index.source_size, axis=0)) > 1:
            raise UserError(
                f"{source.directory}: its clips differ in size; build it with --size WIDTHxHEIGHT"
            )
        self.source, self.length, self.step, self.backgrounds = source, length, step, backgrounds
        self.starts = window_starts(source.index, length, stride, step)
        if not len(self.starts):
            needed = (length - 1) * step + 1
            raise UserError(
                f"{source.directory}: no clip of split {source.split} has {needed} frames in a row"
            )

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, i: int) -> Window:
        rows = self.rows(i)
        window = {
            "frames": np.stack([self.source.image(row) for row in rows.tolist()]),
            "xy": self.source.index.xy[rows],
            "visibility": self.source.index.visibility[rows],
        }
        if self.backgrounds is not None:
            window["background"] = self.backgrounds[self.source.index.clip[rows[0]]]
        return window

    def rows(self, i: int) -> np.ndarray:
        """(L,) records of window `i`."""
        return self.starts[i] + self.step * np.arange(self.length)


def window_starts(index: FrameIndex, length: int, stride: int, step: int) -> np.ndarray:
    """(n,) first records of all windows; strides count from the start of each unbroken run of frames."""
    span = (length - 1) * step  # from the first record to the last
    run_starts = np.flatnonzero(
        np.diff(index.clip, prepend=-1).astype(bool) | (np.diff(index.frame, prepend=-2) != 1)
    )
    run_ends = np.append(run_starts, len(index))[1:]
    starts = [np.arange(a, b - span, stride) for a, b in zip(run_starts, run_ends, strict=True)]
    return np.concatenate([*starts, np.zeros(0, np.int64)]).astype(np.int64)
