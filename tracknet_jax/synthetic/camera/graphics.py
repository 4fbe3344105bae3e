"""The broadcaster's score box, laid over the finished picture."""

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.picture import Sprite
from tracknet_jax.synthetic.look import RGB
from tracknet_jax.synthetic.play.sports import Sport

NEAREST = -1e6  # depth of graphics: in front of everything
SURNAMES = (
    "ALMEIDA", "BERGSTROM", "CARDOSO", "DUBOIS", "ERIKSEN", "FERRARO", "GRUBER", "HALVORSEN", "IVANOV",
    "JANSEN", "KOBAYASHI", "LINDQVIST", "MORETTI", "NAKAMURA", "OKAFOR", "PETROVA", "RAJAN", "SANTOS",
    "TANAKA", "WEBER",
)  # fmt: skip
TENNIS_POINTS, RALLY_POINTS = ("0", "15", "30", "40"), tuple(map(str, range(21)))
FACE = cv2.FONT_HERSHEY_DUPLEX
LIGHT, DARK = (240, 242, 244), (22, 28, 40)
LINE = 60  # pixels of a row before the box is scaled down


def score_box(sport: Sport, size: tuple[int, int], brand: RGB, rng: np.random.Generator) -> Sprite:
    """A box of two rows with made-up names and scores, in a corner of a picture of `size` (width, height)."""
    points = RALLY_POINTS if sport.name == "badminton" else TENNIS_POINTS
    paper, ink = (LIGHT, DARK) if rng.random() < 0.5 else (DARK, LIGHT)
    box = np.empty((2 * LINE, round(rng.uniform(7.2, 8.6) * LINE), 3), np.uint8)
    box[:] = paper
    scores = box.shape[1] - round(2.6 * LINE)
    box[:, scores:] = brand
    for row, name in enumerate(rng.choice(SURNAMES, 2, replace=False)):
        _write(box, str(name), 26, row, scores - 40, ink)
        _write(box, str(rng.integers(2)), scores + 20, row, 40, LIGHT)
        _write(box, str(rng.choice(points)), scores + 76, row, 76, LIGHT)
    cv2.line(box, (0, LINE), (box.shape[1], LINE), (128, 132, 140))
    height = max(round(min(size[1], size[0] * 9 / 16) * rng.uniform(0.07, 0.095)), 6)
    width = round(height * box.shape[1] / box.shape[0])
    rgb = np.asarray(cv2.resize(box, (width, height), interpolation=cv2.INTER_AREA))
    x, y = round(size[0] * rng.uniform(0.03, 0.08)), round(size[1] * rng.uniform(0.03, 0.06))
    y = y if rng.random() < 0.7 else size[1] - y - height
    return Sprite(np.full((height, width), 0.94, np.float32), x, y, (rgb * 0.94).astype(np.uint8), NEAREST)


def _write(box: np.ndarray, text: str, x: int, row: int, room: int, ink: RGB) -> None:
    """Writes from `x` on into a row of the box, in place, at most `room` pixels wide."""
    scale = min(1.5, room / cv2.getTextSize(text, FACE, 1.0, 1)[0][0])
    rise = cv2.getTextSize(text, FACE, scale, 1)[0][1]
    corner = (x, round((row + 0.5) * LINE + rise / 2))
    cv2.putText(box, text, corner, FACE, scale, ink, 2, cv2.LINE_AA)
