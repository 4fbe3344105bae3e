"""Labels against the frames they belong to: rows for frames that are not there, positions outside of them."""

from collections.abc import Iterator

import numpy as np

from tracknet_jax.data.clips import Labels

# Kind of problem, place ("file, line 12"), one line of text.
Problem = tuple[str, str, str]


def outside_frame(labels: Labels, size: tuple[int, int]) -> Iterator[Problem]:
    """Labels whose position lies more than a pixel outside of frames of `size` (width, height)."""
    width, height = size
    for row in np.flatnonzero(labels.located).tolist():
        x, y = labels.xy[row]
        if not (-1 <= x <= width and -1 <= y <= height):
            text = (
                f"({x:g}, {y:g}) is outside of the {width}x{height} frame; correct it or leave x and y empty"
            )
            yield "outside the frame", labels.where(row), text


def without_frame(labels: Labels, count: int) -> Iterator[Problem]:
    """Labels for frames that a clip of `count` decoded frames does not have."""
    for row in np.flatnonzero(labels.frame >= count).tolist():
        text = f"labels frame {labels.frame[row]}, but only {count} frames decode; is the video cut short?"
        yield "no such frame", labels.where(row), text
