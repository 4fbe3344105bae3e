"""The tennis layout of TrackNet (V1): a folder a clip, `gameN/ClipM`: images or a video, and `Label.csv`."""

from pathlib import Path

from tracknet_jax.data.formats.clip_files import (
    LABEL_NAMES,
    ClipFiles,
    clip_name,
    find_files,
    frames_named,
    split_of,
)
from tracknet_jax.video.folders import images_in, videos_in


def find(root: Path) -> list[ClipFiles]:
    """Every folder with a label file. The frames are its images, its video, or a video of its name beside it."""
    found = []
    for labels in find_files(root, ".csv"):
        if labels.name.lower() not in LABEL_NAMES:
            continue
        folder = labels.parent
        frames = _frames(folder)
        sport = "" if labels.name.lower() == "ball.csv" else "tennis"
        name = clip_name(folder, root)
        found.append(ClipFiles(name, labels, frames, sport, split_of(labels.relative_to(root).parent)))
    return found


def _frames(folder: Path) -> Path | tuple[Path, ...] | None:
    if images := images_in(folder) or images_in(folder / "frames"):
        return tuple(images)
    videos = videos_in(folder)
    return videos[0] if videos else frames_named(folder.name, folder.parent)
