"""Frames of a camera or stream, read in a thread as they arrive; frames that wait too long are dropped."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from tracknet_jax.video.readers import FrameReader

MOST = 64  # frames that may wait, 180 MB of 720p
FORGET = 0.95  # how much of a slow step's time is remembered at each later frame


class Arrival(NamedTuple):
    """A frame (H, W, 3) uint8, None if it was dropped, and the seconds of a clock at which it arrived."""

    time: float
    frame: np.ndarray | None


class WaitingFrames:
    """Frames between a source that does not wait and a tracker that may be slow; the policy of dropping.

    No frame is dropped while the tracker can still look at the oldest one within `allowed` seconds: a short delay costs
    no frame. After that all but the newest `keep` frames are dropped, and these too if they are too old. So the tracker
    is up to date again at once, and the frames that it gets are neighbours, in which it can see motion.

    Args:
        allowed: seconds from a frame's arrival until the tracker has looked at it; infinite: no frame is dropped.
        keep: frames that the tracker looks at together.
        window: seconds in which `keep` frames arrive. A frame of that age is not late, however slow the tracker is.
        step: seconds that the tracker takes for `keep` frames. Later this is measured: from taking a frame to asking
            for the next one.
    """

    def __init__(self, allowed: float, keep: int, window: float = 0.0, step: float = 0.0):
        self._allowed, self._keep, self._window, self._step = allowed, keep, window, step
        self._most = max(MOST, 2 * keep)
        self._dropped: deque[Arrival] = deque()  # all of them arrived before those that wait
        self._waiting: deque[Arrival] = deque()
        self._taken: float | None = (
            None  # when the tracker took the frame it is at; None: the tracker is idle
        )

    @property
    def full(self) -> bool:
        """Whether the source has to wait, because no frame may be dropped."""
        return self._allowed == math.inf and len(self._waiting) >= self._most

    def add(self, now: float, frame: np.ndarray) -> None:
        """Adds a frame that has just arrived."""
        self._waiting.append(Arrival(now, frame))
        self._drop_late(now)

    def take(self, now: float) -> Arrival | None:
        """The next frame in order, dropped or not; None: there is none yet."""
        if self._taken is not None:
            self._step = max(now - self._taken, FORGET * self._step)
        self._drop_late(now)
        arrivals = self._dropped or self._waiting
        arrival = arrivals.popleft() if arrivals else None
        self._taken = now if arrival is not None and arrival.frame is not None else None
        return arrival

    def clear(self) -> None:
        """Forgets all frames."""
        self._dropped.clear()
        self._waiting.clear()

    def _drop_late(self, now: float) -> None:
        if not self._waiting or self._allowed == math.inf:
            return
        late = now - max(self._window, self._allowed - self._step)
        if self._waiting[0].time < late or len(self._waiting) > self._most:
            while self._waiting and (len(self._waiting) > self._keep or self._waiting[0].time < late):
                self._dropped.append(Arrival(self._waiting.popleft().time, None))


class LiveReader:
    """The frames of a camera or stream with their times, as they arrive; otherwise like its `FrameReader`.

    Use it as a context manager: entering it starts the thread that reads. One thread may walk the frames while another
    calls `stop`.

    Args:
        frames: the source, freshly opened.
        waiting: decides what is dropped.
        seconds: end after this time; None: when the source ends.
        clock: gives the time in seconds.

    Attributes:
        began: when the first frame arrived, on the clock; the times of the frames count from then.
        dropped: how many frames were dropped so far.
    """

    def __init__(
        self,
        frames: FrameReader,
        waiting: WaitingFrames,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.fps, self.size, self.start, self.order = frames.fps, frames.size, frames.start, frames.order
        self.frame_count_hint = None
        self.began: float | None = None
        self.dropped = 0
        self._frames, self._waiting, self._seconds, self._clock = frames, waiting, seconds, clock
        self._ended = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "LiveReader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(timeout=2)  # if the source hangs, its thread lasts until the process ends

    def __iter__(self) -> Iterator[Arrival]:
        while (arrival := self._next()) is not None:
            self.began = arrival.time if self.began is None else self.began
            self.dropped += arrival.frame is None
            yield Arrival(arrival.time - self.began, arrival.frame)

    def again(self) -> None:
        """None: a live source cannot be read a second time."""

    def stop(self) -> None:
        """Ends the stream here, as if the source had ended."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()

    def _next(self) -> Arrival | None:
        with self._changed:
            while (arrival := self._waiting.take(self._clock())) is None and not self._ended:
                self._changed.wait()
            self._changed.notify_all()
        if arrival is None and self._error is not None:
            raise self._error
        return arrival

    def _read(self) -> None:
        try:
            began = self._clock()
            for frame in self._frames:
                now = self._clock()
                with self._changed:
                    self._changed.wait_for(lambda: self._ended or not self._waiting.full)
                    if self._ended or (self._seconds is not None and now - began >= self._seconds):
                        break
                    self._waiting.add(now, frame)
                    self._changed.notify_all()
        except BaseException as error:
            self._error = error
        finally:
            self._frames.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()
