"""Refuses configs that cannot work, before data is read or anything compiles."""

import functools
import math
from pathlib import Path
from typing import Any

import jax

from tracknet_jax.releases.release import shipped_releases
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.utils.errors import UserError

POSITIVE = (
    "batch_size",
    "accumulation",
    "steps_per_dispatch",
    "log_every",
    "max_skipped",
    "data.stride",
    "target.radius",
    "optimizer.lr",
    "evaluation.batch_size",
    "checkpoint.every",
    "checkpoint.keep",
)
NOT_NEGATIVE = (
    "evaluation.every",
    "evaluation.pictures",
    "data.workers",
    "data.mixup.sample",
    "data.mixup.frame",
    "data.augment.shift",
    "data.augment.brightness",
    "data.augment.contrast",
    "data.augment.colour",
    "loss.variation_penalty",
    "optimizer.schedule.warmup_steps",
)
SHARES = (
    "data.augment.ball_crop",
    "data.augment.flip",
    "data.augment.paste",
    "data.augment.jpeg",
)


def check_config(config: TrainConfig) -> None:
    """Raises `UserError` for the first thing in `config` that cannot work."""
    _check_numbers(config)
    _check_draws(config)
    _check_sizes(config)
    _check_loss(config)
    _check_sources(config)
    _check_origins(config)
    devices = jax.device_count()
    if config.batch_size % devices:
        raise UserError(f"batch_size {config.batch_size} is not divisible by the {devices} devices here")
    if config.batch_size % (devices * config.accumulation):
        raise UserError(
            f"batch_size {config.batch_size} in {config.accumulation} parts (accumulation) is not divisible by "
            f"the {devices} devices here"
        )


def _check_numbers(config: TrainConfig) -> None:
    if (config.steps is None) == (config.epochs is None):
        raise UserError("set exactly one of steps and epochs, and the other to None")
    if (config.steps or config.epochs or 0) <= 0:
        raise UserError("steps or epochs must be above 0")
    for name in POSITIVE:
        if not _field(config, name) > 0:  # nor NaN
            raise UserError(f"{name} is {_field(config, name)}: it must be above 0")
    for name in NOT_NEGATIVE:
        if not _field(config, name) >= 0:
            raise UserError(f"{name} is {_field(config, name)}: it must be 0 or more")
    for name in SHARES:
        if not 0 <= _field(config, name) <= 1:
            raise UserError(f"{name} is {_field(config, name)}: it must lie between 0 and 1")
    for name in ("steps", "log_every", "evaluation.every", "checkpoint.every"):
        if (_field(config, name) or 0) % config.steps_per_dispatch:
            raise UserError(
                f"{name} is {_field(config, name)}: it must be a multiple of steps_per_dispatch, "
                f"{config.steps_per_dispatch}"
            )
    if not 0 <= config.ema_decay < 1:
        raise UserError(f"ema_decay is {config.ema_decay}: it must be at least 0 and below 1")
    if not all(0 < fraction < 1 for fraction in config.optimizer.schedule.milestones):
        raise UserError(
            "optimizer.schedule.milestones are fractions of the run: each must lie between 0 and 1"
        )


def _field(config: TrainConfig, name: str) -> Any:
    """The value of a dotted name."""
    return functools.reduce(getattr, name.split("."), config)


def _check_draws(config: TrainConfig) -> None:
    low, high = config.data.augment.scale
    if not 0 < low <= high < math.inf:
        raise UserError(f"data.augment.scale is {low} to {high}: it must go from above 0 upwards")
    weights = config.data.sport_weights
    for sport, weight in weights.items():
        if not 0 <= weight < math.inf:
            raise UserError(f"data.sport_weights: {sport} has {weight}: it must be 0 or more")
    if weights and not any(weights.values()):
        raise UserError(
            "data.sport_weights: all are 0; give one above 0, or none at all to draw windows alike"
        )


def _check_sizes(config: TrainConfig) -> None:
    if config.data.augment.crop is None:
        return
    height, width = config.data.augment.crop
    model = config.model
    if height % model.divisor or width % model.divisor or min(height, width) <= 0:
        raise UserError(
            f"data.augment.crop {height}x{width} must be divisible by {model.divisor} on both sides"
        )
    if height > model.height or width > model.width:
        raise UserError(
            f"data.augment.crop {height}x{width} is larger than the model's input {model.height}x{model.width}"
        )
    whole_frames = model.refinement != "none" or model.bn_axis == "width"
    if whole_frames and (height, width) != (model.height, model.width):
        raise UserError(
            f"data.augment.crop: {model.name} has weights for the places of whole frames, train it without a crop"
        )


def _check_loss(config: TrainConfig) -> None:
    model, mixup = config.model, config.data.mixup
    if model.head == "classes" and max(mixup.sample, mixup.frame) > 0:
        raise UserError(f"data.mixup: {model.name} learns classes, which cannot be mixed; set both to 0")
    if mixup.frame > 0 and model.outputs != model.frames:
        raise UserError(f"data.mixup.frame: {model.name} has no map for every frame; set it to 0")
    if config.loss.variation_penalty > 0 and (model.motion == "none" or model.frames < 3):
        raise UserError(
            f"loss.variation_penalty: {model.name} has no two motion maps to compare; set it to 0"
        )


def _check_sources(config: TrainConfig) -> None:
    if not config.data.source:
        raise UserError("no data: give a folder with --data.source DIR")
    for source in config.data.source:
        if not Path(source).is_dir():
            raise UserError(f"data.source {source}: no such folder")
    memory = config.data.device_memory
    if memory is not None and memory < 0:
        raise UserError(f"data.device_memory is {memory}: it must be 0 or more, or None")


def _check_origins(config: TrainConfig) -> None:
    if not 0 < config.distill.weight <= 1:
        raise UserError(f"distill.weight is {config.distill.weight}: it must be above 0 and at most 1")
    for name in ("init_from", "distill.teacher"):
        origin = _field(config, name)
        if origin is not None and origin not in shipped_releases() and not Path(origin).is_dir():
            raise UserError(f"{name} {origin}: no such folder and no shipped release")
