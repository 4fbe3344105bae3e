"""Checks of labels: frames that are not there, positions outside of the frame, jumps, repeated frames."""

from collections.abc import Iterable, Iterator

import numpy as np

from tracknet_jax.data.clips import Finding, Labels
from tracknet_jax.utils.errors import UserError

RowFinding = tuple[int, Finding]  # with the row of the labels


def raise_first(findings: Iterable[RowFinding]) -> None:
    """Raises a `UserError` for the first finding, if there is one."""
    for _, finding in findings:
        raise UserError(f"{finding.where}: {finding.message}")


def outside_frame(labels: Labels, size: tuple[int, int]) -> Iterator[RowFinding]:
    """Labels whose position lies more than a pixel outside of frames of `size` (width, height)."""
    width, height = size
    for row in np.flatnonzero(labels.located).tolist():
        x, y = labels.xy[row]
        if not (-1 <= x <= width and -1 <= y <= height):
            text = (
                f"({x:g}, {y:g}) is outside of the {width}x{height} frame; correct it or leave x and y empty"
            )
            yield row, Finding("outside the frame", labels.where(row), text)


def without_frame(labels: Labels, count: int) -> Iterator[RowFinding]:
    """Labels for frames that a clip of `count` decoded frames does not have."""
    for row in np.flatnonzero(labels.frame >= count).tolist():
        text = f"labels frame {labels.frame[row]}, but only {count} frames decode; is the video cut short?"
        yield row, Finding("no such frame", labels.where(row), text)


def jumps(labels: Labels, size: tuple[int, int]) -> Iterator[RowFinding]:
    """Labels far from both neighbours, which are near each other: most likely a wrong click.

    Far is more than 4 % of the diagonal of `size` (width, height), and more than five times the median step.
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
            yield row, Finding("jump", labels.where(row), text)


def median_step(labels: Labels) -> float | None:
    """The median step of the ball from frame to frame in pixels; None if no two neighbours are located."""
    steps = np.linalg.norm(np.diff(labels.xy, axis=0), axis=-1)[np.diff(labels.frame) == 1]
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps)) if len(steps) else None


def duplicated_frames(differences: np.ndarray) -> np.ndarray:
    """(F,) bool: the frame repeats the one before, as in 25 frames a second padded to 30.

    A repeated frame differs by compression noise only, which is far less than the differences around it, even with a
    still camera.

    Args:
        differences: (F,) mean absolute difference of each frame to the one before, in grey levels; NaN if unknown.
    """
    reach = 5
    repeated = np.zeros(len(differences), bool)
    for i in np.flatnonzero(np.isfinite(differences)).tolist():
        usual = np.nanmedian(differences[max(i - reach, 0) : i + reach + 1])
        repeated[i] = differences[i] < 0.2 * usual
    return repeated
