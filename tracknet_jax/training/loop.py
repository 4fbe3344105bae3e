"""The training loop: start or resume, step, log, evaluate, save."""

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
from tracknet_jax.training.cluster.parallel import Driver
from tracknet_jax.training.cluster.processes import broadcast_from_first, is_first, run_one_process_at_a_time
from tracknet_jax.training.config_checks import check_config
from tracknet_jax.training.distillation import Teacher
from tracknet_jax.training.guard import Guard
from tracknet_jax.training.initial import initial_variables
from tracknet_jax.training.input.batch_sources import open_training, resident_budget_bytes
from tracknet_jax.training.input.frame_cache import cached_frames
from tracknet_jax.training.optimizers import make_optimizer, make_schedule
from tracknet_jax.training.reporting.display import TrainingDisplay
from tracknet_jax.training.reporting.meter import Meter
from tracknet_jax.training.reporting.metric_log import MetricLog, SilentLog
from tracknet_jax.training.reporting.prediction_grid import prediction_grid
from tracknet_jax.training.state import TrainState, create_state
from tracknet_jax.training.step import train_step
from tracknet_jax.training.teachers import load_teacher
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
        # Before the data, which may take minutes to read: a directory of another run is refused at once.
        restored = checkpoints.restore(_abstract_state(config), config)
        run = _Run(config, workdir, checkpoints, teacher)
        if is_first():
            write_config(config.to_dict(), workdir)
            if restored is not None:
                warn_data_changed(restored, run.source.digest)
        if restored is None:
            return run.go_on(_first_state(config, initial_variables(config)), Progress())
        return run.go_on(restored.state, Progress(**restored.progress))


class _Run:
    """The steps of one call of `train`."""

    def __init__(self, config: TrainConfig, workdir: Path, checkpoints: Checkpoints, teacher: Teacher | None):
        self._config, self._workdir, self._checkpoints = config, workdir, checkpoints
        room = resident_budget_bytes(config.data)
        self.source = run_one_process_at_a_time(partial(open_training, config, workdir, room))
        self._validation = open_scoring(config, workdir) if config.evaluation.every else None
        self._total = total_steps(config, self.source.windows)
        self._rate = make_schedule(config.optimizer, self._total)
        optimizer = make_optimizer(config.optimizer, self._total)
        step = partial(train_step, config=config, optimizer=optimizer)
        draw, sharded = self.source.draw, self.source.sharded
        self._per_dispatch = config.steps_per_dispatch if draw else 1
        self._driver = Driver(config.parallel, step, draw, teacher, sharded=sharded, steps=self._per_dispatch)
        self._guard = Guard(config, workdir, self.source, checkpoints)
        self._due: set[str] = set()  # "evaluation", "checkpoint": what waits for a good step

    def go_on(self, first: TrainState, progress: Progress) -> Result:
        """From the state `first` to the end of the run, or to a signal."""
        self._begin(first, progress)
        with (
            MetricLog(self._workdir, self._step) if is_first() else SilentLog() as self._log,
            TrainingDisplay(
                self._step, self._total, self._config.evaluation.metric, is_first()
            ) as self._display,
            StopRequest() as stop,
        ):
            vote, stopped = StopVote(stop), False
            while not (stopped or self._finished()):
                self._dispatch()
                self._report()
                self._evaluate_and_save()
                stopped = vote.passed(self._step // self._per_dispatch)
            self._guard.finish()
            if self._step > self._saved:
                self._save()
            self._checkpoints.wait()  # in here, where another signal does not end it
        return Result(self._driver.collect(self._state), stopped, self._progress)

    def _begin(self, first: TrainState, progress: Progress) -> None:
        self._step = self._saved = int(first.step)
        self._progress = progress
        if self._step % self._per_dispatch:
            raise UserError(
                f"{self._workdir}: saved after step {self._step}, which steps_per_dispatch {self._per_dispatch} "
                "must divide"
            )
        self.source.begin(self._step, self._total)
        self._state = self._driver.place(first)
        self._resident = self._driver.place_inputs(self.source.next()) if self.source.draw else None
        self._meter = Meter(self._config.batch_size * self._config.model.frames)

    def _finished(self) -> bool:
        patience = self._config.evaluation.patience
        no_better = patience is not None and self._progress.evaluations_since_best >= patience
        return no_better or self._step >= self._total

    def _dispatch(self) -> None:
        given = self.source.next()
        inputs = self._driver.place_inputs(given) if self._resident is None else self._resident
        self._state, metrics = self._driver.step(self._state, inputs)
        self._step += self._per_dispatch
        self._meter.add(metrics)
        self._guard.watch(self._step, given, metrics)
        self._display.advance(self._step)

    def _report(self) -> None:
        if self._comes_due(self._config.log_every):
            values = self._meter.read()
            self._log.scalars(self._step, {**values, "lr": float(self._rate(self._step - 1))})
            self._display.trained(self._step, values.get("loss", math.nan), values["frames_per_second"])

    def _evaluate_and_save(self) -> None:
        """What is due after this step, or has been since a bad one: weights that may be lost replace no checkpoint."""
        if self._comes_due(self._config.checkpoint.every):
            self._due.add("checkpoint")
        if self._validation is not None and self._comes_due(self._config.evaluation.every):
            self._due.add("evaluation")
        if self._due and (self._guard.all_well() or self._step == self._total):
            self._save(self._evaluate() if "evaluation" in self._due else None)
            self._due.clear()

    def _evaluate(self) -> dict[str, float]:
        weights = self._driver.collect(self._state).inference_variables
        with self._meter.paused():
            scores = self._validation(self._step, weights, self._log)  # type: ignore[misc]
        score = scores[f"val/{self._config.evaluation.metric}"]
        self._progress = self._progress.after(self._step, score)
        self._display.evaluated(self._step, score, self._progress.best_step == self._step)
        return scores

    def _save(self, scores: dict[str, float] | None = None) -> None:
        state = self._driver.collect(self._state)
        progress, data = self._progress._asdict(), self.source.digest
        self._checkpoints.save(state, self._config, progress, scores, data)
        self._saved = self._step

    def _comes_due(self, every: int) -> bool:
        return self._step % every == 0 or self._step == self._total


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


def open_scoring(config: TrainConfig, workdir: Path) -> Validation:
    """Reads the validation split; raises `UserError` if it is empty."""
    frames = run_one_process_at_a_time(partial(cached_frames, config, workdir, config.data.val_split))
    clips = validation_clips(frames)
    return Validation(config, workdir, Validator(config.model, config.evaluation, clips))


def total_steps(config: TrainConfig, windows: int) -> int:
    """Length of the run over a data set of `windows` training windows."""
    if config.steps is not None:
        return config.steps
    whole = config.batch_size * config.steps_per_dispatch
    return config.steps_per_dispatch * math.ceil(config.epochs * windows / whole)  # type: ignore[operator]


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
