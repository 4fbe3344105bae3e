"""Pictures of labels on frames: a crop around each ball, tiled into one sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

TILE = (320, 180)  # width and height of a tile's picture
CAPTION = 20  # height of the line below it
COLUMNS = 4
CROP = 0.3  # of the frame's width seen in a tile
BACKGROUND, TEXT, ALARM, MARK = (24, 24, 24), (230, 230, 230), (255, 140, 80), (255, 230, 60)  # RGB


@dataclass(frozen=True)
class Tile:
    """One label as a picture."""

    picture: np.ndarray  # (180, 320, 3) uint8 RGB
    caption: str
    suspicious: bool


def label_tile(frame: np.ndarray, xy: np.ndarray, caption: str, suspicious: bool) -> Tile:
    """The surroundings of a label at `xy` (pixels) in a frame (H, W, 3), enlarged, with a ring around it."""
    height, width = frame.shape[:2]
    scale = TILE[0] / (CROP * width)
    half = np.array(TILE) / scale / 2
    corner = np.clip(xy, half, np.maximum(np.array([width, height]) - half, half)) - half
    affine = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    picture = cv2.warpAffine(frame, affine, TILE, flags=cv2.INTER_LINEAR)
    x, y = np.rint((xy - corner) * scale).astype(int).tolist()
    cv2.circle(picture, (x, y), 14, ALARM if suspicious else MARK, 1, cv2.LINE_AA)
    return Tile(picture, caption, suspicious)


def contact_sheet(tiles: Sequence[Tile]) -> np.ndarray:
    """All tiles with their captions in one picture, (H, W, 3) uint8 RGB."""
    columns = min(COLUMNS, max(len(tiles), 1))
    rows = max(-(-len(tiles) // columns), 1)
    cell_width, cell_height = TILE[0] + 4, TILE[1] + CAPTION + 4
    sheet = np.full((rows * cell_height, columns * cell_width, 3), BACKGROUND, np.uint8)
    for i, tile in enumerate(tiles):
        top, left = i // columns * cell_height + 2, i % columns * cell_width + 2
        sheet[top : top + TILE[1], left : left + TILE[0]] = tile.picture
        place = (left + 2, top + TILE[1] + 14)
        colour = ALARM if tile.suspicious else TEXT
        cv2.putText(sheet, tile.caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, 1, cv2.LINE_AA)
    return sheet
