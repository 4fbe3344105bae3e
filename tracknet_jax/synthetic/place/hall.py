"""The hall around the court: its measures, the advertising boards and the stands."""

from dataclasses import dataclass

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.camera.picture import lay
from tracknet_jax.synthetic.look import BRANDS, Look
from tracknet_jax.synthetic.play.sports import Sport

SLOPE = 0.62  # rise of the stands
SEAT, ROW = 0.6, 0.5  # metres along the row, and of height between rows
AISLE = 16  # seats between stairs
STAND_HEIGHT = 14.0  # metres
BOARD_LIGHT = 0.85  # brightness of the boards
CROWD_DEPTH = 8.0  # metres of height over which the stands get darker
BOARD_RESOLUTION, STAND_RESOLUTION = 56, 16  # texture pixels a metre
# Made-up sponsors: no real company is advertised.
SPONSORS = (
    "TRACKNET", "RALLY", "TOPSPIN", "VOLLEY", "ACE+", "DEUCE", "BASELINE", "HEATMAP", "DROPSHOT", "SMASH",
    "LUMEN", "KITE AIR", "NORDWIND", "OPEN COURT", "PIXEL",
)  # fmt: skip
DOWN = np.array([0.0, 0.0, -1.0])
WHITE, YELLOW = (244, 244, 244), (250, 214, 90)


@dataclass(frozen=True)
class Hall:
    """Measures of the hall around the court, in metres."""

    side: float  # |x| of the side boards
    far: float  # y of the far board
    near: float  # y where the floor and the side boards end, behind the lower edge of the picture
    side_height: float  # of the boards; the stands begin above them
    far_height: float


def draw_hall(sport: Sport, rng: np.random.Generator) -> Hall:
    """Draws a hall of ordinary size for the sport."""
    side, back, tall = {
        "tennis": ((4.2, 6.5), (5.8, 7.5), (1.6, 2.8)),
        "badminton": ((3.0, 4.2), (3.0, 4.5), (1.0, 2.2)),
        "padel": ((1.8, 2.6), (1.6, 2.4), (0.9, 1.3)),
    }[sport.name]
    half, end = sport.width / 2, sport.length / 2
    return Hall(
        half + rng.uniform(*side),
        end + rng.uniform(*back),
        -end - 9,
        rng.uniform(0.9, 1.3),
        rng.uniform(*tall),
    )


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
        panel = board[:, start : start + int(rng.uniform(3.0, 6.0) * min(height, 1.4) * BOARD_RESOLUTION)]
        paper = look.brand if rng.random() < 0.6 else BRANDS[int(rng.integers(len(BRANDS)))]
        ink = WHITE if rng.random() < 0.8 else YELLOW
        paper, ink = (ink, paper) if rng.random() < 0.15 else (paper, ink)
        panel[:] = paper
        write(panel, SPONSORS[int(rng.integers(len(SPONSORS)))], ink, fill=0.8)
        start += panel.shape[1]
    board[: rows // 20] = 225
    board = (board * BOARD_LIGHT).astype(np.uint8)
    lay(picture, board, BOARD_RESOLUTION, camera, corner, way / length, DOWN)


def write(panel: np.ndarray, text: str, ink, fill: float) -> None:
    """Writes a word in the middle of a panel (rows, columns, 3), in place, over at most `fill` of its width."""
    (height, width), face = panel.shape[:2], cv2.FONT_HERSHEY_DUPLEX
    (w, h), _ = cv2.getTextSize(text, face, 1.0, 1)
    scale, thick = min(fill * width / w, 0.55 * height / h), max(1, height // 14)
    if scale * h >= 3:
        (w, h), _ = cv2.getTextSize(text, face, scale, thick)
        corner = ((width - w) // 2, (height + h) // 2)
        picture = np.ascontiguousarray(panel)
        cv2.putText(picture, text, corner, face, scale, ink, thick, cv2.LINE_AA)
        panel[:] = picture


def lay_stand(
    picture: np.ndarray, look: Look, camera: Camera, corner: np.ndarray, way: np.ndarray, outwards: np.ndarray
) -> None:
    """Draws empty rows of seats, in place: from `corner` (3,) along `way` (3,), rising `outwards` (3,)."""
    length, slope = float(np.linalg.norm(way)), outwards / SLOPE - DOWN
    along = (np.arange(int(length * STAND_RESOLUTION)) + 0.5) / STAND_RESOLUTION
    up = STAND_HEIGHT - (np.arange(int(STAND_HEIGHT * STAND_RESOLUTION)) + 0.5) / STAND_RESOLUTION
    bright = (np.mod(up / ROW, 1.0) < 0.5)[:, None, None]
    stairs = (np.floor(along / SEAT) % AISLE == 0)[:, None]
    colour = np.where(stairs, look.seats * 0.3 + 60 + 30 * bright, look.seats * (0.5 + 0.4 * bright))
    seats = np.clip(colour * stand_light(look, up)[:, None, None], 0, 255).astype(np.uint8)
    lay(picture, seats, STAND_RESOLUTION, camera, corner + STAND_HEIGHT * slope, way / length, -slope)


def stand_light(look: Look, up: np.ndarray) -> np.ndarray:
    """Brightness of the stands `up` metres over the first row."""
    return look.crowd * np.exp(-up / CROWD_DEPTH)
