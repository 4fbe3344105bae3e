"""The tasks that are more than one compiled step: a video to its CSV file, and training as it is fed."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.timing import block
from tracknet_jax.benchmark.workload import Work, Workload, labelled_windows
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.tfds.build import build_dataset
from tracknet_jax.data.tfds.frame_source import find_dataset
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.releases.release import Release
from tracknet_jax.tracking.outputs import OutputFiles, track_to_files
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracks.track import Track
from tracknet_jax.training.cluster.parallel import Driver
from tracknet_jax.training.input.batch_sources import open_training
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.presets import bundled_names, load_config
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import Draw, train_step
from tracknet_jax.training.train_config import DataConfig, TrainConfig

STEPS = 100_000  # more than are timed: the sources draw the windows of so many beforehand


def tracking(case: Case, release: Release, video: Path, folder: Path) -> Workload:
    """`tracknet track` without overlay and picture; the CSV file goes to `folder`."""
    tracker = Tracker(release, TrackOptions(batch_size=case.batch))
    files = OutputFiles.of(folder, "benchmark", video=False, picture=False)

    def track(end: int | None = None) -> Track:
        return track_to_files(tracker, video, files, end=end)

    one_step = case.batch * release.config.outputs
    first, second = (block(lambda: track(one_step), 1) for _ in range(2))
    frames = len(track())
    windows = math.ceil(frames / release.config.outputs)
    work = Work(windows, frames, 1, compile_seconds=max(0.0, first - second))
    return Workload(track, work, compared=lambda: track().confidence)


def fed_training(case: Case, release: Release, data: Path, folder: Path) -> Workload:
    """Steps of `tracknet train` on all devices, with the recipe of the network's name if there is one.

    `case.variant` is the input: `constant`, the same uint8 batch on the devices in every step; `resident`, all
    frames on the devices; `grain`, which reads and decodes the records of the dataset `data`.
    """
    windows = case.batch * jax.device_count()
    config = replace(_recipe(case.model), model=release.config, batch_size=windows, steps=STEPS, epochs=None)
    draw: Draw | None = None
    inputs = labelled_windows(release.config, windows)
    if case.variant != "constant":
        dataset = built_dataset(data, release.config, folder)
        fed = DataConfig((str(dataset),), pipeline=case.variant, augment=config.data.augment)  # type: ignore[arg-type]
        source = open_training(replace(config, data=fed), folder)
        source.begin(0, STEPS)
        draw, inputs = source.draw, source.next()
    optimizer = make_optimizer(config.optimizer, STEPS)
    driver = Driver("jit", partial(train_step, config=config, optimizer=optimizer), draw)
    variables = jax.tree.map(jnp.asarray, release.variables)
    state = driver.place(create_state(variables, optimizer, jax.random.key(0), config.ema_decay > 0))
    placed = driver.place_inputs(inputs)

    def call() -> Any:
        nonlocal state  # the step overwrites its state
        given = driver.place_inputs(source.next()) if case.variant == "grain" else placed
        state, metrics = driver.step(state, given)
        return metrics

    return Workload(call, Work(windows, windows * release.config.frames))


def _recipe(name: str) -> TrainConfig:
    """The training preset of that name, the defaults without one."""
    config = load_config(name) if name in bundled_names() else None
    return config if isinstance(config, TrainConfig) else TrainConfig()


def built_dataset(data: Path, config: TrackNetConfig, folder: Path) -> Path:
    """`data` if it is a built dataset; else one of its clips in the network's size, built once in `folder`."""
    if find_dataset(data) is not None:
        return data
    built = folder / f"{config.width}x{config.height}"
    if not built.exists():
        clips = [replace(clip, split="train") for clip in find_clips(data)]
        build_dataset(clips, built, size=(config.width, config.height))
    return built
