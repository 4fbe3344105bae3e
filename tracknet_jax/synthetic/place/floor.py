"""The floor as a texture: surface, lines and the tournament's name, darker away from the court."""

import numpy as np

from tracknet_jax.synthetic.camera.picture import write
from tracknet_jax.synthetic.look import Look
from tracknet_jax.synthetic.place.hall import Hall
from tracknet_jax.synthetic.play.sports import Sport

PAINT = (236, 239, 241)
NAMES = ("OPEN", "MASTERS", "CUP", "RALLY", "CLASSIC", "TRACKNET", "FINALS")

Bar = tuple[float, float, float, float]  # x from, x to, y from, y to; metres


def court_lines(sport: Sport) -> list[Bar]:
    """The lines of a quarter of the court (x and y > 0); outer edges lie on the nominal measures."""
    side, end = sport.width / 2, sport.length / 2
    if sport.name == "tennis":
        single, service, w = 4.115, 6.40, 0.05
        across = [(0, side, end - 0.1, end), (0, single, service - w / 2, service + w / 2)]
        along = [(x - w, x, 0, end) for x in (side, single)]
        return [*across, *along, (0, w / 2, end - 0.2, end), (0, w / 2, 0, service)]
    if sport.name == "badminton":
        w = 0.04
        across = [(0, side, y - w / 2, y + w / 2) for y in (end - w / 2, end - 0.76, 1.98)]
        return [*across, *((x - w, x, 0, end) for x in (side, 2.59)), (0, w / 2, 1.98, end)]
    return [(0, side, 6.925, 6.975), (0, 0.025, 0, 7.15)]


def floor_texture(
    sport: Sport, look: Look, hall: Hall, resolution: float, rng: np.random.Generator
) -> np.ndarray:
    """The floor from above, uint8 (rows, columns, 3) with `resolution` pixels a metre.

    The upper left corner is at x = -hall.side, y = hall.far.
    """
    shape = (round((hall.far - hall.near) * resolution), round(2 * hall.side * resolution))
    floor = np.empty((*shape, 3), np.uint8)
    floor[:] = look.surround
    side, end = sport.width / 2, sport.length / 2
    mat = 1.2 if sport.name == "badminton" else 0.0  # metres of the playing surface beyond the lines
    _bar(floor, hall, resolution, (-side - mat, side + mat, -end - mat, end + mat), look.surface)
    if not sport.walls:
        _name(floor, sport, hall, resolution, rng)
    for x0, x1, y0, y1 in court_lines(sport):
        for bar in ((x0, x1, y0, y1), (-x1, -x0, y0, y1), (x0, x1, -y1, -y0), (-x1, -x0, -y1, -y0)):
            _bar(floor, hall, resolution, bar, PAINT)
    y = np.abs(hall.far - (np.arange(shape[0]) + 0.5) / resolution) / sport.length
    x = np.abs((np.arange(shape[1]) + 0.5) / resolution - hall.side) / sport.width
    down, across = (np.exp(-look.falloff * np.maximum(away - 0.5, 0)).astype(np.float32) for away in (y, x))
    return (floor * down[:, None, None] * across[:, None]).astype(np.uint8)


def _window(hall: Hall, resolution: float, bar: Bar) -> tuple[slice, slice]:
    """Rows and columns of the texture that a bar covers."""
    x0, x1 = (round((x + hall.side) * resolution) for x in bar[:2])
    y1, y0 = (round((hall.far - y) * resolution) for y in bar[2:])
    return slice(y0, max(y1, y0 + 1)), slice(x0, max(x1, x0 + 1))


def _bar(floor: np.ndarray, hall: Hall, resolution: float, bar: Bar, colour) -> None:
    floor[_window(hall, resolution, bar)] = colour


def _name(floor: np.ndarray, sport: Sport, hall: Hall, resolution: float, rng: np.random.Generator) -> None:
    """The tournament's name behind the near baseline, in place."""
    half, height = sport.width * 0.25, sport.width * 0.11
    top = -sport.length / 2 - (0.35 if sport.name == "badminton" else 1.6)
    panel = floor[_window(hall, resolution, (-half, half, top - height, top))]
    write(panel, str(rng.choice(NAMES)), PAINT, fill=0.96)
