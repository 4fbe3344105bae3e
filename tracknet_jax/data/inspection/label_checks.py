"""Labels against the frames they belong to: rows for frames that are not there, positions outside of them."""

from collections.abc import Iterable, Iterator

import numpy as np

from tracknet_jax.data.clips import Labels
from tracknet_jax.utils.errors import UserError

# Kind of problem, place ("file, line 12"), one line of text.
Problem = tuple[str, str, str]
# With the row of the labels that has it.
RowProblem = tuple[int, Problem]


def raise_first(problems: Iterable[RowProblem]) -> None:
    """Raises a `UserError` for the first problem, if there is one."""
    for _, (_, where, message) in problems:
        raise UserError(f"{where}: {message}")


def outside_frame(labels: Labels, size: tuple[int, int]) -> Iterator[RowProblem]:
    """Labels whose position lies more than a pixel outside of frames of `size` (width, height)."""
    width, height = size
    for row in np.flatnonzero(labels.located).tolist():
        x, y = labels.xy[row]
        if not (-1 <= x <= width and -1 <= y <= height):
            text = (
                f"({x:g}, {y:g}) is outside of the {width}x{height} frame; correct it or leave x and y empty"
            )
            yield row, ("outside the frame", labels.where(row), text)


def without_frame(labels: Labels, count: int) -> Iterator[RowProblem]:
    """Labels for frames that a clip of `count` decoded frames does not have."""
    for row in np.flatnonzero(labels.frame >= count).tolist():
        text = f"labels frame {labels.frame[row]}, but only {count} frames decode; is the video cut short?"
        yield row, ("no such frame", labels.where(row), text)


def jumps(labels: Labels, size: tuple[int, int]) -> Iterator[RowProblem]:
    """Labels far from both neighbours while those are near each other: most likely a wrong click.

    Far is 4 % of the frame's diagonal and five times the clip's usual step.
    """
    far = max(0.04 * float(np.hypot(*size)), 5 * (median_step(labels) or 0.0))
    for row in range(1, len(labels) - 1):
        before, here, after = labels.xy[row - 1 : row + 2]
        there, back = np.linalg.norm(here - before), np.linalg.norm(after - here)
        in_a_row = labels.frame[row + 1] - labels.frame[row - 1] == 2
        if in_a_row and min(there, back) > far and np.linalg.norm(after - before) < 0.5 * min(there, back):
            frame = labels.frame[row]
            text = (
                f"frame {frame}: {there:.0f} pixels away from the frame before, {back:.0f} from the one after"
            )
            yield row, ("jump", labels.where(row), text)


def median_step(labels: Labels) -> float | None:
    """Median way of the ball between neighbouring frames in pixels; None if no two neighbours are located."""
    steps = np.linalg.norm(np.diff(labels.xy, axis=0), axis=-1)[np.diff(labels.frame) == 1]
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps)) if len(steps) else None


def duplicated_frames(differences: np.ndarray) -> np.ndarray:
    """(F,) bool: the frame repeats its predecessor, as in 25 frames a second padded to 30.

    Args:
        differences: (F,) mean absolute difference of each frame to the one before, in grey levels; the first
            is NaN. A repeated frame differs by what the compression adds, far less than its surroundings do,
            even where a still camera makes all differences small.
    """
    reach = 5
    repeated = np.zeros(len(differences), bool)
    for i in np.flatnonzero(np.isfinite(differences)).tolist():
        usual = np.nanmedian(differences[max(i - reach, 0) : i + reach + 1])
        repeated[i] = differences[i] < 0.2 * usual
    return repeated
