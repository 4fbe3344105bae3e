"""What happens to a picture between lens and viewer: grading, sensor noise, sharpening, compression."""

import cv2
import numpy as np

from tracknet_jax.synthetic.people.look import Look


def grade_table(look: Look) -> np.ndarray:
    """Exposure and white balance as a look-up table (1, 256, 3) on sRGB values."""
    values = np.arange(256) / 255
    gains = look.exposure * np.array([1 + look.warmth, 1.0, 1 - look.warmth])
    table = values[:, None] * gains ** (1 / 2.2)
    return np.clip(np.round(table * 255), 0, 255).astype(np.uint8)[None]


def noise_tile(size: tuple[int, int], strength: float, rng: np.random.Generator) -> np.ndarray:
    """Sensor noise, int16 (H + 64, W + 64, 3), from which every frame cuts another part."""
    width, height = size
    grain = rng.normal(0, strength, (height + 64, width + 64, 3))
    return np.round(grain).astype(np.int16)


def transmit(frame: np.ndarray, look: Look, noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The frame as broadcast: noisy, sharpened and compressed."""
    height, width = frame.shape[:2]
    frame = np.asarray(cv2.LUT(frame, grade_table(look)))
    dy, dx = rng.integers(0, 64, 2)
    frame = cv2.add(frame, noise[dy : dy + height, dx : dx + width], dtype=cv2.CV_8U)
    blurred = cv2.GaussianBlur(frame, (0, 0), max(0.8, width / 1000))
    frame = cv2.addWeighted(frame, 1 + look.sharpen, blurred, -look.sharpen, 0)
    _, code = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, look.quality])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
