"""Shades the floor: surface, texture, wear, lettering, lines, and the shadows of net and stadium."""

import numpy as np

from tracknet_jax.synthetic.people.look import Look
from tracknet_jax.synthetic.place.court import paint_lines
from tracknet_jax.synthetic.place.lettering import RESOLUTION, sample_texture, word
from tracknet_jax.synthetic.play.sports import Sport

PAINT = np.array([236.0, 239.0, 241.0], np.float32)
# How far the playing surface reaches beyond the lines (sideways, lengthwise), in metres.
MATS = {"tennis": (0.0, 0.0), "badminton": (1.1, 1.4), "padel": (0.0, 0.0)}


def shade_floor(
    sport: Sport, look: Look, points: np.ndarray, across: np.ndarray, along: np.ndarray, salt: int
) -> np.ndarray:
    """sRGB colours `(N, 3)` of floor points `(N, 3)`; a pixel covers `across` x `along` metres."""
    x, y = points[:, 0], points[:, 1]
    mat_x, mat_y = MATS[sport.name]
    inside = _edge(sport.width / 2 + mat_x - np.abs(x), across)
    inside *= _edge(sport.length / 2 + mat_y - np.abs(y), along)
    surround, surface = (np.array(colour, np.float32) for colour in (look.surround, look.surface))
    colour = surround + inside[:, None] * (surface - surround)
    colour *= _texture(look, x, y, salt)[:, None]
    colour += _wear(sport, look, x, y)[:, None] * (np.array(look.worn) - colour)
    _letter(sport, look, colour, x, y)
    paint_lines(colour, sport, PAINT, x, y, across, along)
    return colour * _light(sport, look, x, y)[:, None]


def _edge(distance: np.ndarray, footprint: np.ndarray) -> np.ndarray:
    """Anti-aliased step: share of the footprint for which `distance` is positive."""
    return np.clip(distance / footprint + 0.5, 0, 1)


def _texture(look: Look, x: np.ndarray, y: np.ndarray, salt: int) -> np.ndarray:
    """Unevenness around 1, from value noise of three sizes; mown stripes on grass."""
    noise = _value_noise(x / 3.1, y / 4.2, salt) + 0.6 * _value_noise(x / 0.7, y / 1.1, salt + 1)
    noise += 0.5 * _value_noise(x / 0.13, y / 0.25, salt + 2)
    stripes = np.sign(np.sin(y * np.pi / 2.2)) * look.stripes
    return (1 + look.grain * noise + stripes).astype(np.float32)


def _value_noise(x: np.ndarray, y: np.ndarray, salt: int) -> np.ndarray:
    """Smooth noise in [-1, 1] with a period of 64 cells."""
    grid = np.random.default_rng(salt).uniform(-1, 1, (64, 64)).astype(np.float32)
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    s, t = x - column, y - row
    s, t = s * s * (3 - 2 * s), t * t * (3 - 2 * t)
    c0, c1, r0, r1 = column % 64, (column + 1) % 64, row % 64, (row + 1) % 64
    top = grid[r0, c0] * (1 - s) + grid[r0, c1] * s
    return top * (1 - t) + (grid[r1, c0] * (1 - s) + grid[r1, c1] * s) * t


def _wear(sport: Sport, look: Look, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where many feet have been: behind the middle of the baselines."""
    depth = np.abs(y) - sport.base_depth
    return look.wear * np.exp(-((x / 2.6) ** 2) - (depth / 0.9) ** 2).astype(np.float32)


def _letter(sport: Sport, look: Look, colour: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """The tournament's name behind the near baseline, in place."""
    if sport.name == "padel":
        return
    length, height = sport.width * 0.5, sport.width * 0.11
    top = -sport.length / 2 - (0.35 if sport.name == "badminton" else 1.6)
    stencil = word(look.event, int(length * RESOLUTION), int(height * RESOLUTION), fill=0.96)
    rows = np.flatnonzero((np.abs(x) < length / 2) & (y < top) & (y > top - height))
    cover = 0.85 * sample_texture(stencil[..., None], x[rows] + length / 2, top - y[rows])
    colour[rows] += cover * (PAINT - colour[rows])


def _light(sport: Sport, look: Look, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of the full light that reaches the floor."""
    lit = look.lit_at(x, y)
    # The shadow of the net: where the ray to the light passes the plane y = 0 at the height of the mesh.
    with np.errstate(divide="ignore", invalid="ignore"):
        t = -y / look.light[1]
        z, u = t * look.light[2], x + t * look.light[0]
    top = sport.net_height_at(u)
    behind = (t > 0) & (np.abs(u) < sport.net_width / 2) & (z > sport.net_bottom) & (z < top)
    net = behind * np.where(z > top - 0.07, 0.9, 0.35) * look.shadow * lit
    away = np.maximum(np.abs(x) / sport.width, np.abs(y) / sport.length) - 0.5
    spot = np.exp(-look.falloff * np.clip(away, 0, None))
    return ((1 - look.shadow * (1 - lit)) * (1 - net) * spot).astype(np.float32)
