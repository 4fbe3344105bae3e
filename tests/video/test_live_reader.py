"""The policy of dropping under a clock set by hand, and the thread that reads."""

import threading
from fractions import Fraction
from math import inf

import numpy as np
import pytest

from tracknet_jax.video.capture import is_live
from tracknet_jax.video.live_reader import MOST, LiveReader, WaitingFrames

FRAMES = np.arange(1000)


def taken(waiting, now):
    """Everything that waits: times of arrival, and the frames or None."""
    arrivals = list(iter(lambda: waiting.take(now), None))
    return [arrival.time for arrival in arrivals], [arrival.frame for arrival in arrivals]


def test_a_short_delay_costs_no_frame():
    waiting = WaitingFrames(allowed=1.0, keep=3)
    for i in range(10):
        waiting.add(i / 10, i)
    assert taken(waiting, now=1.0) == ([i / 10 for i in range(10)], list(range(10)))


def test_a_long_one_drops_all_but_the_newest_and_keeps_their_times():
    waiting = WaitingFrames(allowed=1.0, keep=3)
    for i in range(10):
        waiting.add(i / 10, i)
    times, frames = taken(waiting, now=1.01)
    assert times == [i / 10 for i in range(10)]
    assert frames == [None] * 7 + [7, 8, 9]
    waiting.add(1.1, 10)
    assert taken(waiting, now=1.1) == ([1.1], [10])
    waiting.add(1.2, 11)  # and then the source stands still
    assert taken(waiting, now=2.3) == ([1.2], [None])


@pytest.mark.parametrize("step", [0.01, 0.3, 1.0, 5.0])
def test_however_slow_the_tracker_no_frame_is_older_than_promised_and_memory_stays_small(step):
    """30 frames a second meet a tracker that takes five of them every `step` seconds."""
    allowed, filling = 0.5, 4 / 30
    waiting = WaitingFrames(allowed, keep=5, window=filling, step=step)
    given, dropped, now, arrived, most = [], 0, 0.0, 0, 0
    while now < 60:
        while arrived / 30 <= now:
            waiting.add(arrived / 30, arrived)
            most = max(most, len(waiting._waiting))
            arrived += 1
        window = []
        while len(window) < 5 and (arrival := waiting.take(now)) is not None:
            if arrival.frame is None:
                dropped += 1
                assert not window  # frames of one window are neighbours
                continue
            assert now - arrival.time <= max(filling, allowed - step) + 1e-9
            window.append(arrival.frame)
        given += window
        now += max(step, 5 / 30)
    assert given == sorted(set(given))
    assert (dropped == 0) == (step < 0.2)
    assert arrived - dropped - len(given) == len(waiting._waiting) <= most <= 0.5 * 30 + 2


def test_a_tracker_that_gets_slower_is_noticed_and_one_that_idles_is_not_slow():
    waiting = WaitingFrames(allowed=1.0, keep=2, window=0.15, step=0.05)

    def rest(first, now):
        """Of ten frames, one every tenth of a second: those that are not dropped when the next is asked for."""
        for i in range(first, first + 10):
            waiting.add(i / 10, i)
        return [frame for frame in taken(waiting, now)[1] if frame is not None]

    assert rest(0, 0.9) == list(range(10))
    assert waiting.take(5.0) is None  # it has waited for frames
    assert rest(60, 6.9) == list(range(60, 70))
    waiting.add(7.0, 70)
    waiting.take(7.0)
    assert rest(71, 8.0) == [79, 80]  # the last step took a second, so all but the newest are late


def test_a_source_faster_than_it_says_fills_no_memory():
    waiting = WaitingFrames(allowed=10.0, keep=5)
    for i in range(1000):
        waiting.add(i / 10_000, i)
    _, frames = taken(waiting, 0.1)
    assert len([frame for frame in frames if frame is not None]) <= MOST
    assert frames[-5:] == list(range(995, 1000))


class FakeSource:
    """As a reader of a camera."""

    fps, size, start, order = Fraction(30), (64, 36), 0, "bgr"

    def __init__(self, count, error=None):
        self.count, self.error, self.closed = count, error, False

    def __iter__(self):
        yield from range(self.count)
        if self.error:
            raise self.error

    def close(self):
        self.closed = True


def test_without_a_bound_the_source_waits_and_every_frame_comes():
    source = FakeSource(10 * MOST)
    with LiveReader(source, WaitingFrames(inf, 3)) as live:
        assert [arrival.frame for arrival in live] == list(range(10 * MOST))
    assert live.dropped == 0
    assert source.closed


def test_dropped_frames_are_counted_and_have_their_times():
    clock = iter(range(10**6))  # every look at the clock is a second later
    with LiveReader(FakeSource(40), WaitingFrames(0.5, 3), clock=lambda: next(clock)) as live:
        arrivals = list(live)
    frames = [arrival.frame for arrival in arrivals]
    assert len(frames) == 40
    assert [frame for frame in frames if frame is not None] == sorted({*frames} - {None})
    assert all(frame in (None, i) for i, frame in enumerate(frames))
    assert live.dropped == frames.count(None)
    times = [arrival.time for arrival in arrivals]
    assert times[0] == 0
    assert times == sorted(times)


def test_stopping_wakes_who_waits_for_a_frame():
    never = threading.Event()

    class Silent(FakeSource):
        def __iter__(self):
            never.wait(20)
            return iter(())

    with LiveReader(Silent(0), WaitingFrames(1.0, 3)) as live:
        threading.Timer(0.05, live.stop).start()
        assert list(live) == []
        never.set()


def test_what_the_source_raises_is_raised_where_the_frames_are_used():
    with (
        LiveReader(FakeSource(3, OSError("unplugged")), WaitingFrames(inf, 3)) as live,
        pytest.raises(OSError, match="unplugged"),
    ):
        list(live)


def test_it_ends_after_the_seconds_asked_for():
    clock = iter(range(10**6))
    with LiveReader(FakeSource(1000), WaitingFrames(inf, 3), seconds=50, clock=lambda: next(clock)) as live:
        assert 0 < len(list(live)) <= 50


@pytest.mark.parametrize(
    ("source", "live"),
    [
        (0, True),
        ("0", True),
        ("rtsp://court/1", True),
        ("udp://@:1234", True),
        ("http://camera/video.mjpg?fps=30", True),
        ("https://club/live.m3u8", True),
        ("https://club/match.mp4?key=1", False),
        ("match.mp4", False),
    ],
)
def test_what_is_live(source, live):
    assert is_live(source) == live
