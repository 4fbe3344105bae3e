"""Ball labels from CSV files: tennis (V1), shuttlecock (V2, V3), normalised, this project's own tracks."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tracknet_jax.data.clips import NO_BALL, OCCLUDED, UNLABELLED, Finding, Labels
from tracknet_jax.data.formats.table import Table, read_table
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.frames import file_number, numbers_in_names

# Names of columns as `plain_name` writes them. The normalised format has its visibility in "ball", and positions that
# are divided by the frame size.
COLUMNS = {
    "file": ("filename", "file", "image", "imagename"),
    "frame": ("frame", "framenumber", "frameid", "framenum", "frameno"),
    "visibility": ("visibility", "visibilityclass", "visible", "vis"),
    "ball": ("ball",),
    "x": ("x", "xcoordinate", "xcoord", "ballx"),
    "y": ("y", "ycoordinate", "ycoord", "bally"),
}

Report = Callable[[Finding], None]
ZERO_POSITION = "visible at (0, 0)"
Row = tuple[int, float, float, int]  # frame, x, y, visibility


def stop_at_error(finding: Finding) -> None:
    """Raises a `UserError` for a row that cannot be used.

    A visible ball at (0, 0) can be used: many tools write that for a ball without a position.
    """
    if finding.kind != ZERO_POSITION:
        raise UserError(f"{finding.where}: {finding.message}")


def read_labels(
    path: Path | str,
    *,
    frames: Path | tuple[Path, ...] | None = None,
    size: tuple[int, int] | None = None,
    report: Report = stop_at_error,
) -> Labels:
    """Reads a label CSV of any known format; columns are found by name.

    Args:
        path: the CSV file.
        frames: the clip's frames. With image files, rows are matched to them by the number in their names.
        size: (width, height) of the frames; the normalised format needs it.
        report: called for every wrong row, which is then left out.

    Returns:
        Labels in pixels. A position that is empty, negative or not finite is NaN, and so is (0, 0).

    Raises:
        UserError: the file or its columns cannot be read; by the default `report` also for a wrong row.
    """
    table = read_table(Path(path))
    columns = _LabelTable.of(table, size)
    place = None  # in the clip, by the number in an image's name
    if isinstance(frames, tuple):
        place = {number: i for i, number in enumerate(numbers_in_names(frames))}
    rows: dict[int, tuple[float, float, int, int]] = {}
    for line, cells in table.rows:
        where = f"{path}, line {line}"
        try:
            frame, x, y, visibility = columns.read(cells)
            if place is not None and frame not in place:
                text = f"labels frame {frame}, but the clip has no image of that number"
                raise _BadRowError("no such frame", text)
            frame = frame if place is None else place[frame]
            if frame in rows:
                text = f"frame {frame} was labelled in line {rows[frame][-1]} already; keep one"
                raise _BadRowError("duplicate row", text)
        except _BadRowError as error:
            kind, text = error.args
            report(Finding(kind, where, text))
            continue
        if x == y == 0:
            text = "the ball is visible but its position is (0, 0): taken as not located"
            report(Finding(ZERO_POSITION, where, text))
            x = y = math.nan
        rows[frame] = (x, y, visibility, line)
    ordered = [rows[frame] for frame in sorted(rows)]
    return Labels(
        frame=np.array(sorted(rows), np.int64),
        xy=np.array([row[:2] for row in ordered], np.float32).reshape(-1, 2),
        visibility=np.array([row[2] for row in ordered], np.uint8),
        path=Path(path),
        line=np.array([row[3] for row in ordered], np.int64),
    )


class _BadRowError(Exception):
    """A row that cannot be used: the kind of problem, and one line about it."""


@dataclass(frozen=True)
class _LabelTable:
    """A table with the columns that labels need."""

    table: Table
    names: dict[str, str]  # of the columns in the table, by those in `COLUMNS`
    scale: tuple[int, int] | None  # (width, height) by which positions were divided; None: they are pixels

    @classmethod
    def of(cls, table: Table, size: tuple[int, int] | None) -> "_LabelTable":
        names = {kind: name for kind, aliases in COLUMNS.items() if (name := table.column(aliases))}
        known = names.keys()
        if not (known & {"file", "frame"} and known & {"visibility", "ball"} and known >= {"x", "y"}):
            raise UserError(
                f"{table.path}: no label columns in its first line; wanted Frame,Visibility,X,Y or "
                "Frame,Ball,x,y or file name,visibility,x-coordinate,y-coordinate"
            )
        if "visibility" in names:
            return cls(table, names, None)
        if size is None:
            raise UserError(
                f"{table.path}: positions are divided by the frame size; the clip's video is needed to read it"
            )
        return cls(table, names, size)

    def read(self, cells: dict[str, str]) -> Row:
        """One row, in pixels: NaN where there is no ball or no position; raises `_BadRowError`."""
        frame = self._frame_number(cells)
        visibility = _visibility(self._number(cells, "ball" if self.scale else "visibility"))
        x, y = self._number(cells, "x"), self._number(cells, "y")
        if math.isnan(x) != math.isnan(y):
            raise _BadRowError("wrong cell", "only one of x and y is given; give both or none")
        if visibility in (NO_BALL, UNLABELLED):
            return frame, math.nan, math.nan, visibility
        if self.scale is not None and _is_position(x, y, edge=0.0):
            if max(x, y) > 1:
                text = f"normalised position ({x:g}, {y:g}) is not within 0...1"
                raise _BadRowError("outside the frame", text)
            x, y = x * self.scale[0], y * self.scale[1]
        if not _is_position(x, y, edge=-0.5):
            x = y = math.nan
        return frame, x, y, visibility

    def _frame_number(self, cells: dict[str, str]) -> int:
        if "frame" in self.names:
            value = self._number(cells, "frame")
            if not value.is_integer() or value < 0:  # also NaN and infinity
                text = f"frame {cells[self.names['frame']]!r} is not a number from 0 up"
                raise _BadRowError("wrong cell", text)
            return int(value)
        name = cells.get(self.names["file"], "")
        number = file_number(Path(name))
        if number is None:
            raise _BadRowError("wrong cell", f"file name {name!r} has no frame number")
        return number

    def _number(self, cells: dict[str, str], kind: str) -> float:
        cell = cells.get(self.names[kind], "")
        try:
            return self.table.number(cell)
        except ValueError:
            text = f"{cell!r} in column {self.names[kind]} is not a number"
            raise _BadRowError("wrong cell", text) from None


def _is_position(x: float, y: float, *, edge: float) -> bool:
    return math.isfinite(x) and math.isfinite(y) and min(x, y) >= edge


def _visibility(number: float) -> int:
    if math.isnan(number) or number == UNLABELLED:
        return UNLABELLED
    if number not in range(NO_BALL, OCCLUDED + 1):
        raise _BadRowError("wrong cell", f"visibility {number:g} is not 0, 1, 2 or 3")
    return int(number)
