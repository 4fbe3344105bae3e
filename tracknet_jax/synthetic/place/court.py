"""The floor: court lines of the three sports and the shading of any point of the ground."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.synthetic.play.sports import Sport


@dataclass(frozen=True)
class Line:
    """A painted bar, axis-parallel: centre and half extents in metres."""

    x: float
    y: float
    half_x: float
    half_y: float


def court_lines(sport: Sport) -> list[Line]:
    """All lines of the court; outer edges lie on the nominal measures."""
    return {"tennis": _tennis, "badminton": _badminton, "padel": _padel}[sport.name](sport)


def _along(x: float, low: float, high: float, width: float) -> Line:
    return Line(x, (low + high) / 2, width / 2, (high - low) / 2)


def _across(y: float, half: float, width: float) -> Line:
    return Line(0.0, y, half, width / 2)


def _mirrored(lines: list[Line]) -> list[Line]:
    return lines + [Line(-line.x, -line.y, line.half_x, line.half_y) for line in lines]


def _tennis(sport: Sport) -> list[Line]:
    half, side, single, service, w = sport.length / 2, sport.width / 2, 4.115, 6.40, 0.05
    lines = [_across(half - 0.05, side, 0.10), _across(service, single, w)]
    lines += [_along(side - w / 2, -half, half, w), _along(single - w / 2, -half, half, w)]
    lines += [_along(0.0, half - 0.2, half, w)]
    return [*_mirrored(lines), _along(0.0, -service, service, w)]


def _badminton(sport: Sport) -> list[Line]:
    half, side, single, w = sport.length / 2, sport.width / 2, 2.59, 0.04
    lines = [_across(half - w / 2, side, w), _across(1.98, side, w), _across(half - 0.76, side, w)]
    lines += [_along(side - w / 2, -half, half, w), _along(single - w / 2, -half, half, w)]
    lines += [_along(0.0, 1.98, half, w)]
    return _mirrored(lines)


def _padel(sport: Sport) -> list[Line]:
    w = 0.05
    lines = [_across(6.95, sport.width / 2, w)]
    return [*_mirrored(lines), _along(0.0, -7.15, 7.15, w)]


def bar_coverage(line: Line, x, y, footprint_x, footprint_y) -> np.ndarray:
    """Share of each pixel's footprint on the ground (metres) that a line covers: its anti-aliasing."""
    along_x = _overlap(x - line.x, line.half_x, footprint_x)
    return along_x * _overlap(y - line.y, line.half_y, footprint_y)


def _overlap(offset, half, footprint) -> np.ndarray:
    low = np.maximum(offset - footprint / 2, -half)
    high = np.minimum(offset + footprint / 2, half)
    return np.clip(high - low, 0, None) / footprint


def paint_lines(colour: np.ndarray, sport: Sport, paint, x, y, footprint_x, footprint_y) -> None:
    """Mixes the lines into ground colours `(N, 3)` in place."""
    for line in court_lines(sport):
        near = (np.abs(x - line.x) < line.half_x + footprint_x) & (
            np.abs(y - line.y) < line.half_y + footprint_y
        )
        rows = np.flatnonzero(near)
        cover = bar_coverage(line, x[rows], y[rows], footprint_x[rows], footprint_y[rows])[:, None]
        colour[rows] += cover * (paint - colour[rows])
