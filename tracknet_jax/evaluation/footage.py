"""Labelled clips with the way to their frames, whether those are files or records of a built dataset."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from tracknet_jax.data.clips import UNLABELLED, Clip, Labels
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.inspection.label_checks import outside_frame, raise_first
from tracknet_jax.data.published_splits import PUBLISHED, random_windows
from tracknet_jax.data.splits import RANDOM_WINDOWS, assign_splits
from tracknet_jax.data.tfds.frame_source import FrameSource, dataset_splits, find_dataset
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.frames import decode_frames, frame_size


@dataclass(frozen=True)
class Footage:
    """A labelled clip that can be watched.

    Attributes:
        clip: name, labels, sport and split.
        size: (width, height) of its frames, in whose pixels the labels are.
        frames: gives them anew at each call, `(H, W, 3)` uint8 RGB, upright.
        frame_numbers: their frame numbers, where they are not 0, 1, 2 ...
        windows: the first frames of the windows to score, where windows are scored; None: of all.
    """

    clip: Clip
    size: tuple[int, int]
    frames: Callable[[], Iterator[np.ndarray]]
    frame_numbers: Sequence[int] | None = None
    windows: np.ndarray | None = None

    @property
    def labels(self) -> Labels:
        """The clip's labels, of which it has at least one."""
        assert self.clip.labels is not None
        return self.clip.labels

    @property
    def labelled(self) -> np.ndarray:
        """Numbers `(n,)` of the frames that have a label."""
        return self.labels.frame[self.labels.visibility != UNLABELLED]

    def number(self, position: int) -> int:
        """Frame number of the frame at a position."""
        return position if self.frame_numbers is None else self.frame_numbers[position]

    def numbers(self, count: int) -> np.ndarray:
        """Frame numbers `(count,)` of the first frames."""
        return np.array([self.number(position) for position in range(count)], np.int64)


def find_footage(
    data: Path,
    format: str = "auto",
    split: str | None = None,
    sport: str | None = None,
    split_by: str | None = None,
) -> list[Footage]:
    """The labelled clips of a folder in any known layout, or of a built dataset.

    Args:
        data: the folder or dataset.
        format: layout of the folder.
        split, sport: keep only clips of these; None: all.
        split_by: what `split` means, see `assign_splits`; None: what the layout or the dataset says.

    Raises:
        UserError: there is none, or a label file or clip cannot be read.
    """
    if find_dataset(data):
        if split_by is not None:
            raise UserError(f"{data}: a built dataset has its splits already; leave --split-by out")
        footage = list(_of_dataset(data, split, sport))
    elif split_by is not None:
        footage = _split_anew(data, format, split, sport, split_by)
    else:
        clips = find_clips(data, format, split, sport)
        footage = [of_files(clip) for clip in clips if clip.labels is not None]
    footage = [clip for clip in footage if clip.labelled.size]
    if not footage:
        hint = "; give --split-by to split them another way" if split and not find_dataset(data) else ""
        raise UserError(
            f"{data}: no labelled clip with split {split or 'any'} and sport {sport or 'any'}{hint}"
        )
    return footage


def windows_of(footage: Sequence[Footage], split: str | None, length: int) -> list[Footage]:
    """Clips with their part, "train" or "val", of all windows of `length` frames (split "triplet_random").

    Raises:
        UserError: `split` is neither, or a frame has no label: then training has drawn from other windows.
    """
    if split not in ("train", "val"):
        raise UserError(f"{RANDOM_WINDOWS} has the splits train and val: choose one with --split")
    counts = [max(0, len(clip.labelled) - length + 1) for clip in footage]
    for clip in footage:
        if not np.array_equal(clip.labelled, np.arange(len(clip.labelled))):
            raise UserError(f"{clip.clip.name}: {RANDOM_WINDOWS} needs a label for every frame")
    chosen = random_windows(sum(counts), split)
    ends = np.cumsum(counts)
    parts = [
        chosen[(chosen >= end - count) & (chosen < end)] - (end - count)
        for count, end in zip(counts, ends, strict=True)
    ]
    return [replace(clip, windows=part) for clip, part in zip(footage, parts, strict=True)]


def _split_anew(data: Path, format: str, split: str | None, sport: str | None, by: str) -> list[Footage]:
    """The labelled clips of a split other than the layout's.

    One in ten is held out of all sports' clips, as training does it; a paper's split knows those of its sport alone.
    """
    clips = assign_splits(find_clips(data, format, sport=sport if by in PUBLISHED else None), by)
    return [
        of_files(clip)
        for clip in clips
        if clip.labels is not None and split in (None, clip.split) and sport in (None, clip.sport)
    ]


def of_files(clip: Clip) -> Footage:
    """Footage of a labelled clip whose frames are a video or image files.

    Raises:
        UserError: they cannot be opened, or a label lies outside of them.
    """
    footage = Footage(clip, frame_size(clip.frames), partial(decode_frames, clip.frames))
    raise_first(outside_frame(footage.labels, footage.size))
    return footage


def _of_dataset(data: Path, split: str | None, sport: str | None) -> Iterator[Footage]:
    """Footage of the clips of a built dataset, of one split or of all."""
    for name in [split] if split else dataset_splits(data):
        source = FrameSource(data, name)
        index = source.index
        for number, (clip_name, clip_sport) in enumerate(zip(index.clip_names, index.sports, strict=True)):
            if sport is not None and sport != clip_sport:
                continue
            rows = np.flatnonzero(index.clip == number)
            rows = rows[np.argsort(index.frame[rows])]
            labels = Labels(index.frame[rows], index.xy[rows], index.visibility[rows])
            height, width = source.image(int(rows[0])).shape[:2]
            yield Footage(
                Clip(clip_name, (), labels, clip_sport, name),
                (width, height),
                partial(map, source.image, rows.tolist()),
                labels.frame.tolist(),
            )


def check_labels(footage: Footage, decoded: np.ndarray) -> None:
    """Raises `UserError` if the clip has labels of frames that are not among the `decoded` frame numbers."""
    lost = np.setdiff1d(footage.labelled, decoded)
    if lost.size:
        raise UserError(
            f"{footage.clip.name}: labels of {lost.size} frames, from frame {lost[0]} on, that are not among "
            f"the {len(decoded)} decoded frames; `tracknet data inspect` shows what is wrong"
        )
