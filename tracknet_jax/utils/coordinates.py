"""Pixel coordinates between image sizes: x right, y down, pixel centres at whole numbers."""

from typing import TypeVar

import jax
import numpy as np

Array = TypeVar("Array", np.ndarray, jax.Array)


def scale_xy(xy: Array, from_size: tuple[int, int], to_size: tuple[int, int]) -> Array:
    """Positions `(..., 2)` in pixels of an image of `from_size` (width, height), in pixels of one of `to_size`.

    x' = (x + 0.5) W' / W - 0.5, in float; NaN stays NaN.
    """
    scale = np.asarray(to_size, np.float32) / np.asarray(from_size, np.float32)
    return (xy + np.float32(0.5)) * scale - np.float32(0.5)
