"""Live tracking: latency and drops under a clock set by hand, then real streams, pipes and interrupts."""

import csv
import os
import signal
import threading
from contextlib import nullcontext
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from math import inf

import cv2
import numpy as np
import pytest

from tests.helpers.dot_videos import dot_path
from tests.helpers.fake_release import bright_dot_release, dot_frames
from tests.helpers.frames import frames_of
from tracknet_jax.cli.main import main
from tracknet_jax.rectification.rectify import Rectification
from tracknet_jax.tracking import detector
from tracknet_jax.tracking.baseline.background_subtraction import BackgroundSubtraction
from tracknet_jax.tracking.linking import LAG
from tracknet_jax.tracking.live import Latencies, ending_on_signal, plan_latency, step_seconds, track_live
from tracknet_jax.tracking.outputs import OutputFiles
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracks.track import Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.live_reader import LiveReader, WaitingFrames
from tracknet_jax.video.readers import open_frames

FPS = 30


def live_tracker(**options):
    return Tracker(bright_dot_release(), TrackOptions(live=True, **options))


class Simulation(LiveReader):
    """A camera and a network in one time, which moves when the network computes or a frame is waited for."""

    fps, size, start, order, began = Fraction(FPS), (64, 36), 0, "bgr", 0.0

    def __init__(self, count, waiting, step, monkeypatch):
        self.now, self.dropped = 0.0, 0
        self._frames = list(dot_frames(dot_path(count)))
        self._waiting = waiting
        self._came = 0
        detect = detector.detect_disjoint

        def slow(*arguments, **options):
            self.now += step
            return detect(*arguments, **options)

        monkeypatch.setattr(detector, "detect_disjoint", slow)
        monkeypatch.setattr("tracknet_jax.tracking.live.Prefetch", lambda rows, depth: nullcontext(rows))

    def __iter__(self):
        while True:
            while self._came < len(self._frames) and self._came / FPS <= self.now:
                self._waiting.add(self._came / FPS, self._frames[self._came])
                self._came += 1
            arrival = self._waiting.take(self.now)
            if arrival is not None:
                self.dropped += arrival.frame is None
                yield arrival._replace(
                    frame=None if arrival.frame is None else arrival.frame[..., ::-1].copy()
                )
            elif self._came == len(self._frames):
                return
            else:
                self.now = self._came / FPS


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize(("step", "slow"), [(0.02, False), (0.25, True), (1.5, True)])
def test_late_frames_are_dropped_and_told_and_no_row_is_later_than_promised(
    tmp_path, monkeypatch, step, slow, link
):
    """Three frames come in a tenth of a second; the network takes `step` for them."""
    tracker = live_tracker(link=link)
    plan = plan_latency(tracker, FPS, step)
    source = Simulation(150, WaitingFrames(plan.allowed, 3, plan.window), step, monkeypatch)
    files, latencies = OutputFiles.of(tmp_path, "a"), Latencies()
    track = track_live(tracker, source, files, latencies, clock=lambda: source.now)
    assert track.frame.tolist() == list(range(150))
    dropped = track.source == "dropped"
    assert dropped.sum() == source.dropped
    assert (source.dropped > 0) == slow
    seen = [position is not None for position in dot_path(150)]
    if not slow:
        np.testing.assert_array_equal(track.visible, seen)
    if not link:  # whose frames were looked at is certain here
        np.testing.assert_array_equal(track.visible, np.array(seen) & ~dropped)
    assert max(latencies.seconds) <= plan.least + plan.waiting + 1e-5
    assert len(latencies.seconds) == 150
    table = rows_of(files.csv)
    assert [row["Time"] for row in table] == [f"{i / FPS:.3f}" for i in range(150)]
    assert [row["Source"] == "dropped" for row in table] == dropped.tolist()
    np.testing.assert_array_equal(Track.from_csv(files.csv).source, track.source)
    assert sum(1 for _ in open_frames(files.video)) == 150


def test_a_stream_of_which_nothing_was_seen_has_its_rows(tmp_path, monkeypatch):
    source = Simulation(9, WaitingFrames(-1.0, 3, window=-1.0), 0, monkeypatch)
    files = OutputFiles.of(tmp_path, "a")
    track = track_live(live_tracker(), source, files, Latencies(), clock=lambda: source.now)
    assert track.source.tolist() == ["dropped"] * 9
    assert sum(1 for _ in open_frames(files.video)) == 9
    assert not files.picture.exists()


def test_a_baseline_without_a_network_knows_dropped_frames_too(tmp_path, monkeypatch):
    source = Simulation(90, WaitingFrames(0.5, 1), 0, monkeypatch)
    frames = iter(source)
    monkeypatch.setattr(
        type(source),
        "__iter__",
        lambda self: (a._replace(frame=None) if i % 20 == 9 else a for i, a in enumerate(frames)),
    )
    tracker = BackgroundSubtraction()
    track = track_live(tracker, source, OutputFiles(tmp_path / "a.csv"), Latencies(), clock=lambda: 9.0)
    assert np.flatnonzero(track.source == "dropped").tolist() == [9, 29, 49, 69, 89]


def test_what_a_latency_consists_of():
    plan = plan_latency(live_tracker(), 25, step=0.1)
    assert (plan.window, plan.decision, plan.step) == pytest.approx((2 / 25, LAG / 25, 0.1))
    assert plan_latency(live_tracker(link=False), 25, 0.1).decision == 0
    assert plan_latency(live_tracker(overlap="average", link=False), 25, 0.1).decision == pytest.approx(
        2 / 25
    )
    assert plan_latency(BackgroundSubtraction(), 25, 0.1).decision == pytest.approx(10 / 25)
    assert plan_latency(live_tracker(), 25, 0.1, most=2.0).waiting == pytest.approx(2 - 0.08 - 0.48 - 0.1)
    assert plan_latency(live_tracker(), 25, 0.1, most=inf).allowed == inf
    filled = plan_latency(live_tracker(), 25, 0.1, rectification=Rectification("linear"))
    assert filled.decision > plan.decision + 0.5
    with pytest.raises(UserError, match=r"a row takes 0.66 s here: window 0.08, decision 0.48.*--no-link"):
        plan_latency(live_tracker(), 25, 0.1, most=0.6)


def test_the_step_is_timed_after_it_was_compiled():
    clock = iter([0, 90, 100, 103, 110, 112])
    assert step_seconds(live_tracker(), clock=lambda: next(clock)) == 2


def test_windows_begin_anew_behind_a_gap():
    """A frame's row depends on no frame from before the gap: it is that of a stream that begins there."""
    frames = list(dot_frames(dot_path(20)))
    tracker = live_tracker(link=False)
    gap = [*frames[:7], None, None, *frames[9:]]
    rows, begun = (
        [row for _, row in tracker.track(frames_of(images, tracker, first=first))]
        for images, first in ((gap, 0), (frames[9:], 9))
    )
    assert [row.source for row in rows[7:9]] == ["dropped"] * 2
    assert [row[:4] for row in rows[9:] if row.visible] == [row[:4] for row in begun if row.visible]


class Endless:
    """A camera that never ends."""

    fps, size, start, order = Fraction(FPS), (64, 36), 0, "bgr"

    def __init__(self):
        self.ended = threading.Event()

    def __iter__(self):
        frames = list(dot_frames(dot_path(60)))
        while not self.ended.wait(0.002):
            yield from (frame[..., ::-1].copy() for frame in frames[:3])

    def close(self):
        self.ended.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_stream_well(tmp_path, number):
    files, source, handler = OutputFiles.of(tmp_path / "out", "a"), Endless(), signal.getsignal(number)
    with LiveReader(source, WaitingFrames(1.0, 3)) as live, ending_on_signal(live.stop):
        track = track_live(
            live_tracker(),
            live,
            files,
            Latencies(),
            lambda row: row.frame == 10 and os.kill(os.getpid(), number),
        )
    assert source.ended.is_set()
    assert len(track) > 10
    assert len(Track.from_csv(files.csv)) == len(track) == sum(1 for _ in open_frames(files.video))
    assert files.picture.exists()
    assert signal.getsignal(number) is handler


@pytest.fixture
def fake_release(monkeypatch):
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda name: bright_dot_release())


def jpegs(count):
    return [cv2.imencode(".jpg", frame)[1].tobytes() for frame in dot_frames(dot_path(count))]


@pytest.fixture
def stream():
    """The address of a server that sends 40 pictures as a camera in a network does, and hangs up."""

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
            self.end_headers()
            for data in jpegs(40):
                head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/video.mjpg"
    server.shutdown()
    server.server_close()


def test_a_network_stream_on_the_command_line(stream, fake_release, tmp_path, capsys):
    for _ in range(2):
        assert main(["track", stream, "--output", str(tmp_path), "--max-latency", "inf"]) == 0
    told = capsys.readouterr()
    assert "64x36" in told.err
    assert "a row comes after" in told.err
    assert "0 of them dropped (0%), latency" in told.out
    # What cannot be recorded again is not overwritten.
    first, second = (Track.from_csv(tmp_path / f"video{n}_ball.csv") for n in ("", "_2"))
    np.testing.assert_array_equal(first.visible, [position is not None for position in dot_path(40)])
    assert len(second) == 40


def test_a_named_pipe_on_the_command_line(fake_release, tmp_path):
    pipe = tmp_path / "court.mjpeg"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"".join(jpegs(40))))
    writer.start()
    options = ["--output", str(tmp_path), "--max-latency", "inf", "--no-video", "--no-picture"]
    assert main(["track", str(pipe), *options]) == 0
    writer.join()
    assert len(Track.from_csv(tmp_path / "court_ball.csv")) == 40


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["0", "1"], "0: a camera or stream is tracked alone"),
        (["a.mp4", "--max-latency", "1"], "no frame of a recording is dropped"),
        (["0", "--start", "3"], "has no --start"),
        (["0", "--max-latency", "-1"], "expected seconds above 0"),
    ],
)
def test_what_a_live_source_cannot_have_is_told(arguments, match, fake_release, capsys):
    assert main(["track", *arguments]) == 2
    assert match in capsys.readouterr().err


def test_a_window_without_a_display_is_told(fake_release, stream, monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert main(["track", stream, "--show"]) == 2
    assert "--show: there is no display here" in capsys.readouterr().err


class FakeViewer:
    """Closed by `q` at the eleventh frame."""

    frames: list = []  # noqa: RUF012

    def __init__(self, title):
        self.frames.clear()
        self.closed = False

    def show(self, frame, pause):
        self.frames.append(frame.copy())
        self.closed = len(self.frames) > 10

    def close(self):
        pass


def test_the_window_shows_each_frame_with_its_ball_and_q_ends(fake_release, stream, monkeypatch, tmp_path):
    monkeypatch.setattr("tracknet_jax.video.viewer.Viewer", FakeViewer)
    options = ["--output", str(tmp_path), "--max-latency", "inf", "--no-link", "--no-video"]
    assert main(["track", stream, "--show", *options]) == 0
    track = Track.from_csv(tmp_path / "video_ball.csv")
    assert len(track) >= 11
    for frame, position in zip(FakeViewer.frames, dot_path(11), strict=False):
        orange = (frame[..., 2].astype(int) - frame[..., 0] > 60).any()  # the trail
        ring = (frame > 200).all(-1).sum() > 40
        assert (ring or orange) == (position is not None or orange)
