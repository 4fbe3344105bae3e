"""Networks with a background: a bright thing that stands still is no ball, wherever the background comes from."""

from functools import partial
from math import inf

import cv2
import numpy as np
import pytest

from tests.helpers.dot_videos import dot_path, write_video
from tests.helpers.fake_release import bright_dot_release, dot_frames
from tracknet_jax.cli.main import main
from tracknet_jax.tracking.live import Latencies, track_live
from tracknet_jax.tracking.outputs import OutputFiles, track_to_files
from tracknet_jax.tracking.placement import place
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracking.video_background import find_background, opening_background
from tracknet_jax.tracking.videos import track_source, track_video
from tracknet_jax.tracks.track import Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.live_reader import LiveReader, WaitingFrames
from tracknet_jax.video.readers import open_frames

PATH = dot_path(40)
RELEASE = bright_dot_release(background="concat")


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
    assert_dot(list(track_video(video, RELEASE, options).rows()))
    without = track_video(video, bright_dot_release(), options)
    np.testing.assert_allclose(without.xy, np.full((len(PATH), 2), (44.5, 4.5)), atol=1)  # the lamp


def test_a_stream_shows_its_background_in_its_first_frames(monkeypatch, tmp_path):
    monkeypatch.setattr("tracknet_jax.tracking.video_background.OPENING", 16)
    assert_dot(list(Tracker(RELEASE, TrackOptions(link=False)).track_frames(scene())))
    frames = open_frames(write_video(tmp_path / "a.mp4", frames=scene()), order="bgr")
    files = OutputFiles.of(tmp_path, "a", picture=False)
    tracker = Tracker(RELEASE, TrackOptions(link=False, live=True))
    with LiveReader(frames, WaitingFrames(inf, 3)) as live:
        assert_dot(list(track_live(tracker, live, "rtsp://court/1", files, Latencies()).rows()))
    assert list(Tracker(RELEASE).track_frames([])) == []


def test_files_are_those_of_the_same_background(tmp_path):
    video = write_video(tmp_path / "a.mp4", frames=scene())
    tracker = Tracker(RELEASE, TrackOptions(link=False))
    files = OutputFiles.of(tmp_path / "out", "a", video=False, picture=False)
    written = track_to_files(tracker, open_frames(video, order="bgr"), video, files)
    np.testing.assert_allclose(written.xy, track_source(tracker, video).xy, atol=0.2)


def test_an_image_of_the_scene(tmp_path):
    (empty,) = scene([None])
    cv2.imwrite(str(tmp_path / "empty.png"), empty[..., ::-1])
    video = write_video(tmp_path / "a.mp4", frames=scene())
    assert_dot(
        list(track_video(video, RELEASE, TrackOptions(link=False), background=tmp_path / "empty.png").rows())
    )
    placement = place((64, 36), (64, 36))
    np.testing.assert_array_equal(find_background(RELEASE.config, placement, tmp_path / "empty.png"), empty)


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
    placement = place((64, 36), (64, 36))
    for start, end, level in ((0, 40, 40), (30, 40, 200), (20, 34, 40)):
        again = partial(open_frames, video, start, end)
        background = find_background(RELEASE.config, placement, None, again)
        np.testing.assert_allclose(background, level, atol=8)


def test_images_that_cannot_be_used_are_told(tmp_path):
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((18, 32, 3), np.uint8))
    placement = place((64, 36), (64, 36))
    with pytest.raises(UserError, match=r"small\.png: it is 32x18, the video 64x36"):
        find_background(RELEASE.config, placement, tmp_path / "small.png")
    with pytest.raises(UserError, match="no_such"):
        find_background(RELEASE.config, placement, tmp_path / "no_such.png")
    with pytest.raises(UserError, match="takes no background"):
        find_background(bright_dot_release().config, placement, tmp_path / "small.png")
    assert find_background(bright_dot_release().config, placement) is None


def test_the_opening_keeps_every_frame():
    frames = [np.full((1, 1, 3), i, np.uint8) for i in range(200)]
    background, again = opening_background(frames)
    assert [int(frame[0, 0, 0]) for frame in again] == list(range(200))
    assert background[0, 0, 0] == 31  # of frames 0 to 63
