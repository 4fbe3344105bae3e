"""Painted words: advertising boards and the name of the tournament on the floor."""

import cv2
import numpy as np

from tracknet_jax.synthetic.people.look import BRANDS, Look

RESOLUTION = 56  # texture pixels a metre
# Made-up sponsors: no real company is advertised.
NAMES = (
    "TRACKNET", "RALLY", "TOPSPIN", "VOLLEY", "ACE+", "DEUCE", "BASELINE", "HEATMAP", "DROPSHOT", "SMASH",
    "LUMEN", "KITE AIR", "NORDWIND", "OPEN COURT", "PIXEL",
)  # fmt: skip


def board_texture(length: float, height: float, look: Look, rng: np.random.Generator) -> np.ndarray:
    """A board of `length` x `height` metres with names on it, uint8 (rows, columns, 3) RGB."""
    rows, columns = max(int(height * RESOLUTION), 8), int(length * RESOLUTION)
    board = np.empty((rows, columns, 3), np.uint8)
    board[:] = look.brand
    start = 0
    while start < columns:
        width = int(rng.uniform(3.0, 6.0) * min(height, 1.4) * RESOLUTION)
        colour = np.array(look.brand if rng.random() < 0.6 else BRANDS[int(rng.integers(len(BRANDS)))])
        panel = board[:, start : start + width]
        panel[:] = colour
        ink = np.array((244, 244, 244) if rng.random() < 0.8 else (250, 214, 90))
        if rng.random() < 0.15:
            panel[:], ink = ink, colour
        stencil = word(NAMES[int(rng.integers(len(NAMES)))], panel.shape[1], rows)[..., None]
        panel[:] = (panel * (1 - stencil) + ink * stencil).astype(np.uint8)
        start += width
    board[: max(rows // 20, 1)] = (225, 225, 225)
    return board


def word(text: str, width: int, height: int, fill: float = 0.8) -> np.ndarray:
    """The word centred on a `(height, width)` float stencil in [0, 1]."""
    stencil = np.zeros((height, width), np.uint8)
    face, thick = cv2.FONT_HERSHEY_DUPLEX, max(1, height // 14)
    (w, h), _ = cv2.getTextSize(text, face, 1.0, 1)
    scale = min(fill * width / w, 0.55 * height / h)
    if scale * h >= 3:
        (w, h), _ = cv2.getTextSize(text, face, scale, thick)
        cv2.putText(
            stencil, text, ((width - w) // 2, (height + h) // 2), face, scale, 255, thick, cv2.LINE_AA
        )
    return stencil.astype(np.float32) / 255


def sample_texture(texture: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Colours `(N, C)` of a texture, bilinear, at `u` metres from its left and `v` metres from its top."""
    column = np.clip(u * RESOLUTION - 0.5, 0, texture.shape[1] - 1.001)
    row = np.clip(v * RESOLUTION - 0.5, 0, texture.shape[0] - 1.001)
    left, top = column.astype(int), row.astype(int)
    s, t = (column - left)[:, None], (row - top)[:, None]
    above = texture[top, left] * (1 - s) + texture[top, left + 1] * s
    below = texture[top + 1, left] * (1 - s) + texture[top + 1, left + 1] * s
    return (above * (1 - t) + below * t).astype(np.float32)
