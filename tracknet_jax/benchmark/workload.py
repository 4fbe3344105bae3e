"""What every task hands over to be timed, and the networks and inputs they share."""

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
        windows, frames: in one step; frames are those that get an answer, in training those that are learnt from.
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
        compared: between runtimes: the maps after the sigmoid, what tracking gives back, the candidates'
            confidences; of training the logarithms of the first loss and gradient norm, see `steps.first_step`.
        text: the HLO of what is called, where that is one compiled program.
    """

    call: Callable[[], Any]
    work: Work
    compared: Callable[[], np.ndarray] | None = None
    text: Callable[[], str] | None = None


def network(name: str) -> Release:
    """A preset with its shipped weights or fresh ones, or the release in a folder; `UserError` if it is neither."""
    if name in shipped_releases() or Path(name).is_dir():
        return load_release(name)
    config = preset(name)
    return Release(TrackNet(config, conv_impl="auto"), _settled(config), config)


def _settled(config: TrackNetConfig) -> dict[str, Any]:
    """Fresh weights whose batch norms know their inputs: with none, all maps would be one grey."""
    config = replace(config, dtype="float32", bn_decay=0.0)  # the statistics are then those of one batch
    key = jax.random.key(0)
    variables = init_variables(config, key)
    inputs = windows_of(config, 1)

    @jax.jit
    def statistics(variables: Any, inputs: dict[str, np.ndarray]) -> Any:
        rngs, mutable = {"dropout": key}, ["batch_stats"]
        apply = TrackNet(config).apply
        frames, background = inputs["frames"], inputs.get("background")
        return apply(variables, frames, background, train=True, rngs=rngs, mutable=mutable)[1]

    return jax.device_get({"params": variables["params"], **statistics(variables, inputs)})


def windows_of(config: TrackNetConfig, count: int) -> dict[str, np.ndarray]:
    """Inputs of `count` windows: `frames (count, L, H, W, 3)`, the same noise always, and `background` if wanted."""
    rng = np.random.default_rng(0)
    picture = (config.height, config.width, 3)
    inputs = {"frames": rng.integers(0, 256, (count, config.frames, *picture), np.uint8)}
    if config.background != "none":
        inputs["background"] = rng.integers(0, 256, (count, *picture), np.uint8)
    return inputs
