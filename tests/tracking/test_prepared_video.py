"""Prepared videos: numbers, colours and the background, before which a bright thing that stands still is no ball."""

from math import inf

import cv2
import numpy as np
import pytest

from tests.helpers.dot_videos import dot_path, write_video
from tests.helpers.fake_release import bright_dot_release, dot_frames
from tracknet_jax.cli.main import main
from tracknet_jax.tracking.live import Latencies, track_live
from tracknet_jax.tracking.outputs import OutputFiles, track_to_files
from tracknet_jax.tracking.prepared_video import View, prepare
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracking.videos import track_source
from tracknet_jax.tracks.track import Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.live_reader import LiveReader, WaitingFrames
from tracknet_jax.video.readers import GivenFrames, open_frames

PATH = dot_path(40)
RELEASE = bright_dot_release(background="concat")
VIEW, PLAIN = (View("a network", (64, 36), background=kind) for kind in ("concat", "none"))


def scene(path=PATH):
    """The dot before a lamp that is larger and as bright."""
    for frame in dot_frames(path):
        frame[2:8, 40:50] = 255
        yield frame


def assert_dot(rows):
    assert [row.frame for row in rows] == list(range(len(PATH)))
    for row, position in zip(rows, PATH, strict=True):
        assert row.visible == (position is not None)
        if position is not None:
            np.testing.assert_allclose([row.x, row.y], position, atol=1.0)


@pytest.mark.parametrize("overlap", ["none", "weighted"])
def test_the_median_of_a_video(tmp_path, overlap):
    video = write_video(tmp_path / "a.mp4", frames=scene())
    options = TrackOptions(overlap, link=False)
    assert_dot(list(track_source(Tracker(RELEASE, options), video).rows()))
    without = track_source(Tracker(bright_dot_release(), options), video)
    np.testing.assert_allclose(without.xy, np.full((len(PATH), 2), (44.5, 4.5)), atol=1)  # the lamp


def test_a_stream_shows_its_background_in_its_first_frames(monkeypatch, tmp_path):
    monkeypatch.setattr("tracknet_jax.tracking.prepared_video.OPENING", 16)
    assert_dot(list(Tracker(RELEASE, TrackOptions(link=False)).track_frames(scene())))
    frames = open_frames(write_video(tmp_path / "a.mp4", frames=scene()), order="bgr")
    files = OutputFiles.of(tmp_path, "a", picture=False)
    tracker = Tracker(RELEASE, TrackOptions(link=False, live=True))
    with LiveReader(frames, WaitingFrames(inf, 3)) as live:
        assert_dot(list(track_live(tracker, live, files, Latencies()).rows()))
    assert list(Tracker(RELEASE).track_frames([])) == []


def test_files_are_those_of_the_same_background(tmp_path):
    video = write_video(tmp_path / "a.mp4", frames=scene())
    tracker = Tracker(RELEASE, TrackOptions(link=False))
    files = OutputFiles.of(tmp_path / "out", "a", video=False, picture=False)
    written = track_to_files(tracker, video, files)
    np.testing.assert_allclose(written.xy, track_source(tracker, video).xy, atol=0.2)


def test_an_image_of_the_scene(tmp_path):
    (empty,) = scene([None])
    cv2.imwrite(str(tmp_path / "empty.png"), empty[..., ::-1])
    video = write_video(tmp_path / "a.mp4", frames=scene())
    assert_dot(
        list(
            track_source(
                Tracker(RELEASE, TrackOptions(link=False)), video, background=tmp_path / "empty.png"
            ).rows()
        )
    )
    prepared = prepare(VIEW, open_frames(video), tmp_path / "empty.png")
    np.testing.assert_array_equal(prepared.background, empty)


def test_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda name: RELEASE)
    (empty,) = scene([None])
    cv2.imwrite(str(tmp_path / "empty.png"), empty[..., ::-1])
    video = write_video(tmp_path / "a.mp4", frames=scene())
    options = ["--background", str(tmp_path / "empty.png"), "--no-video", "--no-picture", "--no-link"]
    assert main(["track", str(video), "--output", str(tmp_path), *options]) == 0
    assert_dot(list(Track.from_csv(tmp_path / "a_ball.csv").rows()))


def test_the_background_is_that_of_the_part_that_is_tracked(tmp_path):
    greys = [np.full((36, 64, 3), 40 if i < 30 else 200, np.uint8) for i in range(40)]
    video = write_video(tmp_path / "a.mp4", frames=greys)
    for start, end, level in ((0, 40, 40), (30, 40, 200), (20, 34, 40)):
        background = prepare(VIEW, open_frames(video, start, end)).background
        np.testing.assert_allclose(background, level, atol=8)


def test_images_that_cannot_be_used_are_told(tmp_path):
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((18, 32, 3), np.uint8))
    frames = GivenFrames([], (64, 36))
    with pytest.raises(UserError, match=r"small\.png: it is 32x18, the video 64x36"):
        prepare(VIEW, frames, tmp_path / "small.png")
    with pytest.raises(UserError, match="no_such"):
        prepare(VIEW, frames, tmp_path / "no_such.png")
    with pytest.raises(UserError, match="takes no background"):
        prepare(PLAIN, frames, tmp_path / "small.png")
    assert prepare(PLAIN, frames).background is None


def test_the_opening_keeps_every_frame():
    video = prepare(VIEW, GivenFrames((np.full((36, 64, 3), i, np.uint8) for i in range(200)), (64, 36), 7))
    assert video.background[0, 0, 0] == 31  # of frames 0 to 63
    frames = list(video)
    assert [frame.number for frame in frames] == list(range(7, 207))
    assert [int(frame.image[0, 0, 0]) for frame in frames] == list(range(200))


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_images_are_rgb_and_in_the_view_and_only_live_frames_keep_their_picture(tmp_path, order):
    red = [np.full((72, 128, 3), (255, 0, 0), np.uint8)] * 3
    video = write_video(tmp_path / "red.mp4", size=(128, 72), frames=red)
    for frame in prepare(PLAIN, open_frames(video, order=order)):
        assert frame.image.shape == (36, 64, 3)
        assert frame.image[5, 5].argmax() == 0
        assert (frame.time, frame.picture) == (None, None)
