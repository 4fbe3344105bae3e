"""From a stream of frames to the pieces of fixed shape that the compiled detector takes.

Where the network looks at every frame once, the stream is cut into *windows*, and some of them make a *batch*. Where it
looks at a frame in every window that holds it, the stream is cut into *chunks*: `advance` new frames behind
`length - 1` earlier ones, so that each window that ends in a new frame lies inside. The first frame is repeated before
itself.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

import numpy as np

from tracknet_jax.tracking.prepared_video import Frame


def runs(frames: Iterable[Frame]) -> Iterator[tuple[bool, Iterator[Frame]]]:
    """Neighbours of one video, between which no frame was dropped, with True; dropped frames with False."""
    for (_, seen), run in groupby(frames, lambda frame: (frame.video, frame.image is not None)):
        yield seen, run


class Window(NamedTuple):
    """What the network sees at once.

    Attributes:
        images: `length` images (H, W, 3) uint8; none for a dropped frame.
        frames: the frames that are in no earlier window; their images are the last ones.
    """

    images: list[np.ndarray]
    frames: list[Frame]


def windows(frames: Iterable[Frame], length: int, advance: int) -> Iterator[Window]:
    """Cuts the frames into windows that move on by `advance` frames, so that each frame is new in one of them.

    Each run has windows of its own. The last one ends in the run's last frame, wherever it begins: it holds real frames
    instead of repeated ones, in which a moving ball would stand still.
    """
    for seen, run in runs(frames):
        if seen:
            yield from _windows_of_run(run, length, advance)
        else:
            yield from (Window([], [frame]) for frame in run)


def _windows_of_run(run: Iterator[Frame], length: int, advance: int) -> Iterator[Window]:
    recent: deque[np.ndarray] = deque(maxlen=length)
    while new := list(islice(run, advance)):
        images = _images(new)
        if not recent:
            recent.extend(images[:1] * length)
        recent.extend(images)
        yield Window(list(recent), new)


class Batch(NamedTuple):
    """Windows for one step, or one dropped frame without any.

    Attributes:
        frames: the new frames, in order.
        keep: indices (window, output) of their maps.
        windows: (B, L, H, W, 3) uint8; None for a dropped frame.
        inside: (B, H, W) bool, where the windows show their video.
        background: (B, H, W, 3) uint8, for networks that take one.
    """

    frames: list[Frame]
    keep: tuple[np.ndarray, np.ndarray] | None = None
    windows: np.ndarray | None = None
    inside: np.ndarray | None = None
    background: np.ndarray | None = None

    @classmethod
    def of(cls, windows: list[Window], size: int, outputs: int) -> "Batch":
        """A batch of `size` windows; the last one is repeated where there are fewer."""
        new = [len(window.frames) for window in windows]
        keep = (
            np.repeat(np.arange(len(windows)), new),
            np.concatenate([np.arange(outputs - count, outputs) for count in new]),
        )
        frames = [frame for window in windows for frame in window.frames]
        windows = windows + windows[-1:] * (size - len(windows))
        videos = [window.frames[0].video for window in windows]
        backgrounds = [video.background for video in videos if video.background is not None]
        images = np.stack([image for window in windows for image in window.images])
        return cls(
            frames,
            keep,
            images.reshape(size, -1, *images.shape[1:]),
            np.stack([video.placement.inside() for video in videos]),
            np.stack(backgrounds) if backgrounds else None,
        )


def batches(frames: Iterable[Frame], length: int, outputs: int, size: int) -> Iterator[Batch]:
    """The windows of all frames, `size` at a time; one batch may hold windows of several videos."""
    for seen, group in groupby(windows(frames, length, outputs), lambda window: bool(window.images)):
        while several := list(islice(group, size if seen else 1)):
            yield Batch.of(several, size, outputs) if seen else Batch(several[0].frames)


class Chunk(NamedTuple):
    """A piece of one run.

    Attributes:
        images: (length - 1 + advance, H, W, 3) uint8; those behind the last new frame repeat it.
        frames: the new frames, at most `advance`.
        first: position of the first new frame in its run.
    """

    images: np.ndarray
    frames: list[Frame]
    first: int


def chunks(run: Iterable[Frame], length: int, advance: int) -> Iterator[Chunk]:
    """Cuts one run into chunks; only the last one may have fewer than `advance` new frames."""
    run, first = iter(run), 0
    recent: list[np.ndarray] = []
    while new := list(islice(run, advance)):
        images = _images(new)
        before = recent or images[:1] * (length - 1)
        recent = (before + images)[len(images) :]
        missing = advance - len(images)
        yield Chunk(np.stack(before + images + images[-1:] * missing), new, first)
        first += len(new)


def complete_windows(chunk: Chunk, batch: int, outputs: int) -> np.ndarray:
    """Which of the `batch` windows that end in the chunk's new frames count: mask (batch,) bool.

    Windows that reach behind the last frame do not count. Nor do those whose first outputs would fall before the first
    frame, unless the whole run is too short for any other.
    """
    ends = chunk.first + np.arange(batch)
    last = chunk.first + len(chunk.frames) - 1
    run_is_short = len(chunk.frames) < batch and last < outputs - 1
    return (ends <= last) & ((ends >= outputs - 1) | (run_is_short & (ends == last)))


def _images(frames: list[Frame]) -> list[np.ndarray]:
    return [frame.image for frame in frames if frame.image is not None]
