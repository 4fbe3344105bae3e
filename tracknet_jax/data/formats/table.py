"""CSV tables as people write them: with a BOM, `;` or tabs, headers in any case, floats for integers."""

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

from tracknet_jax.utils.errors import UserError

_EMPTY = {"", "nan", "none", "null", "na"}


@dataclass(frozen=True)
class Table:
    """A CSV file as text."""

    path: Path
    header: tuple[str, ...]  # column names as `plain_name` writes them
    rows: list[tuple[int, list[str]]]  # line number and cells of each row that is not empty
    decimal_comma: bool  # numbers are written 5,25

    def column(self, aliases: tuple[str, ...]) -> int | None:
        """Index of the first column named by one of `aliases`, None if there is none."""
        return next((i for i, name in enumerate(self.header) if name in aliases), None)

    def number(self, cell: str) -> float:
        """The number in a cell, NaN if it is empty; raises ValueError for text."""
        text = cell.strip()
        if text.lower() in _EMPTY:
            return math.nan
        if "_" in text:  # Python would read 1_000 as a number
            raise ValueError(cell)
        return float(text.replace(",", ".") if self.decimal_comma else text)


def read_table(path: Path) -> Table:
    """Reads a CSV file; raises `UserError` if it is missing, empty or not text."""
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text file; give a CSV with a header line") from error
    if not lines or not lines[0].strip():
        raise UserError(f"{path}: empty label file; give a CSV with a header line")
    delimiter = max(",;\t", key=lines[0].count)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        header = tuple(plain_name(name) for name in next(reader))
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: not CSV ({error})") from error
    return Table(path, header, rows, decimal_comma=delimiter != ",")


def plain_name(name: str) -> str:
    """A column name in lower case, letters and digits only: `X-coordinate ` and `x_coordinate` are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
