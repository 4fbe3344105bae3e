"""Where a run's batches come from: frames on the devices, or windows that are streamed from the host."""

import logging
import math
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tracknet_jax.data.splits import RANDOM_WINDOWS
from tracknet_jax.data.windows.frame_windows import Frames, FrameWindows
from tracknet_jax.data.windows.grain_loader import make_grain_loader
from tracknet_jax.data.windows.resident import ResidentFrames
from tracknet_jax.data.windows.sampling import (
    Table,
    data_digest,
    draw_starts,
    draw_windows,
    sampling_table,
    window_arrays,
)
from tracknet_jax.training.cluster.processes import is_first, min_over_processes
from tracknet_jax.training.input.frame_cache import built_dataset, cached_frames, dataset_backgrounds
from tracknet_jax.training.step import Draw, step_keys, window_keys
from tracknet_jax.training.train_config import DataConfig, TrainConfig

log = logging.getLogger(__name__)

SHARE = 0.5  # of a device's free memory for frames; the rest is for the state, the activations and the batch


class BatchSource:
    """Gives the step its inputs.

    With `draw`, `next` always gives the same arrays, and `draw` makes a batch of them inside the step, from the
    step's own keys. Without it, `next` gives this process' part of the next batch as NumPy arrays. Both give the
    same windows, drawn with replacement. The windows of a step follow from the config, the data and the step's
    number, so no position has to be saved.
    """

    draw: Draw | None = None
    sharded = False  # with `draw`: no device holds all frames, each has a part of them

    def __init__(self, frames: Frames, config: TrainConfig, backgrounds: np.ndarray | None):
        self._frames, self._config, self._backgrounds = frames, config, backgrounds
        data = config.data
        random_split = data.split_by == RANDOM_WINDOWS
        self._table = sampling_table(
            frames.index, config.model.frames, data.stride, data.sport_weights, random_split
        )
        self.windows = len(self._table["starts"])  # training windows in one pass over the data
        self.digest = data_digest(frames.index, self._table)  # of the data that the windows follow from

    def begin(self, step: int, total: int) -> None:
        """Goes to the batch after step number `step` of a run of `total` steps. Call it before the first `next`."""

    def next(self) -> Any:
        """The inputs of the next step."""
        raise NotImplementedError

    def batch(self, given: Any, keys: jax.Array) -> dict[str, np.ndarray]:
        """The windows of a step on the host, from what `next` gave for it and, with `draw`, its keys."""
        raise NotImplementedError

    def _windows(self, starts: np.ndarray) -> FrameWindows:
        return FrameWindows(self._frames, starts, self._config.model.frames, self._backgrounds)


class ResidentSource(BatchSource):
    """All frames on the devices; windows are drawn inside the step."""

    def __init__(self, frames: ResidentFrames, config: TrainConfig, sharded: bool):
        super().__init__(frames, config, frames.backgrounds)
        self._arrays = window_arrays(frames, self._table)
        self.sharded = sharded
        self.draw = partial(draw_windows, length=config.model.frames)

    def next(self) -> Any:
        return self._arrays

    def batch(self, given: Any, keys: jax.Array) -> dict[str, np.ndarray]:
        windows = self._windows(np.asarray(jax.jit(draw_starts)(self._table, keys)))
        return jax.tree.map(lambda *parts: np.stack(parts), *(windows[i] for i in range(len(windows))))


class GrainSource(BatchSource):
    """Windows read on the host by Grain while the steps before them run."""

    def __init__(self, frames: Frames, config: TrainConfig, backgrounds: np.ndarray | None, workers: int):
        super().__init__(frames, config, backgrounds)
        self._workers = workers

    def begin(self, step: int, total: int) -> None:
        starts = starts_of_steps(self._table, self._config, step, total)
        self._batches = make_grain_loader(
            self._windows(starts.reshape(-1)),  # type: ignore[arg-type]  # length and items are all that Grain wants
            batch_size=self._config.batch_size // jax.process_count(),
            workers=self._workers,
            process_index=jax.process_index(),
            process_count=jax.process_count(),
        )

    def next(self) -> Any:
        return next(self._batches)

    def batch(self, given: Any, keys: jax.Array) -> dict[str, np.ndarray]:
        return given


def resident_budget_bytes(config: DataConfig) -> float:
    """Bytes of each device's memory for frames: `data.device_memory`, or half of what is free on the fullest device.

    The same on every process. Infinite where a device does not report its memory, as CPUs, which read frames from
    the file.
    """
    if config.device_memory is not None:
        return config.device_memory * 1e9
    return min_over_processes(SHARE * min(map(_free, jax.local_devices())))


def _free(device: jax.Device) -> float:
    stats = device.memory_stats() or {}
    if "bytes_limit" not in stats:
        return math.inf
    return stats["bytes_limit"] - stats["bytes_in_use"]


def open_training(config: TrainConfig, workdir: Path, room: float = math.inf) -> BatchSource:
    """The batches of `config`; raises `UserError` if there is nothing to train on.

    Frames are resident where `config` says so and each device has `room` bytes for them. Every device has a copy if
    that fits. Otherwise the devices of each process have a part each. If that does not fit either, the frames are
    streamed, with a warning. A built dataset is streamed as it is, other sources once they are decoded.
    """
    built = built_dataset(config)
    kept = cached_frames(config, workdir, config.data.train_split) if built is None else None
    if config.data.pipeline == "resident":
        index = (built or kept).index  # type: ignore[union-attr]
        size = config.model.height * config.model.width * 3
        needed = len(index) * size
        if config.model.background != "none":
            room = max(room - len(index.clip_names) * size, 0.0)  # every device has all backgrounds
        if needed <= room * jax.local_device_count():
            kept = kept or cached_frames(config, workdir, config.data.train_split)
            return ResidentSource(kept, config, sharded=needed > room)
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
    return GrainSource(kept, config, kept.backgrounds, workers=0)  # type: ignore[union-attr, arg-type]


def starts_of_steps(table: Table, config: TrainConfig, step: int, total: int) -> np.ndarray:
    """The first frames (S, batch_size) of the windows that steps `step` + 1 to `total` draw; S = total - step."""

    @jax.jit
    def drawn(table: dict[str, jax.Array], steps: jax.Array) -> jax.Array:
        def of_step(step: jax.Array) -> jax.Array:
            draw_key = step_keys(jax.random.key(config.seed), step)[0]
            return draw_starts(table, window_keys(draw_key, jnp.arange(config.batch_size)))

        return jax.vmap(of_step)(steps)

    return np.asarray(drawn(table, jnp.arange(step, total)))
