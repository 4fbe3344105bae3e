"""Loss, gradient norm and speed between two lines of the log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import jax
import numpy as np

AHEAD = 3  # dispatches that may be under way


class Meter:
    """Keeps the metrics of the last steps on the device until they are read. Reading waits for the last step."""

    def __init__(self, frames_per_step: int):
        self._frames = frames_per_step
        self._dispatched: list[dict[str, jax.Array]] = []
        self._since = time.monotonic()

    def add(self, metrics: dict[str, jax.Array]) -> None:
        """Takes the metrics of a dispatch. Waits for an earlier one, so that inputs do not pile up on the device."""
        self._dispatched.append(metrics)
        jax.block_until_ready(self._dispatched[-AHEAD:][0])

    def read(self) -> dict[str, float]:
        """Means over the good steps since the last reading, the number of `skipped` ones, `frames_per_second`.

        Without a good step there are no means.
        """
        dispatched = jax.device_get(self._dispatched)  # all at once
        steps = {name: np.hstack([metrics[name] for metrics in dispatched]) for name in dispatched[0]}
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
