"""The broadcaster's graphics: score box and channel mark, laid over the finished picture."""

import cv2
import numpy as np

from tracknet_jax.synthetic.people.figures import Sprite
from tracknet_jax.synthetic.people.look import Look
from tracknet_jax.synthetic.play.sports import BADMINTON, Sport

NEAREST = -1e6  # depth of graphics: in front of everything
SURNAMES = (
    "ALMEIDA", "BERGSTROM", "CARDOSO", "DUBOIS", "ERIKSEN", "FERRARO", "GRUBER", "HALVORSEN", "IVANOV",
    "JANSEN", "KOBAYASHI", "LINDQVIST", "MORETTI", "NAKAMURA", "OKAFOR", "PETROVA", "RAJAN", "SANTOS",
    "TANAKA", "WEBER",
)  # fmt: skip
POINTS = ("0", "15", "30", "40")
RALLY_POINTS = tuple(map(str, range(21)))
FACE = cv2.FONT_HERSHEY_DUPLEX
WHITE = (242, 242, 242)
FINE = 3  # supersampling


def score_box(sport: Sport, size: tuple[int, int], look: Look, rng: np.random.Generator) -> Sprite:
    """A box of two rows with names and scores (made up), in a corner of a picture of `size`."""
    height = max(int(min(size[1], size[0] * 9 / 16) * rng.uniform(0.07, 0.095)), 6)
    width = int(height * rng.uniform(3.6, 4.3))
    margin = (int(size[0] * rng.uniform(0.03, 0.08)), int(size[1] * rng.uniform(0.03, 0.06)))
    top = rng.random() < 0.7
    x, y = margin[0], margin[1] if top else size[1] - margin[1] - height
    light = rng.random() < 0.5
    paper, ink = ((236, 238, 240), (24, 28, 36)) if light else ((22, 28, 44), (240, 242, 244))
    box = np.empty((height * FINE, width * FINE, 3), np.uint8)
    box[:] = paper
    box[:, -int(1.3 * height * FINE) :] = np.array(look.brand)
    won, points = (2, RALLY_POINTS) if sport is BADMINTON else (7, POINTS)
    names = rng.choice(len(SURNAMES), 2, replace=False)
    inks = (ink, WHITE, WHITE)
    columns = ((0.22, width / height - 1.62), (width / height - 1.15, 0.4), (width / height - 0.68, 0.6))
    for row in range(2):
        words = (SURNAMES[names[row]], str(rng.integers(won)), points[int(rng.integers(len(points)))])
        for text, (left, room), colour in zip(words, columns, inks, strict=True):
            _write(box, text, left, (row + 0.5) / 2, room, colour)
    cv2.line(box, (0, box.shape[0] // 2), (box.shape[1], box.shape[0] // 2), (128, 132, 140), 1)
    rgb = np.asarray(cv2.resize(box, (width, height), interpolation=cv2.INTER_AREA))
    alpha = np.full((height, width), 0.94, np.float32)
    return Sprite((rgb * 0.94).astype(np.uint8), alpha, x, y, NEAREST)


def _write(box: np.ndarray, text: str, x: float, y: float, room: float, ink: tuple[int, ...]) -> None:
    """Writes from `x` on around the line `y`, at most `room` wide, all in heights of the box."""
    height = box.shape[0]
    (width, _), _ = cv2.getTextSize(text, FACE, 1.0, 1)
    scale = min(height * 0.0125, room * height / width)
    (_, rise), _ = cv2.getTextSize(text, FACE, scale, 1)
    origin = (int(x * height), int(y * height + rise / 2))
    cv2.putText(box, text, origin, FACE, scale, ink, max(1, height // 84), cv2.LINE_AA)
