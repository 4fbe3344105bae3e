"""Windows of one video or several, put together for one step."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from tracknet_jax.tracking.frame_tracker import PreparedVideo
from tracknet_jax.tracking.windows import Window, windows


def batches(videos: Iterable[PreparedVideo], length: int, outputs: int, size: int) -> Iterator["Batch"]:
    """The windows of `length` frames of all videos, one after the other, `size` at a time."""
    stream = ((video, window) for video in videos for window in windows(video.frames, length, outputs))
    while batch := list(islice(stream, size)):
        yield Batch.of(batch, size, outputs)


class Batch(NamedTuple):
    """Windows of one video or several, and whose frames their maps are.

    `windows` (B, L, H, W, 3) uint8, `inside` (B, H, W) bool, `background` (B, H, W, 3) uint8 or None; `keep` are the
    indices (window, output) of the maps of new frames, and `videos` the video of each of these.
    """

    windows: np.ndarray
    inside: np.ndarray
    background: np.ndarray | None
    keep: tuple[np.ndarray, np.ndarray]
    videos: list[PreparedVideo]

    @classmethod
    def of(cls, windows: list[tuple[PreparedVideo, Window]], size: int, outputs: int) -> "Batch":
        """`size` windows: the last one is repeated where there are fewer."""
        places = [
            (i, output, video)
            for i, (video, window) in enumerate(windows)
            for output in range(outputs - window.new, outputs)
        ]
        windows = windows + windows[-1:] * (size - len(windows))
        frames = np.stack([frame for _, window in windows for frame in window.frames])
        backgrounds = [video.background for video, _ in windows if video.background is not None]
        return cls(
            frames.reshape(size, -1, *frames.shape[1:]),
            np.stack([video.placement.inside() for video, _ in windows]),
            np.stack(backgrounds) if backgrounds else None,
            (np.array([i for i, *_ in places]), np.array([output for _, output, _ in places])),
            [video for *_, video in places],
        )
