"""The spectators on the seats of the stands."""

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.look import KITS, SKINS, Look
from tracknet_jax.synthetic.place.hall import ROW, SEAT, SLOPE, Hall, stand_light

ROWS = 16


def _seats(hall: Hall) -> np.ndarray:
    """Seats `(S, 4)` behind the far board and along both sides: x, y, z and the height over the first row."""
    along, up = _grid(-hall.side - 12, hall.side + 12)
    far = np.stack([along, hall.far + up / SLOPE, hall.boards + up, up], axis=-1)
    along, up = _grid(hall.near, hall.far)
    right = np.stack([hall.side + up / SLOPE, along, hall.boards + up, up], axis=-1)
    return np.concatenate([far, right, right * [-1, 1, 1, 1]])


def _grid(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Places along the rows and heights of all seats between `low` and `high`."""
    along, rows = np.meshgrid(np.arange(low, high, SEAT) + SEAT / 2, np.arange(ROWS) + 0.5)
    return along.ravel(), rows.ravel() * ROW


def seat_people(
    picture: np.ndarray, camera: Camera, look: Look, hall: Hall, rng: np.random.Generator
) -> None:
    """Draws people on a share of the seats, in place, from the farthest to the nearest."""
    seats = _seats(hall)
    pixels = camera.project(seats[:, :3])
    inside = ((pixels > -100) & (pixels < np.array(camera.size) + 100)).all(axis=-1)  # NaN is not inside
    seats = seats[inside & (rng.random(len(seats)) < look.attendance)]
    seats = seats[np.argsort(-camera.depth(seats[:, :3]))]
    seats[:, :2] += rng.normal(0, 0.06, (len(seats), 2))
    scale = camera.scale(seats[:, :3]) * rng.uniform(0.9, 1.15, len(seats))
    hips = camera.project(seats[:, :3])
    shoulders, heads = (hips + np.stack([0 * scale, -rise * scale], axis=-1) for rise in (0.34, 0.69))
    light = stand_light(look, seats[:, 3:]) * rng.uniform(0.75, 1.1, (len(seats), 1))
    clothes, faces = (np.minimum(rng.choice(colours, len(seats)) * light, 255) for colours in (KITS, SKINS))
    for index, size in enumerate(scale.tolist()):
        points = np.round([hips[index], shoulders[index], heads[index]]).astype(int).tolist()
        cv2.line(picture, points[0], points[1], clothes[index].tolist(), max(1, round(0.39 * size)))
        cv2.circle(picture, points[2], round(0.12 * size), faces[index].tolist(), cv2.FILLED)
