"""The training loop: start or go on, step, log, evaluate, save."""

import json
import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax

from tracknet_jax.models.tracknet import Variables, init_variables
from tracknet_jax.training.checkpoints import Checkpoints, warn_data_changed
from tracknet_jax.training.cluster.interrupts import StopRequest, StopVote
from tracknet_jax.training.cluster.processes import broadcast_from_first, is_first, run_one_process_at_a_time
from tracknet_jax.training.config_checks import check_config
from tracknet_jax.training.distillation import Teacher, load_teacher
from tracknet_jax.training.guard import Guard
from tracknet_jax.training.initial import initial_variables
from tracknet_jax.training.input.batch_sources import BatchSource, open_training, resident_budget_bytes
from tracknet_jax.training.input.frame_cache import cached_frames
from tracknet_jax.training.optimizers import make_optimizer, make_schedule
from tracknet_jax.training.parallel import make_driver
from tracknet_jax.training.reporting.display import TrainingDisplay
from tracknet_jax.training.reporting.meter import Meter
from tracknet_jax.training.reporting.metric_log import MetricLog, SilentLog
from tracknet_jax.training.reporting.prediction_grid import prediction_grid
from tracknet_jax.training.state import TrainState, create_state
from tracknet_jax.training.step import train_step
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.training.validation import Validator, validation_clips
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.images import write_picture


class Progress(NamedTuple):
    """How validation has gone so far; saved with every checkpoint."""

    best_step: int | None = None
    best_score: float = -1.0
    evaluations_since_best: int = 0

    def after(self, step: int, score: float) -> "Progress":
        """With one more evaluation; of equal scores the later is the best."""
        if score >= self.best_score:
            return Progress(step, score, 0)
        return self._replace(evaluations_since_best=self.evaluations_since_best + 1)


class Result(NamedTuple):
    """How a call of `train` ended."""

    state: TrainState  # replicated over the devices
    stopped: bool  # by a signal: the same call goes on
    progress: Progress


def train(config: TrainConfig, workdir: Path) -> Result:
    """Runs `config` in `workdir` to its end, from the newest checkpoint there if there is one.

    Writes `train_config.json`, `checkpoints/`, `metrics.jsonl`, `tensorboard/` and `pictures/`. Raises `UserError`
    for a config, data or checkpoints that cannot be used, and when the loss is not a number any more. In a run of
    several processes (`processes.joined`) all of them call this with the same `config` and a `workdir` that they
    share; only the first of them reports.
    """
    check_config(config)
    teacher = load_teacher(config)
    if teacher is not None:
        config = replace(config, distill=replace(config.distill, digest=teacher.digest))
    metric = f"val/{config.evaluation.metric}"
    with Checkpoints(workdir, config.checkpoint.keep, metric) as checkpoints:
        # Before the data, which may take minutes to read: another run's directory is told at once.
        restored = checkpoints.restore(_abstract_state(config), config)
        room = resident_budget_bytes(config.data)
        source = run_one_process_at_a_time(partial(open_training, config, workdir, room))
        validation = None
        if config.evaluation.every:
            opened = partial(cached_frames, config, workdir, config.data.val_split)
            clips = validation_clips(run_one_process_at_a_time(opened))
            validation = Validation(config, workdir, Validator(config.model, config.evaluation, clips))
        if is_first():
            write_config(config.to_dict(), workdir)
        if restored is None:
            state, progress = _first_state(config, initial_variables(config)), Progress()
        else:
            if is_first():
                warn_data_changed(restored, source.digest)
            state, progress = restored.state, Progress(**restored.progress)
        return _run(config, workdir, source, checkpoints, validation, teacher, state, progress)


def _run(
    config: TrainConfig,
    workdir: Path,
    source: BatchSource,
    checkpoints: Checkpoints,
    validation: "Validation | None",
    teacher: Teacher | None,
    first: TrainState,
    progress: Progress,
) -> Result:
    total = total_steps(config, source.windows)
    rate = make_schedule(config.optimizer, total)
    step_fn = partial(train_step, config=config, optimizer=make_optimizer(config.optimizer, total))
    per_dispatch = config.steps_per_dispatch if source.draw else 1
    driver = make_driver(
        config.parallel, step_fn, source.draw, teacher, divided=source.sharded, steps=per_dispatch
    )
    step = saved = int(first.step)
    if step % per_dispatch:
        raise UserError(
            f"{workdir}: saved after step {step}, which steps_per_dispatch {per_dispatch} must divide"
        )
    source.begin(step, total)
    guard = Guard(config, workdir, source, driver, checkpoints)
    state = driver.place(first)
    resident = driver.place_inputs(source.next()) if source.draw else None
    periods = {"checkpoint": config.checkpoint.every}
    if validation is not None:
        periods["evaluation"] = config.evaluation.every
    due: set[str] = set()
    stopped = False
    with (
        MetricLog(workdir, step) if is_first() else SilentLog() as metric_log,
        TrainingDisplay(step, total, config.evaluation.metric, shown=is_first()) as display,
        StopRequest() as stop,
    ):
        meter = Meter(driver, config.batch_size * config.model.frames)
        vote = StopVote(stop)
        while step < total and not stopped and not _out_of_patience(config, progress):
            given = source.next()
            state, metrics = driver.step(state, driver.place_inputs(given) if resident is None else resident)
            step += per_dispatch
            meter.add(metrics)
            guard.watch(step, given, metrics)
            display.advance(step)
            if _due(step, config.log_every, total):
                values = meter.read()
                metric_log.scalars(step, {**values, "lr": float(rate(step - 1))})
                display.trained(step, values.get("loss", math.nan), values["frames_per_second"])

            due |= {each for each, every in periods.items() if _due(step, every, total)}
            # After a bad step it waits for a good one: weights that may be lost replace no earlier checkpoint.
            if due and (guard.all_well() or step == total):
                scores = None
                if validation is not None and "evaluation" in due:
                    with meter.paused():
                        scores = validation(step, driver.collect(state).inference_variables, metric_log)
                    score = scores[f"val/{config.evaluation.metric}"]
                    progress = progress.after(step, score)
                    display.evaluated(step, score, progress.best_step == step)
                checkpoints.save(driver.collect(state), config, progress._asdict(), scores, source.digest)
                saved, due = step, set()
            stopped = vote.passed(step // per_dispatch)
        guard.finish()
        if step > saved:
            checkpoints.save(driver.collect(state), config, progress._asdict(), data=source.digest)
        checkpoints.wait()  # in here, where another signal does not end it
    return Result(driver.collect(state), stopped, progress)


@dataclass(frozen=True)
class Validation:
    """One evaluation: scores and pictures, written where they belong."""

    config: TrainConfig
    workdir: Path
    validator: Validator

    def __call__(self, step: int, weights: Variables, metric_log: MetricLog | SilentLog) -> dict[str, float]:
        """The scores of `weights` after `step` steps, under their names in the metric log."""
        scores = broadcast_from_first(self.validator.scores(weights).to_dict())
        metric_log.scalars(step, scores)
        if self.config.evaluation.pictures and is_first():
            picture = prediction_grid(self.validator.examples(weights, self.config.evaluation.pictures))
            write_picture(self.workdir / "pictures" / f"step_{step:07d}.png", picture)
            metric_log.picture(step, "predictions", picture)
        return scores


def total_steps(config: TrainConfig, windows: int) -> int:
    """Length of the run over a data set of `windows` training windows."""
    if config.steps is not None:
        return config.steps
    whole = config.batch_size * config.steps_per_dispatch
    return config.steps_per_dispatch * math.ceil(config.epochs * windows / whole)  # type: ignore[operator]


def _due(step: int, every: int, total: int) -> bool:
    return step % every == 0 or step == total


def _out_of_patience(config: TrainConfig, progress: Progress) -> bool:
    patience = config.evaluation.patience
    return patience is not None and progress.evaluations_since_best >= patience


def _first_state(config: TrainConfig, variables: Variables) -> TrainState:
    averaged = config.ema_decay > 0
    return create_state(variables, make_optimizer(config.optimizer), jax.random.key(config.seed), averaged)


def _abstract_state(config: TrainConfig) -> TrainState:
    """Shapes and dtypes of the state, with nothing computed."""
    return jax.eval_shape(lambda: _first_state(config, init_variables(config.model, jax.random.key(0))))


def write_config(values: dict[str, Any], workdir: Path) -> None:
    """Writes a run's config, as `to_dict` gives it, where people look for it."""
    with replacing(workdir / "train_config.json") as partial_file:
        partial_file.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
