"""The compiled steps: inference, one window of a stream, and training."""

from functools import partial
from typing import Any

import jax
import numpy as np

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.program import Layout, compiled
from tracknet_jax.benchmark.workload import Work, Workload, labelled_windows, windows_of
from tracknet_jax.heatmaps.decoding import Candidates, probability_maps
from tracknet_jax.releases.release import Release
from tracknet_jax.tracking.detector import detect_disjoint
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import train_step
from tracknet_jax.training.train_config import TrainConfig


def inference(case: Case, release: Release) -> Workload:
    """Windows that are on the devices as uint8 to maps in [0, 1] that stay there."""
    layout = Layout(case.devices, case.variant)  # type: ignore[arg-type]
    config = release.config

    def forward(variables: Any, inputs: dict[str, jax.Array]) -> jax.Array:
        output: Any = release.model.apply(variables, inputs["frames"], inputs.get("background"))
        return probability_maps(output.logits, config.head)

    windows = case.batch * case.devices
    variables = layout.place_whole(release.variables)
    inputs = layout.place_parts(windows_of(config, windows))
    program = layout.compile(forward, variables, inputs)
    call = partial(program.run, variables, inputs)
    work = Work(windows, windows * config.outputs, 1, program.compile_seconds, program.analysis)
    return Workload(call, work, compared=lambda: layout.joined(call()))


def stream(release: Release) -> Workload:
    """One window from the host's memory to the ball's candidates back in it, as in live tracking."""
    config = release.config
    inputs = windows_of(config, 1)
    frames, background = inputs["frames"], inputs.get("background")
    variables = jax.device_put(release.variables)
    inside = np.ones((1, config.height, config.width), bool)
    operands = (np.float32(0.5), inside, background)
    program = compiled(detect_disjoint.lower(release.model, variables, frames, *operands, several=True))

    def call() -> Candidates:
        return jax.device_get(program.run(variables, frames, *operands))

    work = Work(1, config.outputs, 1, program.compile_seconds, program.analysis)
    return Workload(call, work, compared=lambda: np.asarray(call().confidence))


def training(case: Case, release: Release) -> Workload:
    """One step of `tracknet train` with its default recipe, on a batch that is on the devices."""
    layout = Layout(case.devices, case.variant)  # type: ignore[arg-type]
    windows = case.batch * case.devices
    config = TrainConfig(model=release.config, batch_size=windows, steps=1)
    optimizer = make_optimizer(config.optimizer)
    variables = jax.tree.map(jax.numpy.asarray, release.variables)
    first = create_state(variables, optimizer, jax.random.key(0), averaged=True)
    state, batch = layout.place_whole(first), layout.place_parts(labelled_windows(release.config, windows))
    step = partial(train_step, config=config, optimizer=optimizer)
    program = layout.compile(step, state, batch, carried=True)

    def call() -> Any:
        nonlocal state  # the step overwrites its state
        state, metrics = program.run(state, batch)
        return metrics

    frames = windows * release.config.frames
    return Workload(call, Work(windows, frames, 3, program.compile_seconds, program.analysis))
