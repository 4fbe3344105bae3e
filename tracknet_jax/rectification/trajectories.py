"""Trajectories on disk: what a tracker found beside what is true, to train a rectifier on.

A folder holds `clips.csv` (split,sport,clip,frames,width,height,file) and for each clip the CSV file named there:
a track CSV, one row a frame, with three columns more for the label,

    Frame,Visibility,X,Y,Confidence,Source,LabelVisibility,LabelX,LabelY

in source pixels with centres at whole numbers; fields are empty where there is no ball. LabelVisibility is 0 none,
1 clear, 2 hard to see, 3 occluded, 255 unlabelled.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tracknet_jax.data.clips import UNLABELLED
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing

CLIPS = "clips.csv"
CLIP_COLUMNS = ("split", "sport", "clip", "frames", "width", "height", "file")
COLUMNS = (
    *("Frame", "Visibility", "X", "Y", "Confidence", "Source"),
    *("LabelVisibility", "LabelX", "LabelY"),
)


@dataclass(frozen=True)
class Trajectory:
    """A tracked clip with its labels: arrays of length F, one entry a frame.

    Attributes:
        clip, sport, split: of the clip.
        size: (width, height) of its frames.
        frame: (F,) frame numbers.
        found: (F, 2) float32 source pixels where the tracker found a ball, NaN where it did not.
        confidence: (F,) of what was found.
        truth: (F, 2) float32 source pixels of the labels, NaN where not located.
        visibility: (F,) uint8 of the labels.
    """

    clip: str
    sport: str
    split: str
    size: tuple[int, int]
    frame: np.ndarray
    found: np.ndarray
    confidence: np.ndarray
    truth: np.ndarray
    visibility: np.ndarray

    def __len__(self) -> int:
        return len(self.frame)


def write_trajectories(folder: Path, trajectories: Iterable[Trajectory]) -> Iterator[Trajectory]:
    """Writes each trajectory as it comes and passes it on; the list of clips, last, makes the folder complete.

    Raises:
        UserError: a file cannot be written.
    """
    rows = []
    for trajectory in trajectories:
        file = f"{trajectory.split}/{trajectory.clip}.csv"
        _write_table(folder / file, COLUMNS, _rows(trajectory))
        about = (trajectory.split, trajectory.sport, trajectory.clip, len(trajectory), *trajectory.size, file)
        rows.append(about)
        yield trajectory
    _write_table(folder / CLIPS, CLIP_COLUMNS, rows)


def read_trajectories(folder: Path, split: str) -> list[Trajectory]:
    """The trajectories of one split.

    Raises:
        UserError: there is none, or a file cannot be read; the file is named.
    """
    if not (folder / CLIPS).is_file():
        raise UserError(
            f"{folder}: no trajectories here, {CLIPS} is missing; make them with tracknet data trajectories"
        )
    clips = [clip for clip in _read_table(folder / CLIPS, CLIP_COLUMNS) if clip["split"] == split]
    if not clips:
        raise UserError(f"{folder}: no trajectories of split {split!r}")
    return [_read(folder, clip) for clip in clips]


def _rows(trajectory: Trajectory) -> Iterator[tuple]:
    columns = (
        trajectory.frame,
        trajectory.found,
        trajectory.confidence,
        trajectory.visibility,
        trajectory.truth,
    )
    for frame, found, confidence, visibility, truth in zip(*(c.tolist() for c in columns), strict=True):
        source = "detected" if np.isfinite(found[0]) else ""
        position = _fields(found)
        yield (frame, int(bool(source)), *position, f"{confidence:.4f}", source, visibility, *_fields(truth))


def _fields(xy: list[float]) -> tuple[str, str]:
    return (f"{xy[0]:.2f}", f"{xy[1]:.2f}") if np.isfinite(xy[0]) else ("", "")


def _read(folder: Path, clip: dict[str, str]) -> Trajectory:
    path = folder / clip["file"]
    rows = _read_table(path, COLUMNS)
    try:
        size = int(clip["width"]), int(clip["height"])
        numbers = {
            name: np.array([float(row[name] or "nan") for row in rows])
            for name in COLUMNS
            if name != "Source"
        }
    except ValueError as error:
        raise UserError(f"{path}: {error}; make the trajectories again") from error
    visibility = np.nan_to_num(numbers["LabelVisibility"], nan=UNLABELLED).astype(np.uint8)
    return Trajectory(
        clip["clip"],
        clip["sport"],
        clip["split"],
        size,
        numbers["Frame"].astype(np.int64),
        np.stack([numbers["X"], numbers["Y"]], axis=-1).astype(np.float32),
        numbers["Confidence"].astype(np.float32),
        np.stack([numbers["LabelX"], numbers["LabelY"]], axis=-1).astype(np.float32),
        visibility,
    )


def _write_table(path: Path, columns: Iterable[str], rows: Iterable[tuple]) -> None:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _read_table(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise UserError(f"{path}: the header lacks {', '.join(missing)}")
            return list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error
