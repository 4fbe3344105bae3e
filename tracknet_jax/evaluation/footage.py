"""Labelled clips to score, with the way to their frames: files, or records of a built dataset."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from tracknet_jax.data.clips import UNLABELLED, Clip, Labels
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.inspection.label_checks import outside_frame, raise_first
from tracknet_jax.data.published_splits import PUBLISHED, random_windows
from tracknet_jax.data.splits import RANDOM_WINDOWS, assign_splits, split_rule
from tracknet_jax.data.tfds.frame_source import FrameSource, dataset_splits, find_dataset
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.frames import decode_frames, frame_size

RUN_CONFIG = "train_config.json"


@dataclass(frozen=True)
class Footage:
    """A labelled clip and its frames.

    Attributes:
        clip: name, labels, sport and split.
        size: (width, height) of its frames, in whose pixels the labels are.
        frames: gives the frames anew at each call, `(H, W, 3)` uint8 RGB, upright.
        frame_numbers: their frame numbers; None: 0, 1, 2 ...
        windows: where windows are scored, the first frames of those to score; None: all.
    """

    clip: Clip
    size: tuple[int, int]
    frames: Callable[[], Iterator[np.ndarray]]
    frame_numbers: Sequence[int] | None = None
    windows: np.ndarray | None = None

    @property
    def labels(self) -> Labels:
        """The labels of the clip; it has at least one."""
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
        footage, hint = list(_of_dataset(data, split, sport)), ""
    else:
        clips = _clips_of_folder(data, format, split, sport, split_by)
        footage = [of_files(clip) for clip in clips if clip.labels is not None]
        hint = "; give --split-by to split them another way" if split else ""
    footage = [clip for clip in footage if clip.labelled.size]
    if not footage:
        raise UserError(
            f"{data}: no labelled clip with split {split or 'any'} and sport {sport or 'any'}{hint}"
        )
    return footage


def windows_of(footage: Sequence[Footage], split: str | None, length: int) -> list[Footage]:
    """Clips with their part, "train" or "val", of all windows of `length` frames (split "triplet_random").

    Raises:
        UserError: `split` is neither; or a frame has no label, so that training has drawn from other windows.
    """
    if split not in ("train", "val"):
        raise UserError(f"{RANDOM_WINDOWS} has the splits train and val: choose one with --split")
    for clip in footage:
        if not np.array_equal(clip.labelled, np.arange(len(clip.labelled))):
            raise UserError(f"{clip.clip.name}: {RANDOM_WINDOWS} needs a label for every frame")
    bounds = np.cumsum([0, *(max(0, len(clip.labelled) - length + 1) for clip in footage)])
    chosen = random_windows(int(bounds[-1]), split)
    parts = (chosen[(chosen >= first) & (chosen < end)] - first for first, end in pairwise(bounds))
    return [replace(clip, windows=part) for clip, part in zip(footage, parts, strict=True)]


def run_split_by(checkpoint: str | Path, data: Path, format: str = "auto") -> str | None:
    """The rule by which a training run has split, or would split, the clips of `data`, for `assign_splits`.

    Args:
        checkpoint: a training directory, its `checkpoints` folder or one checkpoint. For a release the answer is None.
        data: a folder of clips. For a built dataset, which has its splits already, the answer is None.
        format: layout of the folder.

    Raises:
        UserError: the config of the run cannot be read, or there are no clips.
    """
    place = Path(checkpoint).absolute()
    above = place.parent if place.name.isdigit() else place
    folders = [place, above.parent] if above.name == "checkpoints" else [place]
    file = next((path for folder in folders if (path := folder / RUN_CONFIG).is_file()), None)
    if file is None or find_dataset(data) is not None:
        return None
    try:
        config = json.loads(file.read_text())["data"]
        by, held_out = config.get("split_by"), config["val_split"]  # a rectifier's run has no split_by
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file}: cannot be read ({error}); give --split-by") from error
    return split_rule(find_clips(data, format), by, held_out) if by == "auto" else by


def _clips_of_folder(
    data: Path, format: str, split: str | None, sport: str | None, by: str | None
) -> list[Clip]:
    """The clips of a split of the layout, or of the split `by`.

    "match" and "clip" hold out one in ten of all sports, as in training. A paper's split needs its sport alone.
    """
    if by is None:
        return find_clips(data, format, split, sport)
    clips = assign_splits(find_clips(data, format, sport=sport if by in PUBLISHED else None), by)
    return [clip for clip in clips if split in (None, clip.split) and sport in (None, clip.sport)]


def of_files(clip: Clip) -> Footage:
    """Footage of a labelled clip whose frames are a video or image files.

    Raises:
        UserError: they cannot be opened, or a label lies outside the frame.
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
