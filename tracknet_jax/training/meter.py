"""Loss, gradient norm and speed between two lines of the log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import jax

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

    def read(self) -> dict[str, float]:
        """Means over the steps since the last reading, the number of those skipped, training frames a second.

        Skipped steps count in neither mean; with no other step there are none.
        """
        steps = [{name: self._driver.metric(x) for name, x in metrics.items()} for metrics in self._steps]
        good = [metrics for metrics in steps if not metrics["skipped"]]
        values = {name: sum(step[name] for step in good) / len(good) for name in (good[0] if good else ())}
        values["skipped"] = len(steps) - len(good)
        now = time.monotonic()
        values["frames_per_second"] = self._frames * len(steps) / max(now - self._since, 1e-9)
        self._steps, self._since = [], now
        return values

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent inside is not training time."""
        begun = time.monotonic()
        yield
        self._since += time.monotonic() - begun
