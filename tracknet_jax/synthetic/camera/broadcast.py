"""What happens to a picture between lens and viewer: exposure, sensor noise, sharpening, compression."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Grade:
    """How a rally is broadcast."""

    table: np.ndarray  # (1, 256, 3) uint8: exposure and white balance, as a look-up table on sRGB values
    noise: float  # standard deviation in grey levels
    sharpen: float
    quality: int  # of the compression, as of a JPEG


def draw_grade(rng: np.random.Generator) -> Grade:
    """Draws exposure, white balance and quality of one rally."""
    warmth = rng.normal(0, 0.03)
    gains = rng.uniform(0.88, 1.12) * np.array([1 + warmth, 1.0, 1 - warmth])
    table = np.arange(256)[:, None] * gains ** (1 / 2.2)
    return Grade(
        table=np.clip(np.round(table), 0, 255).astype(np.uint8)[None],
        noise=rng.uniform(0.2, 1.2),
        sharpen=rng.uniform(0.2, 0.6),
        quality=int(rng.integers(72, 93)),
    )


def transmit(frame: np.ndarray, grade: Grade, rng: np.random.Generator) -> np.ndarray:
    """The RGB frame as broadcast; `rng` draws the noise."""
    frame = np.asarray(cv2.LUT(frame, grade.table))
    grain = rng.standard_normal(frame.shape[:2], np.float32) * grade.noise  # the same in all three colours
    frame = cv2.add(frame, cv2.cvtColor(grain, cv2.COLOR_GRAY2RGB), dtype=cv2.CV_8U)
    blurred = cv2.GaussianBlur(frame, (0, 0), max(0.8, frame.shape[1] / 1000))
    frame = cv2.addWeighted(frame, 1 + grade.sharpen, blurred, -grade.sharpen, 0)
    _, code = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, grade.quality])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
