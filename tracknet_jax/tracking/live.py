"""Tracking a camera or stream: rows at most so much later than their frames, files that are whole whenever it ends."""

import math
import signal
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from tracknet_jax.rectification.rectify import BLOCK, Rectification
from tracknet_jax.tracking.frame_tracker import FrameTracker, PreparedVideo
from tracknet_jax.tracking.outputs import OutputFiles, prepare, write_results
from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.threads import Prefetch
from tracknet_jax.video.live_reader import LiveReader, WaitingFrames
from tracknet_jax.video.readers import FrameReader, VideoSource

SLACK = 0.5  # seconds that frames may wait for the network, if nobody says how late a row may be


@dataclass(frozen=True)
class Latency:
    """Seconds from a frame's arrival to its row, at most, and what they consist of.

    Attributes:
        window: until the last frame of its window, and of its batch, has come.
        decision: until the linking, the ensemble or the rectification has seen the frames that it waits for.
        step: of the network, as measured.
        waiting: what is left for waiting while the network is busy; a frame that would wait longer is dropped.
    """

    window: float
    decision: float
    step: float
    waiting: float

    @property
    def least(self) -> float:
        """That of a network which is never busy when a window is full."""
        return self.window + self.decision + self.step

    @property
    def allowed(self) -> float:
        """From a frame's arrival until the network has seen it."""
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
    """How `most` seconds between a frame and its row are shared out; None: the least, and `SLACK`.

    Args:
        step: seconds that the tracker takes for `tracker.step` frames, see `step_seconds`.

    Raises:
        UserError: it cannot be done in `most` seconds.
    """
    held = 0
    if rectification is not None:
        reach = rectification.reach(fps)
        if reach is None:
            raise UserError("of a live source only gaps of limited length can be filled: give a longest gap")
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
    width, height = tracker.network_size
    frames = [np.zeros((height, width, 3), np.uint8)] * tracker.step
    placement = tracker.place(tracker.network_size)
    times = []
    for _ in range(3):
        began = clock()
        for _row in tracker.track(PreparedVideo(frames, placement)):
            pass
        times.append(clock() - began)
    return min(times[1:])


def open_live(
    frames: FrameReader, tracker: FrameTracker, latency: Latency, seconds: float | None = None
) -> LiveReader:
    """The frames of a camera or stream, those dropped that would make rows later than `latency` allows."""
    waiting = WaitingFrames(latency.allowed, tracker.step, latency.window, latency.step)
    return LiveReader(frames, waiting, seconds)


@dataclass
class Latencies:
    """Seconds from the frames' arrival to their rows, as measured."""

    seconds: array = field(default_factory=lambda: array("f"))

    def percentile(self, percent: float, last: int = 0) -> float:
        """Of the `last` ones, or of all; NaN if there are none."""
        values = np.array(self.seconds[-last:], np.float32)
        return float(np.percentile(values, percent)) if len(values) else float("nan")


def track_live(
    tracker: FrameTracker,
    frames: LiveReader,
    source: VideoSource,
    files: OutputFiles,
    latencies: Latencies,
    on_row: Callable[[Row], None] = lambda row: None,
    background: Path | None = None,
    rectification: Rectification | None = None,
    show: Callable[[np.ndarray, float], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Track:
    """Tracks `frames` (BGR) until they end or `frames.stop` is called, and writes the files as the rows come.

    A row whose frame was dropped says so, and the table has the time of every frame. The overlay video keeps its pace:
    in place of a dropped frame it repeats the one before.

    Args:
        latencies: is filled with that of every row.
        show: called with every frame that its row is drawn on, and the seconds from now at which it is due if all
            frames are to be shown equally late.
        clock: that of `frames`.

    Raises:
        UserError: a file cannot be written; no half-written file stays.
    """
    recording = prepare(tracker, frames, source, background)
    picture: list[np.ndarray | None] = []
    due = 0.0

    def times() -> Iterator[float]:
        nonlocal due
        first = frames.arrivals[0].time
        while True:
            arrival = frames.arrivals.popleft()
            picture[:] = [arrival.frame]
            latencies.seconds.append(clock() - arrival.time)
            due = arrival.time + max(latencies.seconds[-2 * tracker.step :])
            yield arrival.time - first

    # A step's rows come together; more may not wait for the files, or they would be late unseen.
    with Prefetch(tracker.track(recording), tracker.step) as rows:
        return write_results(
            rows,
            recording,
            files,
            on_row,
            rectification,
            show=None if show is None else lambda frame: show(frame, due - clock()),
            pictures=(picture[0] for _ in count()),
            times=times(),
        )


@contextmanager
def ending_on_signal(end: Callable[[], None]) -> Iterator[None]:
    """While entered, the first SIGINT (Ctrl-C) or SIGTERM calls `end`; a second SIGINT interrupts as usual."""
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
