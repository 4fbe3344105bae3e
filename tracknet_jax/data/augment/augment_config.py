"""What augmentation varies, and how far."""

from dataclasses import dataclass

import jax

Batch = dict[str, jax.Array]


@dataclass(frozen=True)
class AugmentConfig:
    """What is varied, and how far. The default changes nothing."""

    # Where
    crop: tuple[int, int] | None = None  # (height, width) cut from each window; None keeps the whole frame
    ball_crop: float = 0.0  # share of the crops that contain a ball of the window, where it has one
    scale: tuple[float, float] = (1.0, 1.0)  # zoom factor, drawn log-uniformly
    shift: float = 0.0  # largest shift, as a share of a whole frame's size; not of crops that contain a ball
    flip: float = 0.0  # probability of a horizontal flip

    # What is put in
    paste: float = 0.0  # probability of a rendered ball in a window that shows none

    # Light
    brightness: float = 0.0  # largest addition, in units of the full range
    contrast: float = 0.0  # largest relative change about the window's mean
    colour: float = 0.0  # largest relative change of each colour channel

    # What codecs lose
    jpeg: float = 0.0  # probability of JPEG's quantisation, of a quality between 20 and 90
