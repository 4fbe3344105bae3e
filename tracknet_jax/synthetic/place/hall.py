"""The hall around the court: its measures, the advertising boards and the stands."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.camera.picture import lay, write
from tracknet_jax.synthetic.look import BRANDS, WHITE, Look
from tracknet_jax.synthetic.play.sports import Sport

SLOPE = 0.62  # rise of the stands
SEAT, ROW = 0.6, 0.5  # metres along the row, and of height between rows
STAND_HEIGHT = 14.0  # metres
CROWD_DEPTH = 8.0  # metres of height over which the stands get darker
BOARD_RESOLUTION, STAND_RESOLUTION = 56, 16  # texture pixels a metre
# Made-up sponsors: no real company is advertised.
SPONSORS = (
    "TRACKNET", "RALLY", "TOPSPIN", "VOLLEY", "ACE+", "DEUCE", "BASELINE", "HEATMAP", "DROPSHOT", "SMASH",
    "LUMEN", "KITE AIR", "NORDWIND", "OPEN COURT", "PIXEL",
)  # fmt: skip
DOWN = np.array([0.0, 0.0, -1.0])
YELLOW = (250, 214, 90)


# How far the boards are from the court, beside and behind it, in metres.
ROOM = {
    "tennis": ((4.2, 6.5), (5.8, 7.5)),
    "badminton": ((3.0, 4.2), (3.0, 4.5)),
    "padel": ((1.8, 2.6), (1.6, 2.4)),
}


@dataclass(frozen=True)
class Hall:
    """Measures of the hall around the court, in metres."""

    side: float  # |x| of the side boards
    far: float  # y of the far board
    near: float  # y where the floor and the side boards end, behind the lower edge of the picture
    boards: float  # height of the boards; the stands begin above them


def draw_hall(sport: Sport, rng: np.random.Generator) -> Hall:
    """Draws a hall of ordinary size for the sport."""
    side, back = (rng.uniform(*limits) for limits in ROOM[sport.name])
    half, end = sport.width / 2, sport.length / 2
    return Hall(half + side, end + back, -end - 9, rng.uniform(1.0, 1.6))


def lay_boards(
    picture: np.ndarray,
    look: Look,
    camera: Camera,
    corner: np.ndarray,
    way: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Draws boards with sponsors' names, in place, from `corner` (3,) along `way` (3,) and down to the floor."""
    length, height = float(np.linalg.norm(way)), corner[2]
    rows, columns = int(height * BOARD_RESOLUTION), int(length * BOARD_RESOLUTION)
    board = np.zeros((rows, columns, 3), np.uint8)
    start = 0
    while start < columns:
        panel = board[:, start : start + int(rng.uniform(3.0, 6.0) * height * BOARD_RESOLUTION)]
        panel[:] = look.brand if rng.random() < 0.6 else BRANDS[int(rng.integers(len(BRANDS)))]
        write(panel, str(rng.choice(SPONSORS)), WHITE if rng.random() < 0.8 else YELLOW, fill=0.8)
        start += panel.shape[1]
    board[: rows // 20] = WHITE
    lay(picture, board, BOARD_RESOLUTION, camera, corner, way / length, DOWN)


def lay_stand(
    picture: np.ndarray, look: Look, camera: Camera, corner: np.ndarray, way: np.ndarray, outwards: np.ndarray
) -> None:
    """Draws empty rows of seats, in place: from `corner` (3,) along `way` (3,), rising `outwards` (3,)."""
    length, slope = float(np.linalg.norm(way)), outwards / SLOPE - DOWN
    up = STAND_HEIGHT - (np.arange(int(STAND_HEIGHT * STAND_RESOLUTION)) + 0.5) / STAND_RESOLUTION
    light = stand_light(look, up) * np.where(np.mod(up / ROW, 1.0) < 0.5, 0.9, 0.5)
    seats = np.empty((len(up), int(length * STAND_RESOLUTION), 3), np.uint8)
    seats[:] = (light[:, None] * look.seats)[:, None]
    lay(picture, seats, STAND_RESOLUTION, camera, corner + STAND_HEIGHT * slope, way / length, -slope)


def stand_light(look: Look, up: np.ndarray) -> np.ndarray:
    """Brightness of the stands `up` metres over the first row."""
    return look.crowd * np.exp(-up / CROWD_DEPTH)
