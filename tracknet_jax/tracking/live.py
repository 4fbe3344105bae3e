"""Tracking a camera or stream: the delay of the rows is bounded, and the files are complete whenever it ends."""

import math
import signal
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tracknet_jax.rectification.rectify import BLOCK, Rectification
from tracknet_jax.tracking.frame_tracker import FrameTracker
from tracknet_jax.tracking.outputs import OutputFiles, write_results
from tracknet_jax.tracking.prepared_video import Frame, prepare
from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.threads import Prefetch
from tracknet_jax.video.live_reader import LiveReader

SLACK = 0.5  # seconds that frames may wait for the network, if no latency is asked for


@dataclass(frozen=True)
class Latency:
    """The most seconds from a frame's arrival to its row, in parts.

    Attributes:
        window: until the last frame of its window, and of its batch, has arrived.
        decision: until the linking, the ensemble and the rectification have seen the later frames that they need.
        step: for the network, as measured.
        waiting: while the network is busy; a frame that would wait longer is dropped.
    """

    window: float
    decision: float
    step: float
    waiting: float

    @property
    def least(self) -> float:
        """The latency if the network is never busy when a window is full."""
        return self.window + self.decision + self.step

    @property
    def allowed(self) -> float:
        """Seconds from a frame's arrival until the network has seen it."""
        return self.window + self.waiting + self.step

    def __str__(self) -> str:
        parts = (f"window {self.window:.2f}", f"decision {self.decision:.2f}", f"network {self.step:.2f}")
        waiting = "any" if self.waiting == math.inf else f"at most {self.waiting:.2f} s of"
        return f"{self.least:.2f} s ({' + '.join(parts)}) and {waiting} waiting"


def plan_latency(
    tracker: FrameTracker,
    fps: float,
    step: float,
    most: float | None = None,
    rectification: Rectification | None = None,
) -> Latency:
    """Divides `most` seconds between a frame and its row into parts; None: the least possible, and `SLACK`.

    Args:
        fps: frames a second of the source.
        step: seconds that the tracker takes for `tracker.step` frames, see `step_seconds`.

    Raises:
        UserError: `most` is too short, or the rectification has no longest gap.
    """
    held = 0
    if rectification is not None:
        reach = rectification.reach(fps)
        if reach is None:
            raise UserError(
                "only gaps up to a longest one can be filled in a live source: give a longest gap"
            )
        held = BLOCK + reach
    window = (tracker.step - 1) / fps
    latency = Latency(window, (tracker.lag + held) / fps - window, step, SLACK)
    if most is None:
        return latency
    if most < latency.least:
        hint = "; --no-link and no --rectify decide sooner" if latency.decision else ""
        raise UserError(
            f"--max-latency {most:g}: at {fps:.4g} frames/s a row takes {latency.least:.2f} s here: window "
            f"{window:.2f}, decision {latency.decision:.2f}, network {step:.2f}{hint}"
        )
    return Latency(window, latency.decision, step, most - latency.least)


def step_seconds(tracker: FrameTracker, clock: Callable[[], float] = time.perf_counter) -> float:
    """Compiles the tracker and gives the seconds that `tracker.step` frames take."""
    width, height = tracker.view.size
    frames = [np.zeros((height, width, 3), np.uint8)] * tracker.step
    times = []
    for _ in range(3):
        began = clock()
        list(tracker.track_frames(frames))
        times.append(clock() - began)
    return min(times[1:])


@dataclass
class Latencies:
    """Seconds from the frames' arrival to their rows, as measured."""

    seconds: array = field(default_factory=lambda: array("f"))

    def summary(self, last: int = 0) -> str:
        """Median and 95th percentile of the `last` rows, or of all; empty if there are none."""
        if not self.seconds:
            return ""
        median, high = np.percentile(np.array(self.seconds[-last:], np.float32), (50, 95))
        return f"latency {median:.2f} s (95 %: {high:.2f})"


def track_live(
    tracker: FrameTracker,
    reader: LiveReader,
    files: OutputFiles,
    latencies: Latencies,
    on_row: Callable[[Row], None] = lambda row: None,
    background: Path | None = None,
    rectification: Rectification | None = None,
    show: Callable[[np.ndarray, float], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Track:
    """Tracks frames (BGR) until they end or `reader.stop` is called, and writes the files as the rows come.

    The table has the time of every frame, and says which frames were dropped. In place of a dropped frame the overlay
    video repeats the one before, so that it keeps its pace.

    Args:
        latencies: gets that of every row.
        show: called with every frame that its row is drawn on, and with the seconds from now until it is due if all
            frames are to be shown equally late.
        clock: that of `reader`.

    Raises:
        UserError: a file cannot be written; no half-written file stays.
    """
    video = prepare(tracker.view, reader, background)

    def age(frame: Frame) -> float:
        assert reader.began is not None
        assert frame.time is not None
        return clock() - reader.began - frame.time

    def follow(frame: Frame, row: Row) -> None:
        latencies.seconds.append(age(frame))
        on_row(row)

    def show_when_due(frame: Frame) -> None:
        assert show is not None
        assert frame.picture is not None
        show(frame.picture, max(latencies.seconds[-2 * tracker.step :]) - age(frame))

    # A step's rows come together. If more could wait for the files, they would be late without being measured.
    with Prefetch(tracker.track(video), tracker.step) as tracked:
        return write_results(tracked, video, files, follow, rectification, show and show_when_due)


@contextmanager
def ending_on_signal(end: Callable[[], None]) -> Iterator[None]:
    """Inside, the first SIGINT (Ctrl-C) or SIGTERM calls `end`; a second SIGINT interrupts as usual."""
    before: dict[signal.Signals, Any] = {}

    def receive(*_: Any) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        end()

    if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
        before = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
