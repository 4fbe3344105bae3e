"""Copies of validation clips as bad cameras and codecs would leave them: `python tools/degrade.py CLIPS FOLDER`.

CLIPS is a folder with a manifest.csv. FOLDER gets one folder a way, each with the clips and the manifest of the val
split; the changed frames are stored without loss. Each way is OpenCV's, not the augmentation's own code.
"""

import csv
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import tyro

from tracknet_jax.utils.errors import UserError, entry_point
from tracknet_jax.video.readers import open_frames


def blurred(frame: np.ndarray) -> np.ndarray:
    """A Gaussian of 1 pixel."""
    return cv2.GaussianBlur(frame, (0, 0), 1.0)


def compressed(frame: np.ndarray) -> np.ndarray:
    """JPEG of quality 30."""
    return cv2.imdecode(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR)


WAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "blurred": blurred,
    "compressed": compressed,
}


def copy_clip(source: Path, target: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """A clip's label file, and its video with every frame changed."""
    target.mkdir(parents=True, exist_ok=True)
    for labels in source.glob("*.csv"):
        shutil.copy(labels, target)
    with_frames = open_frames(source / "video.mp4")
    writer = cv2.VideoWriter(
        str(target / "video.mp4"), cv2.VideoWriter.fourcc(*"FFV1"), float(with_frames.fps), with_frames.size
    )
    for frame in with_frames:
        writer.write(change(np.ascontiguousarray(frame[..., ::-1])))
    writer.release()


@entry_point("degrade")
def main(clips: Annotated[Path, tyro.conf.Positional], folder: Annotated[Path, tyro.conf.Positional]) -> None:
    """Writes the copies.

    Args:
        clips: folder of clips with a manifest.csv
        folder: where the copies go
    """
    manifest = clips / "manifest.csv"
    if not manifest.is_file():
        raise UserError(f"{manifest}: no such file; it names the clips of the val split")
    with open(manifest, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    for name, change in WAYS.items():
        for row in rows:
            place = Path(row["sport"]) / row["clip"]
            copy_clip(clips / place, folder / name / place, change)
        with open(folder / name / "manifest.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
