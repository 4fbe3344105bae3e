"""From a stream of frames to the fixed-shape pieces that the compiled detector takes, and its plan for them.

Where every frame is seen once, the stream is cut into *windows*. Where it is seen in every window that holds it, into
*chunks*: `advance` new frames behind `length - 1` earlier ones, so that any window which ends in a new frame lies
inside. Before the first frame stands the first frame, repeated.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

Overlap = Literal["none", "average", "weighted"]


class Window(NamedTuple):
    """What the network sees at once: `length` frames (H, W, 3) uint8, of which the last `new` are in no earlier one."""

    frames: list[np.ndarray]
    new: int


def windows(frames: Iterable[np.ndarray], length: int, advance: int) -> Iterator[Window]:
    """Cuts a stream of equal frames into windows that move on by `advance` frames, so that each frame is new once.

    The last window ends in the last frame, wherever it began: it then holds real frames instead of repeated ones,
    among which a moving ball would stand still.
    """
    recent: deque[np.ndarray] = deque(maxlen=length)
    new = 0
    for frame in frames:
        if not recent:
            recent.extend([frame] * (length - 1))
        recent.append(frame)
        new += 1
        if new == advance:
            yield Window(list(recent), new)
            new = 0
    if new:
        yield Window(list(recent), new)


@dataclass(frozen=True)
class Chunk:
    """A piece of the stream.

    `frames` (length - 1 + advance, H, W, 3) uint8, of which `count` new ones are real; `first` is the number
    of the first new one, counted from where the stream began.
    """

    frames: np.ndarray
    first: int
    count: int


def chunks(frames: Iterable[np.ndarray], length: int, advance: int) -> Iterator[Chunk]:
    """Cuts a stream of equal frames into chunks; only the last may have fewer than `advance` real frames."""
    lead = length - 1
    buffer, count, first = None, 0, 0
    for frame in frames:
        if buffer is None:
            buffer = np.empty((lead + advance, *frame.shape), np.uint8)
            buffer[:lead] = frame
        buffer[lead + count] = frame
        count += 1
        if count == advance:
            # A fresh buffer: the device may still be reading this one.
            following = np.empty_like(buffer)
            following[:lead] = buffer[advance:]
            yield Chunk(buffer, first, count)
            buffer, count, first = following, 0, first + advance
    if buffer is not None and count:
        buffer[lead + count :] = buffer[lead + count - 1]
        yield Chunk(buffer, first, count)


def ensemble_weights(overlap: Overlap, outputs: int) -> np.ndarray:
    """Weight (outputs,) of each output of a window; triangular under `weighted` (TrackNetV3), else one."""
    position = np.arange(outputs)
    weights = np.minimum(position + 1, outputs - position) if overlap == "weighted" else np.ones(outputs)
    return weights.astype(np.float32)


def complete_windows(chunk: Chunk, batch: int, outputs: int) -> np.ndarray:
    """Which of the windows that end in the chunk's new frames count: mask (batch,) bool.

    Left out are those that reach behind the last frame, and those whose first outputs would fall before the
    first frame, unless the whole stream is too short for any other.
    """
    ends = chunk.first + np.arange(batch)
    last = chunk.first + chunk.count - 1
    stream_is_short = chunk.count < batch and last < outputs - 1
    return (ends <= last) & ((ends >= outputs - 1) | (stream_is_short & (ends == last)))
