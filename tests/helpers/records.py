"""Records of two little clips, as a built dataset has them."""

import numpy as np

from tracknet_jax.utils.images import encode_picture


def record(clip: str, sport: str, frame: int) -> dict:
    grey = np.full((16, 32, 3), 10 * frame, np.uint8)
    return {
        "clip": clip,
        "sport": sport,
        "frame": frame,
        "image": encode_picture(grey, ".jpg"),
        "xy": np.array([frame, 1], np.float32),
        "visibility": 1,
        "source_width": 32,
        "source_height": 16,
        "fps": "",
    }


RECORDS = [record("a", "tennis", i) for i in range(6)] + [
    record("b", "padel", i)
    for i in (0, 1, 2, 5, 6, 7, 8)  # frames 3 and 4 are missing
]
