"""The tasks that are more than one compiled step: a video to its CSV file, and batches for the training step."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.program import Layout
from tracknet_jax.benchmark.timing import block
from tracknet_jax.benchmark.workload import Work, Workload
from tracknet_jax.data.augment import augment
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.tfds.build import build_dataset
from tracknet_jax.data.tfds.frame_source import find_dataset
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.releases.release import Release
from tracknet_jax.tracking.outputs import OutputFiles, track_to_files
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracks.track import Track
from tracknet_jax.training.input.batch_sources import open_training
from tracknet_jax.training.step import step_keys, window_keys
from tracknet_jax.training.supervision import with_targets
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


def feeding(case: Case, release: Release, data: Path, folder: Path) -> Workload:
    """Training batches without the training: Grain's, put on the device, or resident ones, drawn on it."""
    config = TrainConfig(
        model=release.config,
        data=DataConfig((str(built_dataset(data, release.config, folder)),), pipeline=case.variant),  # type: ignore[arg-type]
        batch_size=case.batch,
        steps=1,
    )
    source = open_training(config, folder)
    source.begin(0, STEPS)
    frames = case.batch * config.model.frames
    if source.draw is None:
        return Workload(lambda: jax.device_put(source.next()), Work(case.batch, frames))

    def batch(arrays: Any, keys: jax.Array) -> Any:
        draw_key, augment_key, *_ = step_keys(keys[0], 0)
        windows = jnp.arange(case.batch)
        drawn = source.draw(arrays, window_keys(draw_key, windows))  # type: ignore[misc]
        augmented = augment(window_keys(augment_key, windows), drawn, config.data.augment)
        return with_targets(augmented, config)

    layout = Layout()
    arrays = layout.place_whole(source.next())
    keys = layout.place_parts(jax.random.split(jax.random.key(0), 1))
    program = layout.compile(batch, arrays, keys)
    work = Work(case.batch, frames, 0, program.compile_seconds, program.analysis)
    return Workload(lambda: program.run(arrays, keys), work)


def built_dataset(data: Path, config: TrackNetConfig, folder: Path) -> Path:
    """`data` if it is a built dataset; else one of its clips in the network's size, built once in `folder`."""
    if find_dataset(data) is not None:
        return data
    built = folder / f"{config.width}x{config.height}"
    if not built.exists():
        clips = [replace(clip, split="train") for clip in find_clips(data)]
        build_dataset(clips, built, size=(config.width, config.height))
    return built
