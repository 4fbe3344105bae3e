"""RGB pictures as PNG or JPEG files."""

from pathlib import Path

import cv2
import numpy as np

from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing

SUFFIXES = (".png", ".jpg")


def check_picture_name(path: Path) -> None:
    """Raises `UserError` unless the file name ends in .png or .jpg."""
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path}: not the name of a picture, use {' or '.join(SUFFIXES)}")


def write_picture(path: Path, image: np.ndarray) -> None:
    """Writes `(H, W, 3)` uint8 RGB; raises `UserError` if the name is wrong or the file cannot be written."""
    check_picture_name(path)
    with replacing(path) as partial:
        partial.write_bytes(encode_picture(image, path.suffix.lower()))


def encode_picture(image: np.ndarray, suffix: str = ".png") -> bytes:
    """The bytes of the file for `(H, W, 3)` uint8 RGB."""
    return cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()
