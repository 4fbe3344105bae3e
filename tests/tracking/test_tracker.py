"""Tracking with the bright-dot release: rows, positions, shapes, one compile, threads that end."""

import threading

import numpy as np
import pytest

import tracknet_jax
from tests.helpers.dot_videos import dot_path, write_video
from tests.helpers.fake_release import bright_dot_release, dot_frames
from tests.helpers.frames import frames_of
from tracknet_jax.tracking import detector
from tracknet_jax.tracking.placement import place
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracking.videos import track_source
from tracknet_jax.utils.errors import UserError


@pytest.mark.parametrize("overlap", ["none", "weighted"])
@pytest.mark.parametrize("count", [1, 2, 3, 29])
@pytest.mark.parametrize("outputs", [1, 3])
def test_one_row_a_frame_where_the_dot_is(overlap, count, outputs):
    path = dot_path(count, (128, 72))
    release = bright_dot_release(outputs=outputs)
    rows = list(Tracker(release, TrackOptions(overlap)).track_frames(dot_frames(path, (128, 72), radius=4)))
    assert [row.frame for row in rows] == list(range(count))
    assert [row.visible for row in rows] == [position is not None for position in path]
    for row, position in zip(rows, path, strict=True):
        if position is None:
            assert np.isnan([row.x, row.y]).all()
            assert (row.confidence, row.source) == (0, "")
        else:
            np.testing.assert_allclose([row.x, row.y], position, atol=0.6)
            assert 0.5 < row.confidence <= 1
            assert row.source == "detected"


def test_a_video_is_tracked_from_its_file(tmp_path):
    video = write_video(tmp_path / "a.mp4", 20, fps=25.0)
    track = track_source(Tracker(bright_dot_release()), video)
    assert (len(track), track.fps, track.size) == (20, 25, (64, 36))
    np.testing.assert_array_equal(track.visible, [position is not None for position in dot_path(20)])


def test_a_part_keeps_the_frame_numbers_of_the_whole(tmp_path):
    video = write_video(tmp_path / "a.mp4", 20)
    tracker = Tracker(bright_dot_release())
    whole, part = track_source(tracker, video), track_source(tracker, video, 5, 12)
    np.testing.assert_array_equal(part.frame, np.arange(5, 12))
    np.testing.assert_allclose(part.xy, whole.xy[5:12], atol=0.5)


def test_a_portrait_video_is_letterboxed_and_mapped_back():
    path = [(20, 30), (30, 60), (40, 90)]
    rows = list(Tracker(bright_dot_release()).track_frames(dot_frames(path, (60, 108), radius=6)))
    np.testing.assert_allclose([(row.x, row.y) for row in rows], path, atol=1.5)


@pytest.mark.parametrize("overlap", ["none", "average"])
def test_nothing_is_found_on_the_letterbox_bars(overlap):
    placement = place((60, 108), (64, 36), "letterbox")
    frames = [placement.to_network(frame) for frame in dot_frames([(20, 30), None], (60, 108), radius=6)]
    for frame in frames:
        frame[10:20, 2:12] = 255  # on the left bar, larger than the dot
    tracker = Tracker(bright_dot_release(), TrackOptions(overlap, fit="letterbox"))
    rows = [row for _, row in tracker.track(frames_of(frames, tracker, (60, 108)))]
    assert [row.visible for row in rows] == [True, False]
    np.testing.assert_allclose((rows[0].x, rows[0].y), (20, 30), atol=1.5)


def test_videos_of_all_shapes_and_lengths_share_one_compiled_detector():
    release = bright_dot_release(name="counts compilations")
    tracker = Tracker(release)
    before = detector.detect_disjoint._cache_size()
    for count, size in ((1, (64, 36)), (20, (64, 36)), (7, (48, 36)), (40, (36, 64))):
        assert len(list(tracker.track_frames(dot_frames(dot_path(count, size), size)))) == count
    assert detector.detect_disjoint._cache_size() == before + 1


def test_an_empty_stream_gives_no_rows():
    assert list(Tracker(bright_dot_release()).track_frames([])) == []


def test_a_frame_of_another_size_is_told():
    frames = [np.zeros((36, 64, 3), np.uint8), np.zeros((64, 36, 3), np.uint8)]
    with pytest.raises(UserError, match="size changes"):
        list(Tracker(bright_dot_release()).track_frames(frames))


def test_stopping_early_ends_the_reader_thread():
    threads = threading.active_count()
    rows = Tracker(bright_dot_release()).track_frames(dot_frames([(9, 9)] * 500))
    next(rows)
    rows.close()
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    "options",
    [{"overlap": "some"}, {"fit": "crop"}, {"threshold": 0.0}, {"threshold": 1.5}, {"batch_size": 0}],
)
def test_bad_options_are_told(options):
    with pytest.raises(UserError):
        TrackOptions(**options)


@pytest.mark.parametrize("overlap", ["none", "average"])
def test_class_maps_are_tracked_like_probabilities(overlap):
    path = dot_path(10)
    options = TrackOptions(overlap, link=False)
    classes, maps = (
        list(Tracker(bright_dot_release(outputs=1, head=head), options).track_frames(dot_frames(path)))
        for head in ("classes", "sigmoid")
    )
    np.testing.assert_allclose([row[:4] for row in classes], [row[:4] for row in maps], atol=0.05)
    assert [row.visible for row in classes] == [position is not None for position in path]


def test_the_package_exports_load_track_and_its_version():
    assert callable(tracknet_jax.track)
    assert callable(tracknet_jax.load)
    assert tracknet_jax.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="nothing_such"):
        tracknet_jax.nothing_such  # noqa: B018


@pytest.mark.parametrize("overlap", ["none", "weighted"])
def test_a_larger_spot_off_the_trajectory_is_not_the_ball(overlap):
    path = [(10.0 + 2 * t, 18.0) for t in range(20)]
    frames = list(dot_frames(path))
    frames[9][2:8, 52:60] = 255
    linked, alone = (
        list(Tracker(bright_dot_release(), TrackOptions(overlap, link=link)).track_frames(frames))
        for link in (True, False)
    )
    np.testing.assert_allclose([(row.x, row.y) for row in linked], path, atol=0.6)
    np.testing.assert_allclose((alone[9].x, alone[9].y), (55.5, 4.5), atol=0.6)


@pytest.mark.parametrize(("threshold", "candidates"), [(0.5, 0), (0.01, 1)])
def test_a_low_threshold_lets_fainter_candidates_in(threshold, candidates):
    maps = np.zeros((1, 36, 64), np.float32)
    maps[0, 10, 20] = 0.015
    found = detector.decode(maps, threshold, np.ones((36, 64), bool), several=True)
    assert int((np.asarray(found.confidence) > 0).sum()) == candidates
