"""The broadcaster's graphics: score box and channel mark, laid over the finished picture."""

import cv2
import numpy as np

from tracknet_jax.synthetic.figures import Sprite
from tracknet_jax.synthetic.look import Look

NEAREST = -1e6  # depth of graphics: in front of everything
SURNAMES = (
    "ALMEIDA", "BERGSTROM", "CARDOSO", "DUBOIS", "ERIKSEN", "FERRARO", "GRUBER", "HALVORSEN", "IVANOV",
    "JANSEN", "KOBAYASHI", "LINDQVIST", "MORETTI", "NAKAMURA", "OKAFOR", "PETROVA", "RAJAN", "SANTOS",
    "TANAKA", "WEBER",
)  # fmt: skip
POINTS = ("0", "15", "30", "40")
FACE = cv2.FONT_HERSHEY_DUPLEX
WHITE = (242, 242, 242)
FINE = 3  # supersampling


def score_box(size: tuple[int, int], look: Look, rng: np.random.Generator) -> Sprite:
    """A box of two rows with names and scores (made up), in a corner of a picture of `size`."""
    height = max(int(size[1] * rng.uniform(0.07, 0.095)), 6)
    width = int(height * rng.uniform(3.6, 4.3))
    margin = (int(size[0] * rng.uniform(0.03, 0.08)), int(size[1] * rng.uniform(0.03, 0.06)))
    top = rng.random() < 0.7
    x, y = margin[0], margin[1] if top else size[1] - margin[1] - height
    light = rng.random() < 0.5
    paper, ink = ((236, 238, 240), (24, 28, 36)) if light else ((22, 28, 44), (240, 242, 244))
    box = np.empty((height * FINE, width * FINE, 3), np.uint8)
    box[:] = paper
    box[:, -int(1.3 * height * FINE) :] = np.array(look.brand)
    names = rng.choice(len(SURNAMES), 2, replace=False)
    for row in range(2):
        middle = int((row + 0.5) * box.shape[0] / 2)
        _write(box, SURNAMES[names[row]], int(0.25 * height * FINE), middle, height, ink)
        _write(
            box, str(rng.integers(0, 7)), box.shape[1] - int(1.15 * height * FINE), middle, height, (240,) * 3
        )
        points = POINTS[int(rng.integers(4))]
        _write(box, points, box.shape[1] - int(0.65 * height * FINE), middle, height, WHITE)
    cv2.line(box, (0, box.shape[0] // 2), (box.shape[1], box.shape[0] // 2), (128, 132, 140), 1)
    rgb = np.asarray(cv2.resize(box, (width, height), interpolation=cv2.INTER_AREA))
    alpha = np.full((height, width), 0.94, np.float32)
    return Sprite((rgb * 0.94).astype(np.uint8), alpha, x, y, NEAREST)


def _write(box: np.ndarray, text: str, x: int, middle: int, height: int, ink: tuple[int, ...]) -> None:
    scale = height * FINE * 0.0125
    (_, h), _ = cv2.getTextSize(text, FACE, scale, 1)
    cv2.putText(box, text, (x, middle + h // 2), FACE, scale, ink, max(1, height // 28), cv2.LINE_AA)
