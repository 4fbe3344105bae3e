"""What every task gives to the timing, and the networks and inputs that the tasks share."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from tracknet_jax.benchmark.program import Analysis
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.models.tracknet import TrackNet, init_variables
from tracknet_jax.releases.release import Release, load_release, shipped_releases


class Work(NamedTuple):
    """What one step does.

    Attributes:
        windows: in one step.
        frames: that get an answer in one step; in training, that are learned from.
        passes: forward passes that a step is worth: 1, in training 3 (each layer has two gradients), 0 without one.
        compile_seconds: None where nothing is compiled.
        analysis: None where the step is more than one compiled program.
    """

    windows: int
    frames: int
    passes: int = 0
    compile_seconds: float | None = None
    analysis: Analysis | None = None


class Workload(NamedTuple):
    """Something to time, with all that it holds in memory.

    Attributes:
        call: starts one step and returns what to wait for.
        compared: what must agree between runtimes: maps in [0, 1], or confidences of candidates or rows.
    """

    call: Callable[[], Any]
    work: Work
    compared: Callable[[], np.ndarray] | None = None


def network(name: str) -> Release:
    """A preset with its shipped weights or fresh ones, or the release in a folder; `UserError` if it is neither."""
    if name in shipped_releases() or Path(name).is_dir():
        return load_release(name)
    config = preset(name)
    return Release(TrackNet(config, conv_impl="auto"), _fresh_variables(config), config)


def _fresh_variables(config: TrackNetConfig) -> dict[str, Any]:
    """Initial weights, and batch statistics of one batch: with initial statistics all maps would be one grey."""
    config = replace(config, dtype="float32", bn_decay=0.0)  # the statistics become those of the batch
    key, inputs = jax.random.key(0), windows_of(config, 1)
    variables = init_variables(config, key)

    @jax.jit
    def statistics(variables: Any, frames: jax.Array, background: jax.Array | None) -> Any:
        options: Any = {"train": True, "rngs": {"dropout": key}, "mutable": ["batch_stats"]}
        return TrackNet(config).apply(variables, frames, background, **options)[1]

    found = statistics(variables, inputs["frames"], inputs.get("background"))
    return jax.device_get({"params": variables["params"], **found})


def windows_of(config: TrackNetConfig, count: int) -> dict[str, np.ndarray]:
    """`frames (count, L, H, W, 3)` uint8, always the same noise, and `background (count, H, W, 3)` if wanted."""
    rng = np.random.default_rng(0)
    picture = (config.height, config.width, 3)
    inputs = {"frames": rng.integers(0, 256, (count, config.frames, *picture), np.uint8)}
    if config.background != "none":
        inputs["background"] = rng.integers(0, 256, (count, *picture), np.uint8)
    return inputs


def labelled_windows(config: TrackNetConfig, count: int) -> dict[str, np.ndarray]:
    """A training batch: `windows_of`, with a ball at `xy (count, L, 2)` in every frame."""
    rng = np.random.default_rng(1)
    shape = (count, config.frames)
    xy = rng.uniform((0, 0), (config.width - 1, config.height - 1), (*shape, 2))
    visibility = np.ones(shape, np.uint8)
    return {**windows_of(config, count), "xy": xy.astype(np.float32), "visibility": visibility}
