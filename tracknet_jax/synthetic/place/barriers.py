"""What can hide the ball: the net, and the glass and steel around a padel court."""

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.camera.picture import FINE, Sprite, cut_out, lay
from tracknet_jax.synthetic.play.sports import Sport

RESOLUTION = 180  # texture pixels a metre
TAPE, POST, STRAP, CELL = 0.065, 0.045, 0.05, 0.045  # metres
OPACITY = {"tennis": 0.30, "badminton": 0.18, "padel": 0.30}  # of the mesh
MESH_COLOUR, TAPE_COLOUR, POST_COLOUR = (26, 28, 30), (240, 240, 238), (52, 60, 58)
STEEL, GLASS = (34, 38, 44, 255), (150, 185, 205, 255)
GLASS_OPACITY, NEAR_OPACITY, FENCE_OPACITY = 0.16, 0.05, 0.28
GLASS_HEIGHT, FENCE_HEIGHT = 3.0, 4.0  # metres; the sides have glass at their ends and a fence between
BAR = 0.044  # thickness of a steel bar, metres

Point = tuple[float, float, float]


def net_sprites(sport: Sport, camera: Camera) -> tuple[Sprite, ...]:
    """The net as one sprite in the plane y = 0; none when it is outside the picture."""
    left, top = -sport.net_width / 2 - 0.2, sport.net_height[1] + 0.1
    fine = camera.enlarged(FINE)
    canvas = np.zeros((fine.size[1], fine.size[0], 4), np.uint8)
    corner = np.array([left, 0.0, top])
    texture = _net_texture(sport, -left, top)
    lay(canvas, texture, RESOLUTION, fine, corner, np.array([1.0, 0, 0]), np.array([0, 0, -1.0]))
    return cut_out(canvas, camera.size, 0.0)


def _net_texture(sport: Sport, half: float, height: float) -> np.ndarray:
    """The net from the front, RGBA with the colours multiplied by alpha."""
    x = (np.arange(round(2 * half * RESOLUTION)) + 0.5) / RESOLUTION - half
    z = height - (np.arange(round(height * RESOLUTION))[:, None] + 0.5) / RESOLUTION
    top, within = sport.net_height_at(x), np.abs(x) < sport.net_width / 2
    strings = (np.mod(x, CELL) < CELL / 8) | (np.mod(z, CELL) < CELL / 8)
    mesh = within & (z > sport.net_bottom) & (z < top)
    alpha = mesh * np.where(strings, 2.0, 0.7) * OPACITY[sport.name]
    texture = alpha[..., None] * (*MESH_COLOUR, 255)
    texture[within & (z > top - TAPE) & (z < top)] = (*TAPE_COLOUR, 255)
    if sport.name == "tennis":
        texture[(np.abs(x) < STRAP / 2) & (z < top)] = (*TAPE_COLOUR, 255)
    post = (np.abs(np.abs(x) - sport.net_width / 2) < POST) & (z < sport.net_height[1] + 0.02)
    texture[post] = (*POST_COLOUR, 255)
    return texture.astype(np.uint8)


def draw_cage(picture: np.ndarray, sport: Sport, camera: Camera) -> None:
    """Draws the far and the side walls over the still picture, in place."""
    half, end, top = sport.width / 2, sport.length / 2, GLASS_HEIGHT
    for x in (-half, half):
        for low, high in ((-end, 4 - end), (end - 4, end)):
            _pane(picture, camera, (x, low, 0), (x, high, top), GLASS, GLASS_OPACITY)
        _pane(picture, camera, (x, 4 - end, 0), (x, end - 4, top), STEEL, FENCE_OPACITY)
        bars = [((x, y, 0), (x, y, top)) for y in np.arange(-end, end + 0.1, 2.0)]
        _bars(picture, camera, [*bars, ((x, -end, top), (x, end, top))])
    _pane(picture, camera, (-half, end, 0), (half, end, top), GLASS, GLASS_OPACITY)
    _pane(picture, camera, (-half, end, top), (half, end, FENCE_HEIGHT), STEEL, FENCE_OPACITY)
    posts = [((x, end, 0), (x, end, FENCE_HEIGHT)) for x in np.arange(-half, half + 0.1, 2.0)]
    _bars(picture, camera, posts + [((-half, end, z), (half, end, z)) for z in (top, FENCE_HEIGHT)])


def near_wall(sport: Sport, camera: Camera) -> tuple[Sprite, ...]:
    """The near wall as a sprite: hardly visible glass, opaque steel."""
    half, y, fine = sport.width / 2, -sport.length / 2, camera.enlarged(FINE)
    canvas = np.zeros((fine.size[1], fine.size[0], 4), np.uint8)
    _pane(canvas, fine, (-half, y, 0), (half, y, GLASS_HEIGHT), GLASS, NEAR_OPACITY)
    frame = [((x, y, 0), (x, y, GLASS_HEIGHT)) for x in (-half, half)]
    _bars(canvas, fine, [*frame, ((-half, y, GLASS_HEIGHT), (half, y, GLASS_HEIGHT))])
    return cut_out(canvas, camera.size, y)


def _pane(picture: np.ndarray, camera: Camera, low: Point, high: Point, colour, opacity: float) -> None:
    """Tints an upright rectangle between two opposite corners, in place."""
    corners = np.array([low, (*high[:2], low[2]), high, (*low[:2], high[2])])
    tinted = picture.copy()
    cv2.fillConvexPoly(tinted, np.round(camera.project(corners)).astype(np.int32), colour)
    cv2.addWeighted(tinted, opacity, picture, 1 - opacity, 0, dst=picture)


def _bars(picture: np.ndarray, camera: Camera, bars: list[tuple[Point, Point]]) -> None:
    for bar in np.array(bars, float):
        start, end = np.round(camera.project(bar)).astype(int).tolist()
        thickness = max(1, round(BAR * float(camera.scale(bar).mean())))
        cv2.line(picture, start, end, STEEL, thickness)
