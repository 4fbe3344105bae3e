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
    rows: list[tuple[int, dict[str, str]]]  # line number, and cells by column, of each row that is not empty
    decimal_comma: bool  # numbers are written 5,25

    def column(self, aliases: tuple[str, ...]) -> str | None:
        """The first column named by one of `aliases`, None if there is none."""
        return next((name for name in self.header if name in aliases), None)

    def number(self, cell: str) -> float:
        """The number in a cell, NaN if it is empty; raises ValueError for text."""
        if cell.lower() in _EMPTY:
            return math.nan
        if "_" in cell:  # Python would read 1_000 as a number
            raise ValueError(cell)
        return float(cell.replace(",", ".") if self.decimal_comma else cell)


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
        rows = [(reader.line_num, _by_column(header, row)) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: not CSV ({error})") from error
    return Table(path, header, rows, decimal_comma=delimiter != ",")


def _by_column(header: tuple[str, ...], row: list[str]) -> dict[str, str]:
    """The cells of a row; of two columns with one name the first counts."""
    return dict(reversed([*zip(header, map(str.strip, row), strict=False)]))


def plain_name(name: str) -> str:
    """A column name in lower case, letters and digits only: `X-coordinate ` and `x_coordinate` are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
