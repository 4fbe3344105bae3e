"""Finding a clip's files: natural order, images and videos beside label files, splits by folder name."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

IMAGES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
VIDEOS = {".mp4", ".avi", ".mov", ".mkv", ".m4v", ".webm", ".mpg", ".mpeg", ".ts"}

_SPLITS = {
    "train": "train",
    "training": "train",
    "professional": "train",
    "amateur": "train",
    "raw_data": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
    "raw_data2": "test",
}


@dataclass(frozen=True)
class ClipFiles:
    """The files of one clip, before anything of them is read."""

    name: str
    labels: Path
    frames: Path | tuple[Path, ...] | None  # None: the label file has no video and no images
    sport: str = ""
    split: str = ""


def natural_key(text: str) -> list[tuple[int, int | str]]:
    """Sort key that puts `2.png` before `10.png`."""
    return [
        (0, int(part)) if part.isdigit() else (1, part.lower()) for part in re.split(r"(\d+)", text) if part
    ]


def find_files(root: Path, suffix: str) -> list[Path]:
    """All files below `root` with this suffix (lower case), in natural order; links are followed."""
    found = [
        Path(folder, name)
        for folder, _, names in os.walk(root, followlinks=True)
        for name in names
        if name.lower().endswith(suffix) and not name.startswith(".")
    ]
    return sorted(found, key=lambda path: natural_key(path.as_posix()))


def images_in(folder: Path) -> tuple[Path, ...]:
    """The image files of a folder in natural order; empty if there are none or no folder."""
    if not folder.is_dir():
        return ()
    files = (
        path for path in folder.iterdir() if path.suffix.lower() in IMAGES and not path.name.startswith(".")
    )
    return tuple(sorted(files, key=lambda path: natural_key(path.name)))


def videos_in(folder: Path) -> list[Path]:
    """The video files of a folder in natural order."""
    if not folder.is_dir():
        return []
    files = (
        path for path in folder.iterdir() if path.suffix.lower() in VIDEOS and not path.name.startswith(".")
    )
    return sorted(files, key=lambda path: natural_key(path.name))


def frames_named(stem: str, folder: Path) -> Path | tuple[Path, ...] | None:
    """The video of this stem in `folder`, or the images of its sub-folder of that name, or None."""
    for video in videos_in(folder):
        if video.stem.lower() == stem.lower():
            return video
    if folder.is_dir():
        for child in sorted(folder.iterdir()):
            if child.name.lower() == stem.lower() and (images := images_in(child)):
                return images
    return None


def split_of(path: Path) -> str:
    """The split that the folder names of a relative path say, "" if they say none."""
    return next((_SPLITS[part.lower()] for part in path.parts[:-1] if part.lower() in _SPLITS), "")


def clip_name(path: Path, root: Path) -> str:
    """`path` below `root` with `/` between its parts; the folder's own name if they are the same."""
    relative = path.relative_to(root).as_posix()
    return path.resolve().name if relative == "." else relative
