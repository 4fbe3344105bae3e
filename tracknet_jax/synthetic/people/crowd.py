"""The spectators on the seats of the stands."""

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.look import SKINS, Look
from tracknet_jax.synthetic.place.hall import AISLE, ROW, SEAT, SLOPE, Hall, stand_light

ROWS = 16
HAIR = np.array([50.0, 40.0, 34.0])
CLOTHES = np.array(
    [
        (190, 60, 60), (60, 80, 140), (230, 230, 230), (40, 42, 48), (120, 120, 126), (200, 170, 90),
        (70, 120, 90), (150, 90, 130), (90, 140, 180), (230, 200, 180), (40, 60, 70), (110, 60, 50),
    ],
    float,
)  # fmt: skip


def _seats(hall: Hall) -> np.ndarray:
    """Seats `(S, 4)` behind the far board and along both sides: x, y, z and the height over the first row."""
    along, up = _grid(-hall.side - 12, hall.side + 12)
    far = np.stack([along, hall.far + up / SLOPE, hall.far_height + up, up], axis=-1)
    along, up = _grid(hall.near, hall.far)
    right = np.stack([hall.side + up / SLOPE, along, hall.side_height + up, up], axis=-1)
    return np.concatenate([far, right, right * [-1, 1, 1, 1]])


def _grid(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Places along the rows and heights of all seats between `low` and `high`, none on the stairs."""
    numbers = np.arange(int((high - low) / SEAT))
    numbers = numbers[numbers % AISLE != 0]
    along, rows = np.meshgrid(low + (numbers + 0.5) * SEAT, np.arange(ROWS) + 0.5)
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
    hips, lean = camera.project(seats[:, :3]), rng.normal(0, 0.04, (len(seats), 2))
    up = np.array([0.0, -1.0])
    shoulders = hips + (0.34 * up + lean) * scale[:, None]
    heads = hips + (0.69 * up + 1.3 * lean) * scale[:, None]
    hairs = heads + 0.08 * up * scale[:, None]
    light = stand_light(look, seats[:, 3:]) * rng.uniform(0.75, 1.1, (len(seats), 1))
    clothes, faces = (
        np.minimum(rng.choice(colours, len(seats)) * light, 255) for colours in (CLOTHES, SKINS)
    )
    for index in range(len(seats)):
        size = float(scale[index])
        points = np.round([hips[index], shoulders[index], heads[index], hairs[index]]).astype(int).tolist()
        cv2.line(picture, points[0], points[1], clothes[index].tolist(), max(1, round(0.39 * size)))
        cv2.circle(picture, points[2], round(0.12 * size), faces[index].tolist(), cv2.FILLED)
        cv2.circle(picture, points[3], round(0.105 * size), (light[index] * HAIR).tolist(), cv2.FILLED)
