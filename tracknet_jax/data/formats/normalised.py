"""A video and a CSV of the same name side by side, mostly `Frame,Ball,x,y` with positions divided by the size."""

from pathlib import Path

from tracknet_jax.data.formats.clip_files import ClipFiles, clip_name, find_files, frames_named, split_of


def find(root: Path) -> list[ClipFiles]:
    """Every CSV with a video, or a folder of images, of its own name beside it."""
    found = []
    for labels in find_files(root, ".csv"):
        frames = frames_named(labels.stem, labels.parent)
        if frames:
            name = clip_name(labels.with_suffix(""), root)
            found.append(ClipFiles(name, labels, frames, "", split_of(labels.relative_to(root))))
    return found
