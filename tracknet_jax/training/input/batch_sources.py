"""Where a run's batches come from: frames on the devices, or streamed from the host; the seam between data and loop."""

import logging
import math
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from tracknet_jax.data.splits import RANDOM_WINDOWS
from tracknet_jax.data.windows.frame_windows import Frames, FrameWindows
from tracknet_jax.data.windows.grain_loader import make_grain_loader
from tracknet_jax.data.windows.resident import (
    ResidentFrames,
    draw_start,
    draw_table,
    draw_windows,
    window_arrays,
    windows_of,
)
from tracknet_jax.training.cluster.processes import is_first
from tracknet_jax.training.input.digest import data_digest
from tracknet_jax.training.input.frame_cache import built_dataset, dataset_backgrounds, kept_frames
from tracknet_jax.training.step import Draw, step_keys, window_keys
from tracknet_jax.training.train_config import TrainConfig

log = logging.getLogger(__name__)


class BatchSource(Protocol):
    """Gives the step its inputs.

    With `draw`, `next` always gives the same arrays and `draw` makes a batch of them inside the step, from the
    step's own keys. Without it, `next` gives this process' part of the next batch as NumPy arrays. Both give the
    same windows: those of a step follow from the config, the data and the step's number: there is no position to
    save.
    """

    draw: Draw | None
    divided: bool  # with `draw`: no device holds all frames, each has a part of them
    windows: int  # training windows in one pass over the data
    digest: str  # of what the windows of all steps follow from, beside the config

    def begin(self, step: int, total: int) -> None:
        """Goes to the batch after step number `step`, of a run of `total` steps; before the first `next`."""

    def next(self) -> Any:
        """The inputs of the next step."""

    def batch(self, given: Any, keys: jax.Array) -> dict[str, np.ndarray]:
        """The windows of a step on the host: of what `next` gave for it and, with `draw`, its keys."""


class ResidentSource:
    """All frames on the devices; windows are drawn inside the step, with replacement."""

    def __init__(self, frames: ResidentFrames, config: TrainConfig, divided: bool = False):
        table = draw_table(frames.index, **_drawn_from(config))
        self._arrays = window_arrays(frames, table)
        self._length = config.model.frames
        self.digest = data_digest(frames.index, table)
        self.windows = len(self._arrays["starts"])
        self.divided = divided
        self.draw: Draw | None = partial(draw_windows, length=self._length)

    def begin(self, step: int, total: int) -> None:
        pass

    def next(self) -> Any:
        return self._arrays

    def batch(self, given: Any, keys: jax.Array) -> dict[str, np.ndarray]:
        return windows_of(self._arrays, keys, length=self._length)


class GrainSource:
    """The windows that `ResidentSource` draws, read on the host by Grain while the steps before them run."""

    draw: Draw | None = None
    divided = False

    def __init__(
        self, frames: Frames, config: TrainConfig, backgrounds: np.ndarray | None = None, workers: int = 0
    ):
        self._frames, self._backgrounds, self._workers = frames, backgrounds, workers
        self._config = config
        self._table = draw_table(frames.index, **_drawn_from(config))
        self.windows = len(self._table["starts"])
        self.digest = data_digest(frames.index, self._table)

    def begin(self, step: int, total: int) -> None:
        config = self._config
        starts = drawn_starts(self._table, config, step, total)
        windows = FrameWindows(
            self._frames, starts.reshape(-1), config.model.frames, backgrounds=self._backgrounds
        )
        self._batches = make_grain_loader(
            windows,  # type: ignore[arg-type]  # a length and items are all that Grain wants
            batch_size=config.batch_size // jax.process_count(),
            workers=self._workers,
            process_index=jax.process_index(),
            process_count=jax.process_count(),
        )

    def next(self) -> Any:
        return next(self._batches)

    def batch(self, given: Any, keys: jax.Array) -> dict[str, np.ndarray]:
        return given


def open_training(config: TrainConfig, workdir: Path, room: float = math.inf) -> BatchSource:
    """The batches of `config`; raises `UserError` if there is nothing to train on.

    Frames are resident as `config` says, unless they need more than `room` bytes of each device's memory: a copy on
    each where that fits, else divided over the devices of each process, else they are streamed, and a warning says
    so. A built dataset is streamed as it is, other sources once they are decoded.
    """
    built = built_dataset(config)
    kept = kept_frames(config, workdir, config.data.train_split) if built is None else None
    if config.data.pipeline == "resident":
        index = (built or kept).index  # type: ignore[union-attr]
        size = config.model.height * config.model.width * 3
        needed = len(index) * size
        if config.model.background != "none":
            room = max(room - len(index.clip_names) * size, 0.0)  # every device has all backgrounds
        if needed <= room * jax.local_device_count():
            kept = kept or kept_frames(config, workdir, config.data.train_split)
            return ResidentSource(kept, config, divided=needed > room)
        if is_first():
            log.warning(
                "data: the frames take %.1f GB, each of %d devices here has room for %.1f (data.device_memory): the "
                "same windows are streamed from the host",
                needed / 1e9,
                jax.local_device_count(),
                room / 1e9,
            )
    if built is not None:
        backgrounds = dataset_backgrounds(config, workdir, built)
        return GrainSource(built, config, backgrounds, config.data.workers)
    return GrainSource(kept, config, kept.backgrounds)  # type: ignore[union-attr, arg-type]


def open_validation(config: TrainConfig, workdir: Path) -> ResidentFrames:
    """The frames of the validation split; raises `UserError` if there are none."""
    return kept_frames(config, workdir, config.data.val_split)


def drawn_starts(table: dict[str, np.ndarray], config: TrainConfig, step: int, total: int) -> np.ndarray:
    """The first frames (S, batch_size) of the windows that the S steps after `step` draw from a `draw_table`."""

    @jax.jit
    def drawn(table: dict[str, jax.Array], steps: jax.Array) -> jax.Array:
        def of_step(step: jax.Array) -> jax.Array:
            draw_key = step_keys(jax.random.key(config.seed), step)[0]
            keys = window_keys(draw_key, config.batch_size, axis_name=None)
            return jax.vmap(partial(draw_start, table["starts"], table["cumulative"]))(keys)

        return jax.vmap(of_step)(steps)

    return np.asarray(drawn(table, jnp.arange(step, total)))


def _drawn_from(config: TrainConfig) -> dict[str, Any]:
    """What decides which windows are drawn, as arguments of `draw_table`."""
    return {
        "length": config.model.frames,
        "stride": config.data.stride,
        "sport_weights": config.data.sport_weights,
        "hard_examples": config.data.hard_examples,
        "hard_share": config.data.hard_share,
        "random_split": config.data.split_by == RANDOM_WINDOWS,
    }
