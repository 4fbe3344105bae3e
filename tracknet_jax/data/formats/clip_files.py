"""The files of a clip, found by their names: labels, a video or images, and the split that folders say."""

import os
from dataclasses import dataclass
from pathlib import Path

from tracknet_jax.video.folders import images_in, natural_key, videos_in

# Of the one label file in a clip's folder, in lower case.
LABEL_NAMES = ("label.csv", "labels.csv", "ball.csv")
_FOLDERS = {
    "train": ("train", "training", "professional", "amateur", "raw_data"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing", "raw_data2"),
}
_SPLITS = {folder: split for split, folders in _FOLDERS.items() for folder in folders}


@dataclass(frozen=True)
class ClipFiles:
    """The files of one clip that a layout finds; none is read yet. Fields as in `Clip`."""

    name: str
    labels: Path  # the label file
    frames: Path | tuple[Path, ...] | None  # a video or images; None: there are none
    sport: str = ""
    split: str = ""


def find_files(root: Path, suffix: str) -> list[Path]:
    """All files below `root` with this suffix (in lower case), in natural order; links are followed."""
    found = [
        Path(folder, name)
        for folder, _, names in os.walk(root, followlinks=True)
        for name in names
        if name.lower().endswith(suffix) and not name.startswith(".")
    ]
    return sorted(found, key=lambda path: natural_key(path.as_posix()))


def frames_named(stem: str, folder: Path) -> Path | tuple[Path, ...] | None:
    """The video of this stem in `folder`, or the images of its sub-folder of that name, or None."""
    for video in videos_in(folder):
        if video.stem.lower() == stem.lower():
            return video
    if folder.is_dir():
        for child in sorted(folder.iterdir()):
            if child.name.lower() == stem.lower() and (images := images_in(child)):
                return tuple(images)
    return None


def split_of(path: Path) -> str:
    """The split that a folder in a relative path is named after, or ""."""
    return next((_SPLITS[part.lower()] for part in path.parts[:-1] if part.lower() in _SPLITS), "")


def clip_name(path: Path, root: Path) -> str:
    """`path` relative to `root`, with "/" between its parts; the folder's own name if both are the same."""
    relative = path.relative_to(root).as_posix()
    return path.resolve().name if relative == "." else relative
