"""The result of tracking: one row a frame, and its CSV file."""

import csv
import math
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing

HEADER = ("Frame", "Visibility", "X", "Y", "Confidence", "Source")
REQUIRED = HEADER[:4]  # what the CSV files of TrackNetV2 and V3 hold
BALL = ("detected", "inpainted")  # sources of rows with a ball
SOURCES = ("", "dropped", *BALL)


class Row(NamedTuple):
    """What is known of one frame; `x`, `y` in source pixels (centres at whole numbers), NaN: no ball."""

    frame: int
    x: float
    y: float
    confidence: float
    source: str = (
        ""  # "detected", "inpainted", "dropped" (a live frame that no tracker saw) or "" without a ball
    )

    @property
    def visible(self) -> bool:
        return self.source in BALL


@dataclass(frozen=True, eq=False)
class Track:
    """A ball's track: arrays of length F, one entry a decoded frame, in order.

    Attributes:
        frame: (F,) int64 frame numbers in the video, from 0.
        visible: (F,) bool, whether a ball was found.
        x, y: (F,) float32 source pixels, centres at whole numbers, NaN without a ball.
        confidence: (F,) float32 in [0, 1]; 0 without a ball, and where one was inpainted: no network saw it.
        source: (F,) str, "detected", "inpainted", "dropped" or "", see `Row`.
        fps: frame rate as an exact fraction; None where unknown (a track read from CSV).
        size: (width, height) of the source; None where unknown.
    """

    frame: np.ndarray
    visible: np.ndarray
    x: np.ndarray
    y: np.ndarray
    confidence: np.ndarray
    source: np.ndarray
    fps: Fraction | None = None
    size: tuple[int, int] | None = None

    @classmethod
    def of(
        cls, rows: Iterable[Row], fps: Fraction | None = None, size: tuple[int, int] | None = None
    ) -> "Track":
        """The track with these rows."""
        frames, numbers, sources = (
            array("q"),
            array("d"),
            bytearray(),
        )  # 33 bytes a row: hours of a match stay small
        for row in rows:
            frames.append(row.frame)
            numbers.extend((row.x, row.y, row.confidence))
            sources.append(SOURCES.index(row.source))
        x, y, confidence = np.array(numbers, np.float32).reshape(-1, 3).T
        source = np.array(SOURCES)[np.array(sources, np.uint8)]
        return cls(np.array(frames, np.int64), np.isin(source, BALL), x, y, confidence, source, fps, size)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def xy(self) -> np.ndarray:
        """Positions (F, 2) float32, NaN without a ball."""
        return np.stack([self.x, self.y], axis=-1)

    def rows(self) -> Iterator[Row]:
        """The frames one by one, as plain Python numbers."""
        columns = (self.frame, self.x, self.y, self.confidence, self.source)
        return map(Row._make, zip(*(column.tolist() for column in columns), strict=True))

    def to_csv(self, path: str | Path) -> None:
        """Writes `Frame,Visibility,X,Y,Confidence,Source`; X and Y are empty where there is no ball."""
        with csv_rows(Path(path)) as table:
            for row in self.rows():
                table.write(row)

    @classmethod
    def from_csv(
        cls, path: str | Path, fps: Fraction | None = None, size: tuple[int, int] | None = None
    ) -> "Track":
        """Reads a track CSV, with or without the last two columns (TrackNetV2 and V3 have four).

        Raises:
            UserError: the file is missing, lacks a column, or a row does not parse; the row is named.
        """
        return cls.of(starmap(_parse_row, read_table(Path(path), REQUIRED)), fps, size)

    def summary(self) -> str:
        """How many frames there are, and in how many of them there is a ball, in one line."""
        found, filled = int(self.visible.sum()), int((self.source == "inpainted").sum())
        share = f", {filled} of them filled in" if filled else ""
        return f"{len(self)} frames, ball in {found} ({found / max(1, len(self)):.0%}{share})"

    def to_dataframe(self) -> Any:
        """The six arrays as a `pandas.DataFrame` with the CSV's column names (needs pandas)."""
        try:
            import pandas
        except ImportError as error:
            raise UserError("to_dataframe needs pandas: pip install pandas") from error
        columns = (self.frame, self.visible, self.x, self.y, self.confidence, self.source)
        return pandas.DataFrame(dict(zip(HEADER, columns, strict=True)))


class CsvRows:
    """Writes rows to an open text file as they come, with positions rounded to hundredths of a pixel.

    Rows of a live source have a seventh column, `Time`: seconds from the first frame to this one, as they arrived.
    """

    def __init__(self, file: TextIO, timed: bool = False):
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow((*HEADER, "Time") if timed else HEADER)

    def write(self, row: Row, time: float | None = None) -> None:
        self._writer.writerow((*csv_fields(row), *(() if time is None else (f"{time:.3f}",))))


@contextmanager
def csv_rows(path: Path, timed: bool = False) -> Iterator[CsvRows]:
    """A `CsvRows` whose file appears at `path` when it is complete.

    Raises:
        UserError: it cannot be written.
    """
    with replacing(path) as partial, partial.open("w", newline="") as file:
        yield CsvRows(file, timed)


def csv_fields(row: Row) -> tuple:
    """The six fields of a row in a track CSV."""
    position = (f"{row.x:.2f}", f"{row.y:.2f}") if row.visible else ("", "")
    return row.frame, int(row.visible), *position, f"{row.confidence:.4f}", row.source


def read_table(path: Path, required: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV file by column, each with its place in the file for messages.

    Raises:
        UserError: the file cannot be read or lacks a required column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in required if name not in (reader.fieldnames or ())]
            if missing:
                raise UserError(f"{path}: the header lacks {', '.join(missing)}")
            for fields in reader:
                yield f"{path}, line {reader.line_num}", fields
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error


def _parse_row(where: str, fields: dict[str, str]) -> Row:
    try:
        frame, visible = int(fields["Frame"] or ""), int(fields["Visibility"] or "") > 0
        if not visible:
            dropped = "dropped" if fields.get("Source") == "dropped" else ""
            return Row(frame, math.nan, math.nan, float(fields.get("Confidence") or 0), dropped)
        x, y = float(fields["X"] or ""), float(fields["Y"] or "")
        confidence, source = float(fields.get("Confidence") or 1), fields.get("Source") or "detected"
    except ValueError as error:
        raise UserError(f"{where}: {error}; expected {','.join(HEADER)}") from error
    if source not in BALL:
        raise UserError(f"{where}: source {source!r}, expected detected, inpainted or nothing")
    return Row(frame, x, y, confidence, source)
