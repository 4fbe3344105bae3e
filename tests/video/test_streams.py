"""Streams between two sockets of this machine, as cameras send them, on the command line."""

import socket
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest

from tests.helpers.dot_videos import dot_path
from tests.helpers.fake_release import bright_dot_release, dot_frames
from tracknet_jax.cli.main import main
from tracknet_jax.tracks.track import Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video import capture
from tracknet_jax.video.readers import open_frames

COUNT, SIZE = 40, (64, 48)


@pytest.fixture(autouse=True)
def fake_release(monkeypatch):
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda name: bright_dot_release())


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def send(address, form, done, **options):
    """Sends 40 frames, again and again until `done`; waits for the receiver, who may still be compiling."""
    av = pytest.importorskip("av")
    deadline = time.monotonic() + 120
    while True:
        try:
            out = av.open(address, "w", format=form, options=options)
            stream = out.add_stream("mpeg4", rate=30, width=SIZE[0], height=SIZE[1], bit_rate=10**6)
            out.start_encoding()
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    number = 0
    try:
        while number == 0 or not done.is_set():
            for frame in dot_frames(dot_path(COUNT, SIZE), SIZE):
                picture = av.VideoFrame.from_ndarray(frame)
                picture.pts = number
                out.mux(stream.encode(picture))
                number += 1
                time.sleep(0.005)
        out.mux(stream.encode())
        out.close()
    except OSError:  # the receiver has hung up
        pass


@contextmanager
def sender(*arguments, once=False, **options):
    done = threading.Event()
    if once:
        done.set()
    thread = threading.Thread(target=send, args=(*arguments, done), kwargs=options)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def tracked(address, folder, *options):
    command = ["track", address, "--output", str(folder), "--no-video", "--no-picture", *options]
    assert main(command) == 0
    return Track.from_csv(next(folder.glob("*_ball.csv")))


def test_rtsp_with_every_frame_until_the_sender_hangs_up(port, tmp_path, monkeypatch):
    """The camera announces itself here; from then on all is as with one that is asked to play."""
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_flags;listen|listen_timeout;60")
    monkeypatch.setattr(capture, "SILENCE", 60)
    address = f"rtsp://127.0.0.1:{port}/court"
    with sender(address, "rtsp", once=True, rtsp_transport="tcp"):
        track = tracked(address, tmp_path, "--max-latency", "inf")
    np.testing.assert_array_equal(track.visible, [position is not None for position in dot_path(COUNT, SIZE)])


def test_udp_ends_after_the_seconds_asked_for(port, tmp_path):
    address = f"udp://127.0.0.1:{port}"
    with sender(address, "mpegts"):
        assert len(tracked(address, tmp_path, "--end", "1")) > 0


def test_a_sender_that_falls_silent_ends_the_stream(port, tmp_path, monkeypatch):
    monkeypatch.setattr(capture, "SILENCE", 5)
    address = f"udp://127.0.0.1:{port}"
    with sender(address, "mpegts"):
        reader = open_frames(address)
    assert sum(1 for _ in reader) > 0


@pytest.mark.parametrize("scheme", ["rtsp", "http", "tcp"])
def test_a_server_that_never_answers_is_told(scheme, monkeypatch, capfd):
    monkeypatch.setattr(capture, "SILENCE", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"{scheme}://127.0.0.1:{server.getsockname()[1]}/court"
        with pytest.raises(UserError, match="this camera or stream gives no frames"):
            open_frames(address)
    assert capfd.readouterr() == ("", "")
