"""Where a run's batches and its validation frames come from: the seam between the data code and the loop."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import numpy as np
from rich.console import Console
from rich.progress import track

from tracknet_jax.data.background import clip_background
from tracknet_jax.data.clips import Clip
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.formats.unlabelled import find_unlabelled
from tracknet_jax.data.grain_pipeline import make_grain_loader
from tracknet_jax.data.index import FrameIndex
from tracknet_jax.data.records import Record, generate_examples
from tracknet_jax.data.resident import (
    ResidentFrames,
    draw_windows,
    fingerprint,
    keep_frames,
    window_arrays,
    windows_of,
)
from tracknet_jax.data.source import INFO_FILE, FrameSource, dataset_splits, find_dataset
from tracknet_jax.data.splits import RANDOM_WINDOWS, assign_splits
from tracknet_jax.data.windows import FrameWindows
from tracknet_jax.errors import UserError
from tracknet_jax.files import replacing
from tracknet_jax.training.config import TrainConfig
from tracknet_jax.training.step import Draw

T = TypeVar("T")


class BatchSource(Protocol):
    """Gives the step its inputs, and can say and go back to where it is.

    With `draw`, `next` always gives the same arrays and `draw` makes a batch of them inside the step, from the
    step's own keys: such a source has no position. Without it, `next` gives this process' part of the next
    batch as NumPy arrays, and the position is that batch's.
    """

    draw: Draw | None
    windows: int  # training windows in one pass over the data

    def next(self) -> Any:
        """The inputs of the next step."""

    def batch(self, given: Any, keys: jax.Array) -> dict[str, np.ndarray]:
        """The windows of a step on the host: of what `next` gave for it and, with `draw`, its keys."""

    def get_state(self) -> Any:
        """The position, as JSON values; the same on every process."""

    def set_state(self, state: Any) -> None:
        """Goes to a position."""


class ResidentSource:
    """All frames on the device; windows are drawn inside the step, with replacement."""

    def __init__(self, frames: ResidentFrames, config: TrainConfig):
        length = config.model.frames
        self._arrays = window_arrays(
            frames,
            length,
            config.data.stride,
            config.data.sport_weights,
            random_split=config.data.split_by == RANDOM_WINDOWS,
        )
        self.windows = len(self._arrays["starts"])
        self._length = length
        self.draw: Draw | None = partial(draw_windows, length=length)

    def next(self) -> Any:
        return self._arrays

    def batch(self, given: Any, keys: jax.Array) -> dict[str, np.ndarray]:
        return windows_of(self._arrays, keys, length=self._length)

    def get_state(self) -> None:
        return None

    def set_state(self, state: Any) -> None:
        pass


class GrainSource:
    """Batches of windows of a built dataset, read and shuffled by Grain on the host."""

    def __init__(self, frames: FrameSource, config: TrainConfig, backgrounds: np.ndarray | None = None):
        windows = FrameWindows(frames, config.model.frames, config.data.stride, backgrounds=backgrounds)
        self.windows = len(windows)
        self.draw: Draw | None = None
        self._batches = make_grain_loader(
            windows,  # type: ignore[arg-type]  # a length and items are all that Grain wants
            batch_size=config.batch_size // jax.process_count(),
            seed=config.seed,
            workers=config.data.workers,
            process_index=jax.process_index(),
            process_count=jax.process_count(),
        )

    def next(self) -> Any:
        return next(self._batches)

    def batch(self, given: Any, keys: jax.Array) -> dict[str, np.ndarray]:
        return given

    def get_state(self) -> Any:
        return self._batches.get_state()

    def set_state(self, state: Any) -> None:
        self._batches.set_state(state)


def open_training(config: TrainConfig, workdir: Path) -> BatchSource:
    """The batches of `config`; raises `UserError` if there is nothing to train on."""
    if config.data.pipeline == "resident":
        return ResidentSource(_resident(config, workdir, config.data.train_split), config)
    if len(config.data.source) > 1 or find_dataset(config.data.source[0]) is None:
        raise UserError("data.pipeline grain reads one built dataset: make it with `tracknet data build`")
    frames = FrameSource(config.data.source[0], config.data.train_split)
    if frames.size != (config.model.width, config.model.height):
        raise UserError(
            f"{frames.directory}: its frames are {frames.size}, the model takes "
            f"{config.model.width}x{config.model.height}; build it with that --size"
        )
    if config.model.background == "none":
        return GrainSource(frames, config)
    folder = _cache_folder(config, workdir, _digest([_dataset_digest(frames)]))
    return GrainSource(frames, config, _backgrounds(frames.index, frames.image, folder))


def open_validation(config: TrainConfig, workdir: Path) -> ResidentFrames:
    """The frames of the validation split; raises `UserError` if there are none."""
    return _resident(config, workdir, config.data.val_split)


class _Material(NamedTuple):
    records: Callable[[], Iterator[Record]]
    digest: str


def _resident(config: TrainConfig, workdir: Path, split: str) -> ResidentFrames:
    parts = [
        part
        for source in config.data.source
        for name in split.split("+")
        if (part := _material(Path(source), config, name))
    ]
    if not parts:
        raise UserError(
            f"{', '.join(config.data.source)}: no clip with split {split!r}; set data.split_by to match or "
            "clip to hold some out, or evaluation.every to 0 to train without validation"
        )
    digest = _digest(part.digest for part in parts)
    folder = _cache_folder(config, workdir, digest)
    records = itertools.chain.from_iterable(part.records() for part in parts)
    resident = keep_frames(_shown(records, f"decoding {split} frames"), folder, digest)
    if config.model.background == "none":
        return resident
    return replace(resident, backgrounds=_backgrounds(resident.index, resident.frames.__getitem__, folder))


def _backgrounds(index: FrameIndex, image: Callable[[int], np.ndarray], folder: Path) -> np.ndarray:
    """The background of each clip, (C, H, W, 3) uint8, estimated once and then mapped from `folder`."""
    file = folder / "backgrounds.npy"
    if not file.is_file():
        clips = _shown(range(len(index.clip_names)), "estimating backgrounds")
        with replacing(file) as partial_file:
            np.save(partial_file, np.stack([clip_background(index, clip, image) for clip in clips]))
    return np.load(file, mmap_mode="r")


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _cache_folder(config: TrainConfig, workdir: Path, digest: str) -> Path:
    """Where what is decoded of the data of `digest` is kept."""
    return Path(config.data.cache or workdir / "frames") / digest[:16]


def _shown(items: Iterable[T], text: str) -> Iterable[T]:
    """Passes items on with a progress bar, where somebody sees it."""
    console = Console(stderr=True)
    return track(items, text, console=console, disable=not console.is_terminal)


def _material(source: Path, config: TrainConfig, split: str) -> _Material | None:
    """The records of one split of a built dataset or a folder of clips; None if it has none."""
    size = config.model.width, config.model.height
    if (directory := find_dataset(source)) is not None:
        if not dataset_splits(directory).get(split):
            return None
        frames = FrameSource(directory, split)
        if frames.size != size:
            raise UserError(
                f"{directory}: its frames are {frames.size}, the model takes {size}; build it anew"
            )
        return _Material(frames.records, _dataset_digest(frames))
    clips = [clip for clip in _split(source, config) if clip.split == split]
    if not clips:
        return None

    def records() -> Iterator[Record]:
        return (record for _, record in generate_examples(clips, size, config.data.workers))

    return _Material(records, fingerprint(clips, size))


def _dataset_digest(frames: FrameSource) -> str:
    stamp = (frames.directory / INFO_FILE).stat().st_mtime_ns
    return repr((str(frames.directory.resolve()), frames.split, len(frames), stamp))


def _split(folder: Path, config: TrainConfig) -> list[Clip]:
    unlabelled = find_unlabelled(folder) if config.distill.teacher is not None else []
    if unlabelled:
        return unlabelled
    clips = find_clips(folder, config.data.format)
    by = config.data.split_by
    if by == "auto":
        by = "layout" if any(clip.split == config.data.val_split for clip in clips) else "match"
    return assign_splits(clips, by)
