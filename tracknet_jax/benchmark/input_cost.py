"""What the input costs training: steps that are fed as in real runs, beside steps on one batch that never changes."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.pipelines import STEPS, built_dataset
from tracknet_jax.benchmark.workload import Work, Workload, labelled_windows
from tracknet_jax.releases.release import Release
from tracknet_jax.training.cluster.parallel import Driver
from tracknet_jax.training.input.batch_sources import open_training
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.presets import bundled_names, load_config
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import Draw, train_step
from tracknet_jax.training.train_config import DataConfig, TrainConfig


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
