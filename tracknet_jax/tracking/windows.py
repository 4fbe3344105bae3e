"""From a stream of frames to the fixed-shape pieces that the compiled detector takes, and its plan for them.

A *chunk* holds `advance` new frames behind `length - 1` earlier ones, so that any window which ends in a new
frame lies inside it. Before the first frame stands the first frame, repeated.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

Overlap = Literal["none", "average", "weighted"]


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


def disjoint_plan(count: int, batch: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows for `overlap="none"`: outputs tile the new frames.

    The last window of the stream is moved back so that it ends in the last frame: it then holds real frames
    instead of repeated ones, among which a moving ball would stand still.

    Returns:
        starts (batch,) int32: where each window begins in the chunk.
        keep (count,) int: which of the flattened `batch * outputs` maps belong to the `count` new frames.
    """
    starts = np.arange(batch, dtype=np.int32) * outputs + outputs - 1
    keep = np.arange(count)
    full, rest = divmod(count, outputs)
    if rest:
        starts[full] = count - 1
        keep[full * outputs :] += outputs - rest
    return starts, keep


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
