"""Loss, gradient norm and speed between two lines of the log, and the check that the run is still sane."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import jax

from tracknet_jax.errors import UserError
from tracknet_jax.training.parallel import Driver

AHEAD = 3  # steps that may be under way


class Meter:
    """Keeps the metrics of the last steps on the device until they are read: reading waits for the step."""

    def __init__(self, driver: Driver, frames_per_step: int):
        self._driver, self._frames = driver, frames_per_step
        self._steps: list[dict[str, jax.Array]] = []
        self._since = time.monotonic()

    def add(self, metrics: dict[str, jax.Array]) -> None:
        """The metrics of one step; waits for an earlier step, so that inputs do not pile up on the device."""
        self._steps.append(metrics)
        jax.block_until_ready(self._steps[-AHEAD:][0])

    def read(self, step: int) -> dict[str, float]:
        """Means since the last reading, and training frames a second; raises `UserError` after a bad loss."""
        self.check(step)
        means = {
            name: sum(self._driver.metric(metrics[name]) for metrics in self._steps) / len(self._steps)
            for name in self._steps[0]
        }
        now = time.monotonic()
        means["frames_per_second"] = self._frames * len(self._steps) / max(now - self._since, 1e-9)
        self._steps, self._since = [], now
        return means

    def check(self, step: int) -> None:
        """Raises `UserError` if the newest loss is not a finite number: such weights are not to be saved."""
        if self._steps and not math.isfinite(loss := self._driver.metric(self._steps[-1]["loss"])):
            raise UserError(
                f"the loss is {loss} at step {step}: the newest checkpoint is from before; "
                "lower optimizer.lr or set optimizer.clip_norm and start the same command again"
            )

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent inside is not training time."""
        begun = time.monotonic()
        yield
        self._since += time.monotonic() - begun
