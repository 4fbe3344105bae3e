"""Loss, gradient norm and speed between two lines of the log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import jax
import numpy as np

from tracknet_jax.training.parallel import Driver

AHEAD = 3  # dispatches that may be under way


class Meter:
    """Keeps the metrics of the last steps on the device until they are read: reading waits for the step."""

    def __init__(self, driver: Driver, frames_per_step: int):
        self._driver, self._frames = driver, frames_per_step
        self._dispatched: list[dict[str, jax.Array]] = []
        self._since = time.monotonic()

    def add(self, metrics: dict[str, jax.Array]) -> None:
        """The metrics of a dispatch; waits for an earlier one, so that inputs do not pile up on the device."""
        self._dispatched.append(metrics)
        jax.block_until_ready(self._dispatched[-AHEAD:][0])

    def read(self) -> dict[str, float]:
        """Means over the steps since the last reading, the number of those skipped, training frames a second.

        Skipped steps count in neither mean; with no other step there are none.
        """
        steps = {
            name: np.concatenate([self._driver.numbers(metrics[name]) for metrics in self._dispatched])
            for name in self._dispatched[0]
        }
        good = steps["skipped"] == 0
        values = {name: float(x[good].mean(dtype=float)) for name, x in steps.items() if good.any()}
        values["skipped"] = int((~good).sum())
        now = time.monotonic()
        values["frames_per_second"] = self._frames * len(good) / max(now - self._since, 1e-9)
        self._dispatched, self._since = [], now
        return values

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent inside is not training time."""
        begun = time.monotonic()
        yield
        self._since += time.monotonic() - begun
