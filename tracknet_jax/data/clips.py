"""A clip of consecutive frames, the ball's labels in it, and what may be wrong with those."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Values of `Labels.visibility`, as the tennis set of TrackNet (V1) defined them.
NO_BALL, CLEAR, HARD, OCCLUDED, UNLABELLED = 0, 1, 2, 3, 255

VISIBILITY_NAMES = {
    NO_BALL: "no ball",
    CLEAR: "clear",
    HARD: "hard to see",
    OCCLUDED: "occluded",
    UNLABELLED: "unlabelled",
}


@dataclass(frozen=True)
class Labels:
    """Where the ball is in the labelled frames of one clip: arrays of equal length F, frames ascending.

    Loss and metric leave out a visible ball (visibility 1, 2, 3) without a position.
    """

    frame: np.ndarray  # (F,) int64, frame number in the clip, 0-based
    xy: np.ndarray  # (F, 2) float32 source pixels, pixel centres at whole numbers, NaN where not located
    visibility: np.ndarray  # (F,) uint8: 0 no ball, 1 clear, 2 hard to see, 3 occluded, 255 unlabelled
    path: Path | None = None  # the file that they come from
    line: np.ndarray | None = None  # (F,) int64, the line of each label in that file, for messages

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def none(cls) -> "Labels":
        """Labels of no frame."""
        return cls(np.zeros(0, np.int64), np.zeros((0, 2), np.float32), np.zeros(0, np.uint8))

    @property
    def located(self) -> np.ndarray:
        """(F,) bool: the ball has a position."""
        return np.isfinite(self.xy).all(axis=-1)

    def where(self, row: int) -> str:
        """File and line of one label, for messages."""
        place = str(self.path) if self.path is not None else "labels"
        return f"{place}, line {self.line[row]}" if self.line is not None else f"{place}, row {row}"

    def of_rows(self, rows: np.ndarray) -> "Labels":
        """The labels of some rows: a mask (F,) or row numbers."""
        line = None if self.line is None else self.line[rows]
        return Labels(self.frame[rows], self.xy[rows], self.visibility[rows], self.path, line)

    def dense(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """`xy (length, 2)` and `visibility (length,)` of frames 0 ... length - 1; frames without a label are 255."""
        xy = np.full((length, 2), np.nan, np.float32)
        visibility = np.full(length, UNLABELLED, np.uint8)
        inside = (self.frame >= 0) & (self.frame < length)
        xy[self.frame[inside]] = self.xy[inside]
        visibility[self.frame[inside]] = self.visibility[inside]
        return xy, visibility


@dataclass(frozen=True)
class Finding:
    """Something in a clip or its labels that is wrong or suspicious."""

    kind: str  # "duplicate row", the same for all of its kind
    where: str  # "game1/Label.csv, line 12"
    message: str  # one line


@dataclass(frozen=True)
class Clip:
    """A run of consecutive frames from one camera, with or without labels."""

    name: str  # "game1/Clip1", unique in the dataset
    frames: Path | tuple[Path, ...]  # a video file, or image files in frame order
    labels: Labels | None
    sport: str = ""  # "tennis", "badminton", "padel", "" if unknown
    split: str = ""  # "train", "val", "test", "" if the layout does not say
