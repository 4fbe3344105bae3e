"""The stands: rows of seats and the people on them."""

from dataclasses import dataclass

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.people.figures import SHIFT, capsules
from tracknet_jax.synthetic.people.look import SKINS, Look
from tracknet_jax.synthetic.place.enclosure import SLOPE, Enclosure
from tracknet_jax.synthetic.play.sports import Sport

SEAT, ROW = 0.6, 0.5  # metres along the row, and of height between rows
AISLE = 16  # seats between stairs
ROWS = 16
RESTLESS = 0.06  # share of spectators that move
CLOTHES = np.array(
    [
        (190, 60, 60), (60, 80, 140), (230, 230, 230), (40, 42, 48), (120, 120, 126), (200, 170, 90),
        (70, 120, 90), (150, 90, 130), (90, 140, 180), (230, 200, 180), (40, 60, 70), (110, 60, 50),
    ],
    float,
)  # fmt: skip


@dataclass(frozen=True)
class Fidget:
    """Some spectators rock in their seats: square patches of the still picture that shift by pixels."""

    spots: np.ndarray  # (S, 3) x, y of the middle and half size, pixels
    rates: np.ndarray  # (S,) radians a second
    phases: np.ndarray  # (S,)

    def move(self, picture: np.ndarray, time: float) -> None:
        """Shifts the patches to where they are at `time`, in place."""
        wave = np.sin(self.rates * time + self.phases)
        shifts = np.round(wave * np.maximum(1, 0.4 * self.spots[:, 2])).astype(int)
        for (x, y, half), shift in zip(self.spots, shifts, strict=True):
            if shift:
                patch = picture[y - half : y + half, x - half : x + half].copy()
                picture[y - half : y + half, x - half + shift : x + half + shift] = patch


def shade_stand(along: np.ndarray, up: np.ndarray, look: Look) -> np.ndarray:
    """Colours `(N, 3)` of empty seats: metres along the rows, and of height over the first row."""
    step = np.mod(up / ROW, 1.0)
    colour = np.array(look.seats) * (0.5 + 0.4 * (step < 0.5))[:, None]
    stairs = np.mod(np.floor(along / SEAT), AISLE) == 0
    colour[stairs] = np.array(look.seats) * 0.3 + 60 + 30 * (step[stairs, None] < 0.5)
    return colour * _light(look, up)[:, None]


def _light(look: Look, up: np.ndarray) -> np.ndarray:
    """Light falls off towards the upper rows."""
    return look.crowd * np.exp(-np.clip(up, 0, None) / look.crowd_depth)


def far_seats(hall: Enclosure) -> np.ndarray:
    """Seats `(S, 4)` behind the far board: x, y, z and the height over the first row."""
    seats, rows = _seat_grid(-hall.side - 12, hall.side + 12)
    up = rows * ROW
    return np.stack([seats, hall.far + up / SLOPE, hall.far_height + up, up], axis=-1)


def side_seats(hall: Enclosure, sport: Sport) -> np.ndarray:
    """Seats `(S, 4)` along both sides."""
    seats, rows = _seat_grid(-sport.length / 2 - 6, hall.far)
    up = rows * ROW
    right = np.stack([hall.side + up / SLOPE, seats, hall.side_height + up, up], axis=-1)
    return np.concatenate([right, right * [-1, 1, 1, 1]])


def _seat_grid(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.arange(np.ceil(low / SEAT), np.floor(high / SEAT))
    numbers = numbers[np.mod(numbers, AISLE) != 0]
    seats, rows = np.meshgrid((numbers + 0.5) * SEAT, np.arange(ROWS) + 0.5)
    return seats.ravel(), rows.ravel()


def seat_people(
    arena: np.ndarray, camera: Camera, look: Look, seats: np.ndarray, rng: np.random.Generator
) -> Fidget:
    """Draws people on a share of the seats, in place, from the farthest to the nearest."""
    taken = seats[rng.random(len(seats)) < look.attendance]
    taken = taken[np.argsort(-(taken[:, :3] - camera.position) @ camera.rotation[2])]
    taken[:, :2] += rng.normal(0, 0.06, (len(taken), 2))
    pixels, scale = camera.project(taken[:, :3]), camera.scale(taken[:, :3])
    inside = np.isfinite(pixels).all(axis=-1) & (pixels > -20).all(axis=-1)
    inside &= (pixels < np.array(camera.size) + 20).all(axis=-1)
    taken, pixels, scale = taken[inside], pixels[inside], scale[inside] * rng.uniform(0.9, 1.15, inside.sum())
    light = _light(look, taken[:, 3])[:, None] * rng.uniform(0.75, 1.1, (len(taken), 1))
    clothes = np.minimum(CLOTHES[rng.integers(len(CLOTHES), size=len(taken))] * light, 255)
    faces = np.array(SKINS)[rng.integers(len(SKINS), size=len(taken))] * light
    up = np.array([0.0, -1.0]) * scale[:, None]
    lean = rng.normal(0, 0.04, (len(taken), 2)) * scale[:, None]
    # A seated body from the hips to the shoulders, the head above and the hair over it.
    bodies = capsules(np.stack([pixels, pixels + 0.34 * up + lean], axis=1), scale[:, None] * [0.2, 0.19])
    head = pixels + 0.66 * up + 1.3 * lean
    heads = capsules(np.stack([head, head + 0.05 * up], axis=1), scale[:, None] * [0.10, 0.11])
    hairs = capsules(np.stack([head + 0.10 * up, head + 0.11 * up], axis=1), scale[:, None] * [0.105, 0.10])
    for index in range(len(taken)):
        shapes = ((bodies, clothes[index]), (heads, faces[index]), (hairs, light[index] * (50, 40, 34)))
        for outlines, colour in shapes:
            cv2.fillConvexPoly(arena, outlines[index], colour.tolist(), cv2.LINE_AA, SHIFT)
    return _fidgets(head, scale, camera.size, rng)


def _fidgets(heads: np.ndarray, scale: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> Fidget:
    """Chooses the restless ones among heads `(N, 2)` of `scale` pixels a metre."""
    half = np.maximum(2, np.round(0.25 * scale)).astype(int)
    middle = np.round(heads).astype(int)
    room = 2 * half[:, None]
    inside = ((middle > room) & (middle < np.array(size) - room)).all(axis=-1)
    chosen = np.flatnonzero(inside & (rng.random(len(heads)) < RESTLESS))
    spots = np.column_stack([middle, half])[chosen]
    rates = rng.uniform(2.0, 9.0, len(chosen))
    return Fidget(spots, rates, rng.uniform(0, 2 * np.pi, len(chosen)))
