"""The net as the camera sees it: tape, see-through mesh, strap and posts, with alpha."""

import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.people.figures import Sprite
from tracknet_jax.synthetic.people.look import Look
from tracknet_jax.synthetic.play.sports import Sport

TAPE, POST, STRAP = 0.065, 0.045, 0.05  # metres
MESH = {"tennis": (0.045, 0.30), "badminton": (0.018, 0.18), "padel": (0.045, 0.30)}  # cell, opacity
MESH_COLOUR = np.array([26.0, 28.0, 30.0], np.float32)
TAPE_COLOUR = np.array([240.0, 240.0, 238.0], np.float32)
POST_COLOUR = np.array([52.0, 60.0, 58.0], np.float32)


def net_sprites(sport: Sport, look: Look, camera: Camera) -> tuple[Sprite, ...]:
    """The net as one sprite in the plane y = 0; none when it is outside the picture."""
    half = sport.net_width / 2
    x_range, z_range = (-half - 0.2, half + 0.2), (0.0, sport.net_height[1] + 0.1)
    pixels = camera.project(np.array([[x, 0.0, z] for x in x_range for z in z_range]))
    low = np.maximum(np.floor(pixels.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(pixels.max(axis=0)) + 1, camera.size).astype(int)
    if not (high > low).all():
        return ()
    columns, rows = np.arange(low[0], high[0], dtype=float), np.arange(low[1], high[1], dtype=float)
    rays = camera.rays(*np.meshgrid(columns, rows))
    distance = -camera.position[1] / rays[..., 1]
    x = camera.position[0] + rays[..., 0] * distance
    z = camera.position[2] + rays[..., 2] * distance
    pixel = distance / camera.focal
    rgb, alpha = _weave(sport, x, z, pixel)
    return (Sprite(np.round(rgb * alpha[..., None]).astype(np.uint8), alpha, int(low[0]), int(low[1]), 0.0),)


def _weave(sport: Sport, x: np.ndarray, z: np.ndarray, pixel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colour `(h, w, 3)` and alpha `(h, w)` of points of the net's plane; a pixel is `pixel` metres wide."""
    half, top = sport.net_width / 2, sport.net_height_at(x)
    within = _band(np.abs(x), 0.0, half, pixel)
    cell, opacity = MESH[sport.name]
    strings = 1 - (1 - _strings(x, cell, pixel)) * (1 - _strings(z, cell, pixel))
    mesh = within * _band(z, sport.net_bottom, top, pixel) * opacity * (0.4 + 0.6 * strings / 0.25)
    tape = within * _band(z, top - TAPE, top, pixel)
    if sport.name == "tennis":
        tape = np.maximum(tape, _band(np.abs(x), 0.0, STRAP / 2, pixel) * _band(z, 0.0, top, pixel))
    post = _band(np.abs(np.abs(x) - half), 0.0, POST, pixel)
    post *= _band(z, 0.0, sport.net_height[1] + 0.02, pixel)
    colour = np.broadcast_to(MESH_COLOUR, (*x.shape, 3)).astype(np.float32)
    alpha = np.clip(mesh, 0, 0.6)
    for cover, paint in ((tape, TAPE_COLOUR), (post, POST_COLOUR)):
        share = (cover / np.maximum(cover + alpha * (1 - cover), 1e-6))[..., None]
        colour = colour * (1 - share) + paint * share
        alpha = cover + alpha * (1 - cover)
    return colour, alpha.astype(np.float32)


def _band(value: np.ndarray, low, high, pixel: np.ndarray) -> np.ndarray:
    """Share of a pixel between `low` and `high`."""
    return np.clip(np.minimum(value + pixel / 2, high) - np.maximum(value - pixel / 2, low), 0, pixel) / pixel


def _strings(value: np.ndarray, cell: float, pixel: np.ndarray) -> np.ndarray:
    """Share of a pixel that strings of an eighth of a cell cover; far away this is their mean."""
    phase = np.abs(np.mod(value / cell, 1.0) - 0.5) * cell  # distance to the middle between two strings
    sharp = np.clip((phase - cell * (0.5 - 1 / 16)) / pixel + 0.5, 0, 1)
    return np.where(pixel > 0.7 * cell, 1 / 8, sharp)
