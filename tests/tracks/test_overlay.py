"""Overlay video and picture: what is drawn where, frame rate and size, failures that leave nothing behind."""

import sys
from fractions import Fraction

import cv2
import numpy as np
import pytest

from tests.helpers.dot_videos import write_video
from tracknet_jax.tracks.flight_picture import write_flight_picture
from tracknet_jax.tracks.overlay import Overlay, overlay_video, write_overlay
from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.readers import open_frames

NTSC = Fraction(30000, 1001)
NONE = float("nan")


def flight(count, start=0):
    return [Row(start + i, 30.0 + 8 * i, 60.0, 0.9, "detected") for i in range(count)]


def track_of(rows, size=(160, 120)):
    return Track.of(rows, NTSC, size)


def drawn(rows, size=(160, 120), fps=NTSC):
    """The last frame's drawing on black."""
    overlay = Overlay(fps, size)
    for row in rows:
        frame = np.zeros((size[1], size[0], 3), np.uint8)
        overlay.draw(frame, row)
    return frame


def test_the_ring_is_round_the_ball_and_leaves_it_free():
    frame = drawn(flight(1))
    ring = np.argwhere(frame.max(axis=2) > 128)
    np.testing.assert_allclose(ring.mean(axis=0), [60, 30], atol=0.5)
    distance = np.hypot(*(ring - [60, 30]).T)
    assert 6 < distance.min() < distance.max() < 12


def test_the_trail_fades():
    frame = drawn(flight(12))  # the ball is at 118; its trail lies to the left
    strengths = [int(frame[60, x].max()) for x in (50, 70, 90)]
    assert strengths == sorted(strengths)
    assert strengths[0] > 0
    assert strengths[-1] > 1.3 * strengths[0]
    assert not frame[:40].any()


def test_the_trail_forgets_and_goes_on_without_the_ball():
    rest = [Row(12 + i, NONE, NONE, 0.0) for i in range(30)]
    assert drawn(flight(12) + rest[:3]).any()
    assert not drawn(flight(12) + rest).any()


def test_a_jump_across_the_picture_is_not_a_flight():
    jump = drawn([Row(0, 10.0, 60.0, 0.9, "detected"), Row(1, 150.0, 60.0, 0.9, "detected")])
    assert not jump[60, 40:120].any()


@pytest.mark.parametrize("position", [(0.0, 0.0), (159.0, 119.0), (-40.0, -40.0), (500.0, 60.0)])
def test_drawing_at_and_beyond_the_edges_is_safe(position):
    x, y = position
    drawn([Row(0, x, y, 0.9, "detected"), Row(1, x + 3, y + 3, 0.9, "detected")])


@pytest.mark.parametrize("with_pyav", [True, False])
@pytest.mark.parametrize("size", [(160, 120), (161, 121)])
def test_overlay_keeps_size_rate_and_length(tmp_path, monkeypatch, with_pyav, size):
    if with_pyav:
        pytest.importorskip("av")
    else:
        monkeypatch.setitem(sys.modules, "av", None)
    with overlay_video(tmp_path / "a_track.mp4", NTSC, size) as write:
        for _ in range(10):
            write(np.full((size[1], size[0], 3), 40, np.uint8))
    reader = open_frames(tmp_path / "a_track.mp4")
    assert reader.size == (160 + 2 * (size[0] % 2), 120 + 2 * (size[1] % 2))  # 4:2:0 needs even sizes
    assert reader.fps == (NTSC if with_pyav else Fraction(2997, 100))
    assert sum(1 for _ in reader) == 10


def test_missing_frames_repeat_the_last_and_no_video_is_without_a_frame(tmp_path):
    greys = [None, 90, None, 200]
    with overlay_video(tmp_path / "a.mp4", NTSC, (64, 48)) as write:
        for grey in greys:
            write(None if grey is None else np.full((48, 64, 3), grey, np.uint8))
    shown = [frame.mean() for frame in open_frames(tmp_path / "a.mp4")]
    np.testing.assert_allclose(shown, [0, 90, 90, 200], atol=6)
    with overlay_video(tmp_path / "none.mp4", NTSC, (64, 48)):
        pass
    assert sum(1 for _ in open_frames(tmp_path / "none.mp4")) == 1


@pytest.mark.parametrize("with_pyav", [True, False])
def test_colours_survive(tmp_path, monkeypatch, with_pyav):
    if with_pyav:
        pytest.importorskip("av")
    else:
        monkeypatch.setitem(sys.modules, "av", None)
    colours = [(200, 60, 40), (40, 160, 90), (230, 230, 230), (20, 30, 120)]
    with overlay_video(tmp_path / "a.mp4", NTSC, (64, 48)) as write:
        for colour in colours:
            write(np.full((48, 64, 3), colour, np.uint8))
    for frame, colour in zip(open_frames(tmp_path / "a.mp4", order="bgr"), colours, strict=True):
        np.testing.assert_allclose(frame.mean(axis=(0, 1)), colour, atol=6)


def test_a_finished_track_is_drawn_on_its_video(tmp_path):
    frames = [np.full((120, 160, 3), 40, np.uint8)] * 10
    video = write_video(tmp_path / "a.mp4", size=(160, 120), frames=frames)
    write_overlay(video, track_of(flight(4, start=3)), tmp_path / "b.mp4")
    overlaid = list(open_frames(tmp_path / "b.mp4"))
    assert len(overlaid) == 4
    assert overlaid[0][60, 20:40].max() > 180


@pytest.mark.parametrize("with_pyav", [True, False])
def test_a_failure_leaves_no_half_written_video(tmp_path, monkeypatch, with_pyav):
    if with_pyav:
        pytest.importorskip("av")
        target = "tracknet_jax.video.writer.H264Writer.write"
    else:
        monkeypatch.setitem(sys.modules, "av", None)
        target = "tracknet_jax.video.writer.OpenCVWriter.write"

    def full(self, frame):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(target, full)
    with (
        pytest.raises(UserError, match="No space left on device"),
        overlay_video(tmp_path / "a.mp4", NTSC, (160, 120)) as write,
    ):
        write(np.zeros((120, 160, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_opencvs_silent_failure_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)

    class Lossy:
        """As on a full disk: nothing is written, nothing is said."""

        fourcc = staticmethod(cv2.VideoWriter.fourcc)

        def __init__(self, *arguments):
            self.write = self.release = lambda *frame: None
            self.isOpened = lambda: True

    monkeypatch.setattr(cv2, "VideoWriter", Lossy)
    with (
        pytest.raises(UserError, match="incomplete"),
        overlay_video(tmp_path / "a.mp4", NTSC, (160, 120)) as write,
    ):
        write(np.zeros((120, 160, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rows", [[], flight(1), flight(12), [Row(0, NONE, NONE, 0.0)]])
@pytest.mark.parametrize("size", [(160, 90), (60, 108)])
def test_pictures_of_any_track_come_out(tmp_path, rows, size):
    frame = np.full((size[1], size[0], 3), 90, np.uint8)
    write_flight_picture(frame, track_of(rows, size), tmp_path / "a.png")
    assert cv2.imread(str(tmp_path / "a.png")).shape[1] == 1280


def test_the_picture_shows_the_flight_where_it_was(tmp_path):
    frame = np.zeros((90, 160, 3), np.uint8)
    rows = [Row(i, 40.0 + 8 * i, 45.0, 0.9, "detected") for i in range(10)]
    write_flight_picture(frame, track_of(rows, (160, 90)), tmp_path / "a.png")
    picture = cv2.imread(str(tmp_path / "a.png"))[:720]  # the frame, 8 pixels to one
    coloured = np.argwhere(picture.max(axis=2).astype(int) - picture.min(axis=2) > 60)
    np.testing.assert_allclose(coloured.min(axis=0), [45.5 * 8, 40.5 * 8], atol=14)
    np.testing.assert_allclose(coloured.max(axis=0), [45.5 * 8, 112.5 * 8], atol=14)
