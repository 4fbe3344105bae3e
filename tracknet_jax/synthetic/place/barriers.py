"""The net, which can hide the ball, and the glass and steel around a padel court."""

from collections.abc import Iterator

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.camera.picture import FINE, Sprite, lay
from tracknet_jax.synthetic.play.sports import Sport

RESOLUTION = 180  # texture pixels a metre
TAPE, POST, CELL = 0.065, 0.045, 0.045  # metres
MESH_OPACITY, PANE_OPACITY = 0.26, 0.2
MESH_COLOUR, TAPE_COLOUR, POST_COLOUR = (26, 28, 30), (240, 240, 238), (52, 60, 58)
STEEL, GLASS = (34, 38, 44), (150, 185, 205)
GLASS_HEIGHT, FENCE_HEIGHT = 3.0, 4.0  # metres
BAR = 0.044  # thickness of a steel bar, metres

Point = tuple[float, float, float]


def net_sprite(sport: Sport, camera: Camera) -> Sprite:
    """The net in the plane y = 0; an empty sprite where it is outside the picture."""
    left, top = -sport.net_width / 2 - 0.2, sport.net_height[1] + 0.1
    fine = camera.enlarged(FINE)
    canvas = np.zeros((fine.size[1], fine.size[0], 4), np.uint8)
    corner = np.array([left, 0.0, top])
    texture = _net_texture(sport, -left, top)
    lay(canvas, texture, RESOLUTION, fine, corner, np.array([1.0, 0, 0]), np.array([0, 0, -1.0]))
    small = np.asarray(cv2.resize(canvas, camera.size, interpolation=cv2.INTER_AREA))
    x, y, width, height = cv2.boundingRect(small[..., 3])
    part = small[y : y + height, x : x + width]
    return Sprite(part[..., 3].astype(np.float32) / 255, x, y, part[..., :3], 0.0)


def _net_texture(sport: Sport, half: float, height: float) -> np.ndarray:
    """The net from the front, RGBA with the colours multiplied by alpha."""
    x = (np.arange(round(2 * half * RESOLUTION)) + 0.5) / RESOLUTION - half
    z = height - (np.arange(round(height * RESOLUTION))[:, None] + 0.5) / RESOLUTION
    top, within = sport.net_height_at(x), np.abs(x) < sport.net_width / 2
    strings = (np.mod(x, CELL) < CELL / 8) | (np.mod(z, CELL) < CELL / 8)
    mesh = within & (z > sport.net_bottom) & (z < top)
    alpha = mesh * np.where(strings, 2.0, 0.7) * MESH_OPACITY
    texture = alpha[..., None] * (*MESH_COLOUR, 255)
    texture[within & (z > top - TAPE) & (z < top)] = (*TAPE_COLOUR, 255)
    post = (np.abs(np.abs(x) - sport.net_width / 2) < POST) & (z < sport.net_height[1] + 0.02)
    texture[post] = (*POST_COLOUR, 255)
    return texture.astype(np.uint8)


def draw_cage(picture: np.ndarray, sport: Sport, camera: Camera) -> None:
    """Draws the far and the side walls over the still picture, in place."""
    tinted, outlines = picture.copy(), []
    for low, high, colour in _panes(sport):
        corners = np.array([low, (*high[:2], low[2]), high, (*low[:2], high[2])])
        outlines.append(np.round(camera.project(corners)).astype(np.int32))
        cv2.fillConvexPoly(tinted, outlines[-1], colour)
    cv2.addWeighted(tinted, PANE_OPACITY, picture, 1 - PANE_OPACITY, 0, dst=picture)
    cv2.polylines(picture, outlines, True, STEEL, max(1, round(BAR * float(camera.scale(np.zeros(3))))))


def _panes(sport: Sport) -> Iterator[tuple[Point, Point, tuple[int, int, int]]]:
    """Two opposite corners and the colour of each pane, 2 m wide; the sides have a fence in the middle."""
    half, end = sport.width / 2, sport.length / 2
    for y in np.arange(-end, end, 2.0):
        for x in (-half, half):
            yield (x, y, 0), (x, y + 2, GLASS_HEIGHT), GLASS if abs(y + 1) > end - 4 else STEEL
    for x in np.arange(-half, half, 2.0):
        yield (x, end, 0), (x + 2, end, GLASS_HEIGHT), GLASS
        yield (x, end, GLASS_HEIGHT), (x + 2, end, FENCE_HEIGHT), STEEL
