"""Ends a run after some steps in a row without a finite loss or gradient, and keeps the first batch of them."""

from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from tracknet_jax.training.checkpoints import Checkpoints
from tracknet_jax.training.cluster.processes import is_first
from tracknet_jax.training.input.batch_sources import BatchSource
from tracknet_jax.training.reporting.meter import AHEAD
from tracknet_jax.training.step import step_keys, window_keys
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing


class _Dispatch(NamedTuple):
    last: int  # the number of its last step
    given: Any  # of `BatchSource.next`
    skipped: jax.Array  # 1 for each step that was left out


class Guard:
    """Counts the steps in a row that were left out. It reads a step when that is surely done, so nothing waits."""

    def __init__(self, config: TrainConfig, workdir: Path, source: BatchSource, checkpoints: Checkpoints):
        self._config, self._workdir = config, workdir
        self._source, self._checkpoints = source, checkpoints
        self._dispatched: deque[_Dispatch] = deque()
        self._bad = 0  # steps in a row
        self._first: tuple[int, Any] = (0, None)  # number of the first of them, and what it was given

    def watch(self, step: int, given: Any, metrics: dict[str, jax.Array]) -> None:
        """Takes what the dispatch up to step number `step` was given, and its metrics.

        Raises `UserError` after `config.max_skipped` bad steps in a row: on every process at the same step.
        """
        self._dispatched.append(_Dispatch(step, given, metrics["skipped"]))
        if len(self._dispatched) == AHEAD:
            self._read(self._dispatched.popleft())

    def all_well(self) -> bool:
        """Whether the last step was a good one; waits for it. Raises as `watch` does."""
        self.finish()
        return self._bad == 0

    def finish(self) -> None:
        """Reads the steps that are left."""
        while self._dispatched:
            self._read(self._dispatched.popleft())

    def _read(self, dispatch: _Dispatch) -> None:
        skipped = np.atleast_1d(dispatch.skipped)
        for step, bad in enumerate(skipped, dispatch.last + 1 - len(skipped)):
            if bad and self._bad == 0:
                self._first = step, dispatch.given
            self._bad = self._bad + 1 if bad else 0
            if self._bad == self._config.max_skipped:
                raise self._lost(step)

    def _lost(self, step: int) -> UserError:
        return UserError(
            f"step {step}: loss or gradients have not been finite for {self._bad} steps, which were left out. "
            f"The newest checkpoint is {self._checkpoints.newest() or 'not written yet'}, the batch of step "
            f"{self._first[0]} is in {self._keep_batch(*self._first)}: lower optimizer.lr or set "
            "optimizer.clip_norm, and start the same command again"
        )

    def _keep_batch(self, step: int, given: Any) -> Path:
        """Writes the windows of a step as they were before augmentation; each process its own where it has some."""
        shared = self._source.draw is not None  # every process could draw the whole batch
        mine = "" if shared or is_first() else f"_process{jax.process_index()}"
        path = self._workdir / f"bad_batch_{step:07d}{mine}.npz"
        if is_first() or not shared:
            draw_key = step_keys(jax.random.key(self._config.seed), step - 1)[0]
            keys = window_keys(draw_key, np.arange(self._config.batch_size))
            batch: dict[str, Any] = self._source.batch(given, keys)
            with replacing(path) as partial:
                np.savez(partial, **batch)
        return path
