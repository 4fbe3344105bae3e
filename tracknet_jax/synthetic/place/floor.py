"""The floor as a texture: surface, lines, the tournament's name, and the shadows of net and stadium."""

import cv2
import numpy as np

from tracknet_jax.synthetic.look import Look
from tracknet_jax.synthetic.place.hall import Hall, write
from tracknet_jax.synthetic.play.sports import Sport

PAINT = (236, 239, 241)
LIGHT_RESOLUTION = 20  # texture pixels a metre of what is soft: light and unevenness
# How far the playing surface reaches beyond the lines (sideways, lengthwise), in metres.
MATS = {"tennis": (0.0, 0.0), "badminton": (1.1, 1.4), "padel": (0.0, 0.0)}
GRAIN = 0.02  # strength of the unevenness
NAMES = ("OPEN", "MASTERS", "CUP", "RALLY", "CLASSIC", "TRACKNET", "FINALS")

Bar = tuple[float, float, float, float]  # x from, x to, y from, y to; metres


def court_lines(sport: Sport) -> list[Bar]:
    """The lines of a quarter of the court (x and y > 0); outer edges lie on the nominal measures."""
    side, end = sport.width / 2, sport.length / 2
    if sport.name == "tennis":
        single, service, w = 4.115, 6.40, 0.05
        across = [(0, side, end - 0.1, end), (0, single, service - w / 2, service + w / 2)]
        return [*across, *_along((side, single), w, end), (0, w / 2, end - 0.2, end), (0, w / 2, 0, service)]
    if sport.name == "badminton":
        w = 0.04
        across = [(0, side, y - w / 2, y + w / 2) for y in (end - w / 2, end - 0.76, 1.98)]
        return [*across, *_along((side, 2.59), w, end), (0, w / 2, 1.98, end)]
    return [(0, side, 6.925, 6.975), (0, 0.025, 0, 7.15)]


def _along(places: tuple[float, ...], width: float, end: float) -> list[Bar]:
    return [(x - width, x, 0, end) for x in places]


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
    mat_x, mat_y = MATS[sport.name]
    _bar(floor, hall, resolution, (-side - mat_x, side + mat_x, -end - mat_y, end + mat_y), look.surface)
    if not sport.walls:
        _name(floor, sport, hall, resolution, rng)
    for x0, x1, y0, y1 in court_lines(sport):
        for bar in ((x0, x1, y0, y1), (-x1, -x0, y0, y1), (x0, x1, -y1, -y0), (-x1, -x0, -y1, -y0)):
            _bar(floor, hall, resolution, bar, PAINT)
    light = cv2.resize(_light(sport, look, hall, rng), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.minimum(floor * light[..., None], 255).astype(np.uint8)


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
    write(panel, NAMES[int(rng.integers(len(NAMES)))], PAINT, fill=0.96)


def _light(sport: Sport, look: Look, hall: Hall, rng: np.random.Generator) -> np.ndarray:
    """Share of the full light that the floor reflects (rows, columns), unevenness included."""
    rows = round((hall.far - hall.near) * LIGHT_RESOLUTION)
    columns = round(2 * hall.side * LIGHT_RESOLUTION)
    y = hall.far - (np.arange(rows)[:, None] + 0.5) / LIGHT_RESOLUTION
    x = (np.arange(columns) + 0.5) / LIGHT_RESOLUTION - hall.side
    lit = look.lit_at(x, y)
    away = np.maximum(np.abs(x) / sport.width, np.abs(y) / sport.length) - 0.5
    spot = np.exp(-look.falloff * np.clip(away, 0, None))
    noise = sum(
        strength * _noise(lit.shape, cell, rng) for strength, cell in ((1.0, 3.5), (0.6, 0.9), (0.5, 0.2))
    )
    shadows = (1 - look.shadow * (1 - lit)) * (1 - look.shadow * lit * _net_shadow(sport, look, x, y))
    return (shadows * spot * (1 + GRAIN * noise)).astype(np.float32)


def _noise(shape: tuple[int, int], cell: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise in about [-1, 1] whose hills are `cell` metres wide."""
    rows, columns = (int(extent / LIGHT_RESOLUTION / cell) + 2 for extent in shape)
    return cv2.resize(rng.uniform(-1, 1, (rows, columns)), shape[::-1], interpolation=cv2.INTER_CUBIC)


def _net_shadow(sport: Sport, look: Look, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How dense the net's shadow is: where the ray to the light passes the plane y = 0 through the net."""
    reach = -y / look.light[1]
    z, u = reach * look.light[2], x + reach * look.light[0]
    top = sport.net_height_at(u)
    hit = (reach > 0) & (np.abs(u) < sport.net_width / 2) & (z > sport.net_bottom) & (z < top)
    return hit * np.where(z > top - 0.07, 0.9, 0.35)
