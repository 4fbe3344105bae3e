"""The broadcaster's score box, laid over the finished picture."""

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.picture import Sprite, write
from tracknet_jax.synthetic.look import RGB, WHITE
from tracknet_jax.synthetic.play.sports import Sport

SURNAMES = (
    "ALMEIDA", "BERGSTROM", "CARDOSO", "DUBOIS", "ERIKSEN", "GRUBER", "IVANOV", "KOBAYASHI", "LINDQVIST",
    "MORETTI", "NAKAMURA", "OKAFOR", "PETROVA", "RAJAN",
)  # fmt: skip
DARK = (22, 28, 40)
LINE = 60  # pixels of a row before the box is scaled down


def score_box(sport: Sport, size: tuple[int, int], brand: RGB, rng: np.random.Generator) -> Sprite:
    """A box of two rows with made-up names and scores, in a corner of a picture of `size` (width, height)."""
    points = range(21) if sport.name == "badminton" else (0, 15, 30, 40)
    box = np.empty((2 * LINE, 7 * LINE, 3), np.uint8)
    box[:] = DARK
    box[:, 5 * LINE :] = brand
    for row, name in enumerate(rng.choice(SURNAMES, 2, replace=False)):
        cells = np.split(box[row * LINE : (row + 1) * LINE], (5 * LINE, 6 * LINE), axis=1)
        for cell, text in zip(cells, (name, rng.integers(2), rng.choice(points)), strict=True):
            write(cell, str(text), WHITE, fill=0.9)
    height = max(round(min(size[1], size[0] * 9 / 16) * 0.08), 6)
    width = round(3.5 * height)
    rgb = np.asarray(cv2.resize(box, (width, height), interpolation=cv2.INTER_AREA))
    x, y = round(size[0] * rng.uniform(0.03, 0.08)), round(size[1] * rng.uniform(0.03, 0.06))
    return Sprite(np.ones((height, width), np.float32), x, y, rgb, depth=-np.inf)
