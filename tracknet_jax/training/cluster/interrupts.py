"""SIGTERM (a cluster takes its machine back) and Ctrl-C ask a run to save and end; all processes agree on it."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tracknet_jax.training.cluster.mesh import replicated, split
from tracknet_jax.training.reporting.meter import AHEAD


class StopRequest:
    """While entered, the first SIGTERM or SIGINT sets `received`; a second SIGINT interrupts as usual."""

    def __init__(self) -> None:
        self.received = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


class StopVote:
    """Whether some process has received a `StopRequest`: all get the same answer at the same step.

    Every `EVERY` dispatches the processes combine their answers on the devices. They look at the result a few
    dispatches later, when it is there, so that nothing waits. JAX's own preemption service is not used: it handles
    SIGTERM only, and keeps the signal from us while data is read.
    """

    EVERY = 5  # dispatches; a cluster gives half a minute or more

    def __init__(self, stop: StopRequest) -> None:
        self._stop = stop
        self._alone = jax.process_count() == 1
        self._votes = split()
        self._count = jax.jit(jnp.any, in_shardings=self._votes, out_shardings=replicated())
        self._result: jax.Array | None = None

    def passed(self, dispatch: int) -> bool:
        """Whether the run ends after dispatch number `dispatch`. All processes must ask after every dispatch."""
        if self._alone:
            return self._stop.received
        if dispatch % self.EVERY == AHEAD and self._result is not None:
            return bool(self._result)
        if dispatch % self.EVERY == 0:
            mine = np.full(jax.local_device_count(), self._stop.received)
            self._result = self._count(jax.make_array_from_process_local_data(self._votes, mine))
        return False
