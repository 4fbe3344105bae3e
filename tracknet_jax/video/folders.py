"""The image and video files of a folder, by their suffix, in natural order."""

import re
from pathlib import Path

IMAGES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
VIDEOS = frozenset(
    {".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".3gp"}
)


def natural_key(text: str) -> list[tuple[int, int | str]]:
    """Sort key that puts `2.png` before `10.png`."""
    return [
        (0, int(part)) if part.isdigit() else (1, part.lower()) for part in re.split(r"(\d+)", text) if part
    ]


def images_in(folder: Path) -> list[Path]:
    """The image files of a folder in natural order; empty if there are none or no folder."""
    return _files_in(folder, IMAGES)


def videos_in(folder: Path) -> list[Path]:
    """The video files of a folder in natural order; empty if there are none or no folder."""
    return _files_in(folder, VIDEOS)


def _files_in(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    if not folder.is_dir():
        return []
    files = (p for p in folder.iterdir() if p.suffix.lower() in suffixes and not p.name.startswith("."))
    return sorted(files, key=lambda path: natural_key(path.name))
