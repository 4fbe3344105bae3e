"""Trajectories on disk: a tracker's tracks beside the labels of their clips, to train a rectifier on.

A folder holds `clips.csv` (split,sport,clip,frames,width,height,file) and for each clip the CSV file named there:
a track CSV, one row a frame, with three more columns for the label,

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
from tracknet_jax.tracks.track import HEADER, Track, csv_fields, read_table
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing

CLIPS = "clips.csv"
CLIP_COLUMNS = ("split", "sport", "clip", "frames", "width", "height", "file")
LABEL_COLUMNS = ("LabelVisibility", "LabelX", "LabelY")


@dataclass(frozen=True)
class Trajectory:
    """A tracked clip with its labels.

    Attributes:
        clip, sport, split: of the clip.
        track: what the tracker found in its F frames, with the size of the frames.
        truth: (F, 2) float32 source pixels of the labels, NaN where the ball is not located.
        visibility: (F,) uint8 of the labels.
    """

    clip: str
    sport: str
    split: str
    track: Track
    truth: np.ndarray
    visibility: np.ndarray

    def __len__(self) -> int:
        return len(self.track)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the frames."""
        assert self.track.size is not None
        return self.track.size


def write_trajectories(folder: Path, trajectories: Iterable[Trajectory]) -> Iterator[Trajectory]:
    """Writes each trajectory as it comes and passes it on. The list of clips comes last: it makes the folder complete.

    Raises:
        UserError: a file cannot be written.
    """
    rows = []
    for trajectory in trajectories:
        file = f"{trajectory.split}/{trajectory.clip}.csv"
        _write_table(folder / file, (*HEADER, *LABEL_COLUMNS), _rows(trajectory))
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
    clips = [clip for _, clip in read_table(folder / CLIPS, CLIP_COLUMNS) if clip["split"] == split]
    if not clips:
        raise UserError(f"{folder}: no trajectories of split {split!r}")
    return [_read(folder, clip) for clip in clips]


def _rows(trajectory: Trajectory) -> Iterator[tuple]:
    labels = zip(trajectory.visibility.tolist(), trajectory.truth.tolist(), strict=True)
    for row, (visibility, (x, y)) in zip(trajectory.track.rows(), labels, strict=True):
        yield (*csv_fields(row), visibility, *((f"{x:.2f}", f"{y:.2f}") if np.isfinite(x) else ("", "")))


def _read(folder: Path, clip: dict[str, str]) -> Trajectory:
    path = folder / clip["file"]
    try:
        size = int(clip["width"]), int(clip["height"])
        rows = [
            [float(row[name] or "nan") for name in LABEL_COLUMNS]
            for _, row in read_table(path, LABEL_COLUMNS)
        ]
    except ValueError as error:
        raise UserError(f"{path}: {error}; make the trajectories again") from error
    labels = np.array(rows).reshape(-1, 3)
    visibility = np.nan_to_num(labels[:, 0], nan=UNLABELLED).astype(np.uint8)
    track = Track.from_csv(path, size=size)
    return Trajectory(
        clip["clip"], clip["sport"], clip["split"], track, labels[:, 1:].astype(np.float32), visibility
    )


def _write_table(path: Path, columns: Iterable[str], rows: Iterable[tuple]) -> None:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
