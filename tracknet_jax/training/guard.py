"""Watches for steps without a finite loss or gradient: ends the run after some in a row, and keeps what did it."""

from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from tracknet_jax.training.checkpoints import Checkpoints
from tracknet_jax.training.cluster.processes import is_first
from tracknet_jax.training.input.batch_sources import BatchSource
from tracknet_jax.training.parallel import Driver
from tracknet_jax.training.reporting.meter import AHEAD
from tracknet_jax.training.step import step_keys, window_keys
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing


class _Dispatch(NamedTuple):
    last: int  # the number of its last step
    given: Any  # of `BatchSource.next`
    skipped: jax.Array


class _Step(NamedTuple):
    number: int  # of steps done with it
    given: Any


class Guard:
    """Looks at each step when it is surely done, so that nothing waits for it."""

    def __init__(
        self,
        config: TrainConfig,
        workdir: Path,
        source: BatchSource,
        driver: Driver,
        checkpoints: Checkpoints,
    ):
        self._config, self._workdir = config, workdir
        self._source, self._driver, self._checkpoints = source, driver, checkpoints
        self._dispatched: deque[_Dispatch] = deque()
        self._bad: list[_Step] = []  # the last in a row

    def watch(self, step: int, given: Any, metrics: dict[str, jax.Array]) -> None:
        """Takes in what the dispatch up to step number `step` was given and gave; `UserError` when the run is lost.

        Every process comes to the same conclusion at the same step.
        """
        self._dispatched.append(_Dispatch(step, given, metrics["skipped"]))
        if len(self._dispatched) == AHEAD:
            self._look_into(self._dispatched.popleft())

    def all_well(self) -> bool:
        """Whether the last step was a good one; waits for it. Raises as `watch` does."""
        self.finish()
        return not self._bad

    def finish(self) -> None:
        """Looks at the steps that are left."""
        while self._dispatched:
            self._look_into(self._dispatched.popleft())

    def _look_into(self, dispatch: _Dispatch) -> None:
        skipped = self._driver.numbers(dispatch.skipped)
        for number, each in enumerate(skipped, dispatch.last + 1 - len(skipped)):
            self._look_at(_Step(number, dispatch.given), bool(each))

    def _look_at(self, step: _Step, skipped: bool) -> None:
        if not skipped:
            self._bad = []
            return
        self._bad.append(step if not self._bad else step._replace(given=None))  # its batch may be large
        if len(self._bad) < self._config.max_skipped:
            return
        first = self._bad[0]
        raise UserError(
            f"step {step.number}: loss or gradients have not been finite for {len(self._bad)} steps, which were "
            f"left out. The newest checkpoint is {self._checkpoints.newest() or 'not written yet'}, the batch of "
            f"step {first.number} is in {self._keep_batch(first)}: lower optimizer.lr or set optimizer.clip_norm, "
            "and start the same command again"
        )

    def _keep_batch(self, step: _Step) -> Path:
        """Writes the windows of a step, as they were before augmentation; each process its own where it has some."""
        shared = self._source.draw is not None  # every process could draw the whole batch
        mine = "" if shared or is_first() else f"_process{jax.process_index()}"
        path = self._workdir / f"bad_batch_{step.number:07d}{mine}.npz"
        if is_first() or not shared:
            draw_key = step_keys(jax.random.key(self._config.seed), step.number - 1)[0]
            keys = window_keys(draw_key, self._config.batch_size, axis_name=None)
            batch: dict[str, Any] = self._source.batch(step.given, keys)
            with replacing(path) as partial:
                np.savez(partial, **batch)
        return path
