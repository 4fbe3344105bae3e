"""Pictures of predictions: frame with truth and prediction, beside it the probability map."""

from collections.abc import Sequence

import cv2
import numpy as np

from tracknet_jax.training.validation import Example

TRUTH, FOUND = (60, 220, 60), (255, 0, 255)  # RGB: a green circle, a magenta cross


def prediction_grid(examples: Sequence[Example]) -> np.ndarray:
    """One row an example, `(N H, 2 W, 3)` uint8 RGB: marked frame left, probability map right."""
    return np.concatenate([np.concatenate([_marked(e), _heat(e)], axis=1) for e in examples], axis=0)


def _marked(example: Example) -> np.ndarray:
    image = np.array(example.frame)
    size = max(image.shape[0] // 36, 3)
    if np.isfinite(example.truth).all():
        cv2.circle(image, _pixel(example.truth), size, TRUTH, 1, cv2.LINE_AA)
    if np.isfinite(example.predicted).all():
        cv2.drawMarker(image, _pixel(example.predicted), FOUND, cv2.MARKER_TILTED_CROSS, size, 1, cv2.LINE_AA)
    return image


def _heat(example: Example) -> np.ndarray:
    grey = np.rint(255 * np.clip(example.probability, 0, 1)).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def _pixel(xy: np.ndarray) -> tuple[int, int]:
    x, y = np.rint(xy).astype(int)
    return int(x), int(y)
