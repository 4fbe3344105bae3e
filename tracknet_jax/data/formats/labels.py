"""Ball labels from CSV files: tennis (V1), shuttlecock (V2, V3), normalised, this project's own tracks."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tracknet_jax.data.clips import NO_BALL, OCCLUDED, UNLABELLED, Labels
from tracknet_jax.data.formats.table import Table, read_table
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.frames import file_number, numbers_in_names

# Column names without case, spaces and signs (`plain_name`).
FILE = ("filename", "file", "image", "imagename")
FRAME = ("frame", "framenumber", "frameid", "framenum", "frameno")
VISIBILITY = ("visibility", "visibilityclass", "visible", "vis")
BALL = ("ball",)  # only the normalised format has it: visibility class, positions divided by the size
X = ("x", "xcoordinate", "xcoord", "ballx")
Y = ("y", "ycoordinate", "ycoord", "bally")

# What is told about a row: kind of problem, place ("file, line 12"), one line of text.
Report = Callable[[str, str, str], None]
ZERO_POSITION = "visible at (0, 0)"


def stop_at_error(kind: str, where: str, message: str) -> None:
    """The report of everything but `inspect`: a row that cannot be used ends the reading with a UserError.

    A visible ball at (0, 0) is no such row: many tools write that for "there, but not located".
    """
    if kind != ZERO_POSITION:
        raise UserError(f"{where}: {message}")


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
        report: called for every row that is wrong, which is then left out; the default raises UserError.

    Returns:
        Labels in pixels. A position that is empty, negative or not finite is NaN, and so is (0, 0).
    """
    table = read_table(Path(path))
    columns = _Columns.of(table)
    if columns.normalised and size is None:
        raise UserError(
            f"{path}: positions are divided by the frame size; the clip's video is needed to read it"
        )
    position = _positions(frames)
    rows: dict[int, tuple[float, float, int, int]] = {}
    for line, cells in table.rows:
        where = f"{path}, line {line}"
        try:
            frame, x, y, visibility = columns.read(
                table, cells, size, lambda *a, w=where: report(a[0], w, a[1])
            )
            if position is not None:
                frame = _position_of(frame, position)
        except _BadRowError as error:
            report(error.kind, where, str(error))
            continue
        if frame in rows:
            report(
                "duplicate row",
                where,
                f"frame {frame} was labelled in line {rows[frame][3]} already; keep one",
            )
            continue
        rows[frame] = (x, y, visibility, line)
    return _to_labels(Path(path), rows)


class _BadRowError(Exception):
    """A row that cannot be used, and what kind of problem that is."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class _Columns:
    """Where the wanted values stand in a table, and whether positions are divided by the frame size."""

    file: int | None
    frame: int | None
    visibility: int
    x: int
    y: int
    normalised: bool

    @classmethod
    def of(cls, table: Table) -> "_Columns":
        file, frame = table.column(FILE), table.column(FRAME)
        visibility, ball = table.column(VISIBILITY), table.column(BALL)
        x, y = table.column(X), table.column(Y)
        normalised = visibility is None
        seen = ball if normalised else visibility
        if (file is None and frame is None) or seen is None or x is None or y is None:
            raise UserError(
                f"{table.path}: no label columns in its first line; wanted Frame,Visibility,X,Y or "
                "Frame,Ball,x,y or file name,visibility,x-coordinate,y-coordinate"
            )
        return cls(file, frame, seen, x, y, normalised)

    def read(
        self, table: Table, cells: list[str], size: tuple[int, int] | None, note: Callable[[str, str], None]
    ) -> tuple[int, float, float, int]:
        """Frame number, x, y in pixels and visibility of one row; _BadRowError if it is wrong."""
        frame = self._frame_number(table, cells)
        visibility = _visibility(_number(table, cells, self.visibility))
        x, y = _number(table, cells, self.x), _number(table, cells, self.y)
        if math.isnan(x) != math.isnan(y):
            raise _BadRowError("wrong cell", "only one of x and y is given; give both or none")
        if visibility in (NO_BALL, UNLABELLED):
            return frame, math.nan, math.nan, visibility
        if x == 0 and y == 0:
            note(ZERO_POSITION, "the ball is visible but its position is (0, 0): taken as not located")
            return frame, math.nan, math.nan, visibility
        if self.normalised and size is not None and _is_position(x, y, edge=0.0):
            if max(x, y) > 1:
                raise _BadRowError(
                    "outside the frame", f"normalised position ({x:g}, {y:g}) is not within 0...1"
                )
            x, y = x * size[0], y * size[1]
        if not _is_position(x, y, edge=-0.5):
            x = y = math.nan
        return frame, x, y, visibility

    def _frame_number(self, table: Table, cells: list[str]) -> int:
        if self.frame is not None:
            value = _number(table, cells, self.frame)
            if not value.is_integer() or value < 0:  # also NaN and infinity
                raise _BadRowError("wrong cell", f"frame {cells[self.frame]!r} is not a number from 0 up")
            return int(value)
        assert self.file is not None
        number = file_number(Path(cells[self.file].strip()))
        if number is None:
            raise _BadRowError("wrong cell", f"file name {cells[self.file]!r} has no frame number")
        return number


def _is_position(x: float, y: float, *, edge: float) -> bool:
    return math.isfinite(x) and math.isfinite(y) and min(x, y) >= edge


def _number(table: Table, cells: list[str], column: int) -> float:
    cell = cells[column] if column < len(cells) else ""
    try:
        return table.number(cell)
    except ValueError:
        raise _BadRowError(
            "wrong cell", f"{cell!r} in column {table.header[column]} is not a number"
        ) from None


def _visibility(number: float) -> int:
    if math.isnan(number) or number == UNLABELLED:
        return UNLABELLED
    if number not in range(NO_BALL, OCCLUDED + 1):
        raise _BadRowError("wrong cell", f"visibility {number:g} is not 0, 1, 2 or 3")
    return int(number)


def _positions(frames: Path | tuple[Path, ...] | None) -> dict[int, int] | None:
    """Frame number in the file name -> place in the clip, for image files; None for a video."""
    if not isinstance(frames, tuple):
        return None
    return {number: i for i, number in enumerate(numbers_in_names(frames))}


def _position_of(frame: int, position: dict[int, int]) -> int:
    if frame not in position:
        raise _BadRowError("no such frame", f"labels frame {frame}, but the clip has no image of that number")
    return position[frame]


def _to_labels(path: Path, rows: dict[int, tuple[float, float, int, int]]) -> Labels:
    frames = sorted(rows)
    values = [rows[frame] for frame in frames]
    return Labels(
        frame=np.array(frames, np.int64),
        xy=np.array([value[:2] for value in values], np.float32).reshape(-1, 2),
        visibility=np.array([value[2] for value in values], np.uint8),
        path=path,
        line=np.array([value[3] for value in values], np.int64),
    )
