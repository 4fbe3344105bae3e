"""The decoded frames of a split from any sources: decoded once into a folder, then mapped from there."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from rich.console import Console
from rich.progress import track

from tracknet_jax.data.clips import Clip
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.formats.unlabelled import find_unlabelled
from tracknet_jax.data.median_background import clip_background
from tracknet_jax.data.splits import assign_splits, split_rule
from tracknet_jax.data.tfds.frame_source import INFO_FILE, FrameSource, dataset_splits, find_dataset
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.tfds.records import Record, read_records
from tracknet_jax.data.windows.resident import ResidentFrames, fingerprint, keep_frames
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing

T = TypeVar("T")


class _Material(NamedTuple):
    records: Callable[[], Iterator[Record]]
    digest: str


def cached_frames(config: TrainConfig, workdir: Path, split: str) -> ResidentFrames:
    """The frames of a split, and backgrounds if the network wants them; raises `UserError` if there are none."""
    parts = [
        part
        for source in config.data.source
        for name in split.split("+")
        if (part := _material(Path(source), config, name))
    ]
    if not parts:
        raise UserError(
            f"{', '.join(config.data.source)}: no clip with split {split!r}; {_how_to_split(config)} to hold some "
            "out, or set evaluation.every to 0 to train without validation"
        )
    digest = _digest(part.digest for part in parts)
    folder = _cache_folder(config, workdir, digest)
    records = (record | {"source": i} for i, part in enumerate(parts) for record in part.records())
    shown = _shown(records, f"decoding {split} frames")
    resident = keep_frames(shown, folder, digest, config.data.workers)
    if config.model.background == "none":
        return resident
    return replace(resident, backgrounds=_backgrounds(resident.index, resident.frames.__getitem__, folder))


def built_dataset(config: TrainConfig) -> FrameSource | None:
    """The training frames if the only source is a built dataset, which is read without decoding it first; else None.

    Raises `UserError` if they are not of the network's size.
    """
    if len(config.data.source) > 1 or find_dataset(config.data.source[0]) is None:
        return None
    if "+" in config.data.train_split:
        return None
    return _of_size(FrameSource(config.data.source[0], config.data.train_split), config)


def dataset_backgrounds(config: TrainConfig, workdir: Path, frames: FrameSource) -> np.ndarray | None:
    """The backgrounds of a built dataset's clips, (C, H, W, 3) uint8, if the network wants them."""
    if config.model.background == "none":
        return None
    folder = _cache_folder(config, workdir, _digest([_dataset_digest(frames)]))
    return _backgrounds(frames.index, frames.image, folder)


def _backgrounds(index: FrameIndex, image: Callable[[int], np.ndarray], folder: Path) -> np.ndarray:
    """The background of each clip, (C, H, W, 3) uint8, estimated once and then mapped from `folder`."""
    file = folder / "backgrounds.npy"
    if not file.is_file():
        clips = _shown(range(len(index.clip_names)), "estimating backgrounds")
        with replacing(file) as partial_file:
            np.save(partial_file, np.stack([clip_background(index, clip, image) for clip in clips]))
    return np.load(file, mmap_mode="r")


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _cache_folder(config: TrainConfig, workdir: Path, digest: str) -> Path:
    """The folder for what is decoded of the data of `digest`."""
    return Path(config.data.cache or workdir / "frames") / digest[:16]


def _shown(items: Iterable[T], text: str) -> Iterable[T]:
    """Passes items on; on a terminal with a progress bar."""
    console = Console(stderr=True)
    return track(items, text, console=console, disable=not console.is_terminal)


def _material(source: Path, config: TrainConfig, split: str) -> _Material | None:
    """The records of one split of a built dataset or a folder of clips; None if it has none."""
    if (directory := find_dataset(source)) is not None:
        if not dataset_splits(directory).get(split):
            return None
        frames = _of_size(FrameSource(directory, split), config)
        return _Material(frames.records, _dataset_digest(frames))
    clips = [clip for clip in _split(source, config) if clip.split == split]
    if not clips:
        return None
    size = config.model.width, config.model.height

    return _Material(partial(read_records, clips, size, config.data.workers), fingerprint(clips, size))


def _how_to_split(config: TrainConfig) -> str:
    """What a user can do for other splits: a built dataset has its own, `data.split_by` is for folders."""
    if all(find_dataset(source) for source in config.data.source):
        return "build the dataset again with --split-by match or clip"
    return "set data.split_by to match or clip"


def _of_size(frames: FrameSource, config: TrainConfig) -> FrameSource:
    width, height = config.model.width, config.model.height
    if frames.size != (width, height):
        raise UserError(
            f"{frames.directory}: its frames are {frames.size}, the model takes {width}x{height}; build it with "
            "that --size"
        )
    return frames


def _dataset_digest(frames: FrameSource) -> str:
    stamp = (frames.directory / INFO_FILE).stat().st_mtime_ns
    return repr((str(frames.directory.resolve()), frames.split, len(frames), stamp))


def _split(folder: Path, config: TrainConfig) -> list[Clip]:
    unlabelled = find_unlabelled(folder) if config.distill.teacher is not None else []
    if unlabelled:
        return unlabelled
    clips = find_clips(folder, config.data.format)
    return assign_splits(clips, split_rule(clips, config.data.split_by, config.data.val_split))
