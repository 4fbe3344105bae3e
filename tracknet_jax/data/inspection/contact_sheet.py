"""Crops around a ball with captions, tiled into one picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

TILE = (320, 180)  # width and height of a tile's picture
LINE = 14  # height of a line of the caption
GAP = 4  # between tiles
COLUMNS = 4
BACKGROUND, TEXT, ALARM = (24, 24, 24), (230, 230, 230), (255, 140, 80)  # RGB


@dataclass(frozen=True)
class Tile:
    """A crop with its caption."""

    picture: np.ndarray  # (180, 320, 3) uint8 RGB
    caption: tuple[str, ...]  # lines, as many for each tile of a sheet
    alarm: bool = False  # the caption is written in `ALARM`


@dataclass(frozen=True)
class Crop:
    """A part of a frame, enlarged to a tile's picture."""

    picture: np.ndarray  # (180, 320, 3) uint8 RGB, to be drawn on
    corner: np.ndarray  # (2,) x and y of the part's top left corner, in pixels of the frame
    scale: float  # pixels of the picture for one of the frame

    def place(self, xy: np.ndarray) -> tuple[int, int]:
        """The pixel of the picture for a position (2,) in the frame."""
        x, y = np.rint((xy - self.corner) * self.scale).astype(int).tolist()
        return x, y


def crop_around(frame: np.ndarray, points: np.ndarray, share: float) -> Crop:
    """The part around `points` (n, 2) of a frame (H, W, 3): at least `share` of its width, at most all of it."""
    height, width = frame.shape[:2]
    ratio = TILE[0] / TILE[1]
    extent = 1.4 * np.ptp(points, axis=0)  # with a margin
    crop_width = min(max(share * width, extent[0], extent[1] * ratio), max(width, height * ratio))
    half = np.array([crop_width, crop_width / ratio]) / 2
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    corner = np.clip(middle - half, 0, np.maximum(np.array([width, height]) - 2 * half, 0))
    scale = TILE[0] / crop_width
    affine = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    return Crop(cv2.warpAffine(frame, affine, TILE, flags=cv2.INTER_LINEAR), corner, scale)


def contact_sheet(tiles: Sequence[Tile], empty: str = "nothing to show") -> np.ndarray:
    """All tiles with their captions in one picture (H, W, 3) uint8 RGB; without tiles, the text `empty`."""
    tiles = tiles or [Tile(np.full((*TILE[::-1], 3), BACKGROUND, np.uint8), (empty,))]
    columns = min(COLUMNS, len(tiles))
    cell_width, cell_height = cell_size(len(tiles[0].caption))
    sheet = np.full((-(-len(tiles) // columns) * cell_height, columns * cell_width, 3), BACKGROUND, np.uint8)
    for i, tile in enumerate(tiles):
        top, left = i // columns * cell_height + GAP // 2, i % columns * cell_width + GAP // 2
        sheet[top : top + TILE[1], left : left + TILE[0]] = tile.picture
        for number, text in enumerate(tile.caption, start=1):
            place = (left + 2, top + TILE[1] + LINE * number)
            colour = ALARM if tile.alarm else TEXT
            cv2.putText(sheet, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, 1, cv2.LINE_AA)
    return sheet


def cell_size(lines: int) -> tuple[int, int]:
    """(width, height) of a tile in a sheet, with this many lines of caption."""
    return TILE[0] + GAP, TILE[1] + LINE * lines + 6 + GAP
