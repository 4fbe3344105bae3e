"""The compiled steps: inference, one window of a stream, and training."""

from dataclasses import replace
from functools import cache, partial
from typing import Any

import jax
import numpy as np
import optax

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.program import Layout, compiled
from tracknet_jax.benchmark.workload import Work, Workload, windows_of
from tracknet_jax.data.augment import Batch
from tracknet_jax.heatmaps.decoding import Candidates, probability_maps
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.releases.release import Release
from tracknet_jax.tracking.detector import detect_disjoint
from tracknet_jax.training.gradients import gradients
from tracknet_jax.training.mesh import on_one_device
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import TrainState, create_state
from tracknet_jax.training.step import train_step
from tracknet_jax.training.targets import with_targets
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
    return Workload(call, work, compared=lambda: layout.joined(call()), text=program.text)


def stream(release: Release) -> Workload:
    """One window from the host's memory to the ball's candidates back in it, as a live tracker has it."""
    config = release.config
    inputs = windows_of(config, 1)
    frames, background = inputs["frames"], inputs.get("background")
    variables = jax.device_put(release.variables)
    inside = np.ones((1, config.height, config.width), bool)
    operands = (np.float32(0.5), inside, background)
    lowered = detect_disjoint.lower(release.model, variables, frames, *operands, several=True)
    program = compiled(lowered)
    work = Work(1, config.outputs, 1, program.compile_seconds, program.analysis)

    def call() -> Candidates:
        return jax.device_get(program.run(variables, frames, *operands))

    return Workload(call, work, compared=lambda: np.asarray(call().confidence), text=program.text)


def training(case: Case, release: Release) -> Workload:
    """One step of `tracknet train` with its default recipe, on a batch that is on the devices."""
    layout = Layout(case.devices, case.variant)  # type: ignore[arg-type]
    windows = case.batch * case.devices
    config = recipe(release.config, windows)
    optimizer = make_optimizer(config.optimizer)
    variables = jax.tree.map(jax.numpy.asarray, release.variables)
    first = create_state(variables, optimizer, jax.random.key(0), averaged=True)
    state, batch = layout.place_whole(first), layout.place_parts(labelled_windows(release.config, windows))
    step = partial(train_step, config=config, optimizer=optimizer)
    program = layout.compile(step, state, batch, carried=True)
    held = [state]  # a step uses its state up

    def call() -> Any:
        held[0], metrics = program.run(held[0], batch)
        return metrics

    frames = windows * release.config.frames
    work = Work(windows, frames, 3, program.compile_seconds, program.analysis)
    # Of one window on one device, however the timed step is laid out.
    compared = cache(partial(_first_loss_and_norm, release)) if layout == Layout() else None
    return Workload(call, work, compared, program.text)


def recipe(config: TrackNetConfig, windows: int) -> TrainConfig:
    """What `tracknet train` does with a network unless told otherwise: no augmentation but dropout."""
    return TrainConfig(model=config, batch_size=windows, steps=1)


def first_step(config: TrackNetConfig) -> TrainConfig:
    """What is compared of training: one window, and no dropout, which draws otherwise in every runtime."""
    return recipe(replace(config, dropout=0.0, context_masking=0.0), 1)


def _first_loss_and_norm(release: Release) -> np.ndarray:
    """Logarithms of the loss and of the gradient's norm."""
    config, key = first_step(release.config), jax.random.key(0)
    state = create_state(release.variables, make_optimizer(config.optimizer), key, averaged=False)
    windows: Any = labelled_windows(config.model, 1)
    batch = with_targets(windows, config)

    @jax.jit
    @on_one_device
    def found(state: TrainState, batch: Batch) -> Any:
        loss, _, grads = gradients(state, batch, key, config)
        return jax.numpy.log(jax.numpy.stack([loss, optax.tree.norm(grads)]))

    return np.asarray(found(state, batch))


def labelled_windows(config: TrackNetConfig, count: int) -> dict[str, np.ndarray]:
    """A training batch: noise, with a ball in every frame."""
    rng = np.random.default_rng(1)
    shape = (count, config.frames)
    xy = rng.uniform((0, 0), (config.width - 1, config.height - 1), (*shape, 2))
    inputs = windows_of(config, count)
    return {**inputs, "xy": xy.astype(np.float32), "visibility": np.ones(shape, np.uint8)}
