"""The config of augmentation, and the type of a batch."""

from dataclasses import dataclass

import jax

Batch = dict[str, jax.Array]


@dataclass(frozen=True)
class AugmentConfig:
    """What augmentation varies, and how far. The defaults change nothing."""

    # Place
    crop: tuple[int, int] | None = None  # (height, width) cut from each window; None: whole frames
    ball_crop: float = 0.0  # share of crops placed so that they contain a ball of the window, if it has one
    scale: tuple[float, float] = (1.0, 1.0)  # smallest and largest zoom factor, drawn log-uniformly
    shift: float = 0.0  # largest shift as a share of the frame's size; crops placed on a ball are not shifted
    flip: float = 0.0  # probability of a horizontal flip

    # Balls
    paste: float = 0.0  # probability of a rendered ball in a window that shows none

    # Light
    brightness: float = 0.0  # largest addition, as a share of the full range
    contrast: float = 0.0  # largest relative change about the window's mean
    colour: float = 0.0  # largest relative change of each colour channel

    # Compression
    jpeg: float = 0.0  # probability of JPEG's quantisation, with a quality between 20 and 90
