"""Folders of labelled clips in the public layouts: one module a layout, `find_clips` for all."""

import itertools
from collections.abc import Callable
from pathlib import Path

from tracknet_jax.data.clips import Clip
from tracknet_jax.data.formats import clips288, normalised, shuttlecock, tennis
from tracknet_jax.data.formats.clip_files import ClipFiles
from tracknet_jax.data.formats.labels import Report, read_labels, stop_at_error
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.folders import natural_key
from tracknet_jax.video.frames import frame_size

__all__ = ["LAYOUTS", "find_clip_files", "find_clips", "load_clip", "read_labels"]

# A layout's `find` gives the files of every clip below a folder. With "auto" a label file belongs to the first layout
# here that finds it.
LAYOUTS: dict[str, Callable[[Path], list[ClipFiles]]] = {
    "clips288": clips288.find,
    "tennis": tennis.find,
    "shuttlecock": shuttlecock.find,
    "normalised": normalised.find,
}


def find_clips(
    root: Path | str, format: str = "auto", split: str | None = None, sport: str | None = None
) -> list[Clip]:
    """The labelled clips of a folder, labels read, frames not decoded.

    Args:
        root: the folder. Clips are found at any depth, in "clips288" below the folder of the manifest.
        format: one of `LAYOUTS`, or "auto" for all of them.
        split: keep only the clips that the layout puts into this split.
        sport: keep only the clips of this sport.

    Raises:
        UserError: nothing is found, a label file is wrong, or a clip has no frames.
    """
    wanted = [
        files
        for files in find_clip_files(Path(root), format)
        if (split is None or files.split == split) and (sport is None or files.sport == sport)
    ]
    if not wanted:
        hint = "; give --split-by to split them another way" if split else ""
        raise UserError(f"{root}: no clips with split {split or 'any'} and sport {sport or 'any'}{hint}")
    return [load_clip(files) for files in wanted]


def find_clip_files(root: Path, format: str = "auto") -> list[ClipFiles]:
    """The files of every labelled clip below `root`, sorted by name; raises `UserError` if there is none."""
    if format != "auto" and format not in LAYOUTS:
        raise UserError(f"unknown format {format!r}: choose from auto, {', '.join(LAYOUTS)}")
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; give a folder of labelled clips")
    found: dict[Path, ClipFiles] = {}
    for name, find in LAYOUTS.items():
        if format in ("auto", name):
            for files in find(root):
                found.setdefault(files.labels, files)
    if not found:
        raise UserError(
            f"{root}: no labelled clips found (format {format}); looked for Label.csv in a clip's folder, "
            "matchN/csv/*_ball.csv, manifest.csv, and a CSV beside a video of its name"
        )
    return _with_unique_names(sorted(found.values(), key=lambda files: natural_key(files.name)))


def load_clip(files: ClipFiles, report: Report = stop_at_error) -> Clip:
    """Reads the labels of a clip.

    Raises:
        UserError: the clip has no frames, or its labels cannot be read, see `read_labels`.
    """
    if not files.frames:
        raise UserError(f"{files.labels}: no video and no images of this clip; put them beside it")
    size = frame_size(files.frames)
    labels = read_labels(files.labels, frames=files.frames, size=size, report=report)
    return Clip(files.name, files.frames, labels, files.sport, files.split)


def _with_unique_names(clips: list[ClipFiles]) -> list[ClipFiles]:
    for before, after in itertools.pairwise(clips):
        if before.name == after.name:
            raise UserError(
                f"{after.labels}: a second label file for clip {after.name}, after {before.labels}; keep one"
            )
    return clips
