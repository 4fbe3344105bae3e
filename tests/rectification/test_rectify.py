"""Rectified tracks: what changes, what stays, and rows that stream by as the whole track has them."""

from fractions import Fraction

import jax
import numpy as np
import pytest

import tracknet_jax
from tests.helpers.dot_videos import write_video
from tests.helpers.fake_release import bright_dot_release
from tracknet_jax.models.rectifier import InpaintNet, RectifierConfig, init_rectifier
from tracknet_jax.rectification.gaps import GapRule
from tracknet_jax.rectification.rectify import Rectification, rectification, rectified_rows, rectify
from tracknet_jax.releases.release import RectifierRelease
from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.errors import UserError

NAN = float("nan")
SIZE = (512, 288)


@pytest.fixture(scope="module")
def release() -> RectifierRelease:
    config = RectifierConfig("narrow", widths=(4, 8))
    return RectifierRelease(InpaintNet(config), init_rectifier(config, jax.random.key(3)), config)


@pytest.fixture(params=["net", "physics", "linear"])
def how(request, release) -> Rectification:
    return Rectification(request.param, release=release if request.param == "net" else None)


def flight(count=300, seed=0) -> Track:
    """A ball that bounces between two heights, with gaps of all lengths and a few wrong detections."""
    rng = np.random.default_rng(seed)
    t = np.arange(count)
    xy = np.stack([256 + 200 * np.sin(t / 25), 200 - 120 * np.abs(np.sin(t / 11))], axis=-1)
    xy[rng.random(count) < 0.03] = (30, 250)
    missing = np.zeros(count, bool)
    for start in rng.integers(0, count, count // 14):
        missing[start : start + rng.integers(1, 22)] = True
    missing[:2] = missing[-3:] = True
    rows = [
        Row(frame, NAN, NAN, 0.0) if missing[frame] else Row(frame, x, y, 0.75, "detected")
        for frame, (x, y) in enumerate(xy.tolist())
    ]
    return Track.of(rows, Fraction(30), SIZE)


def test_detections_stay_and_new_rows_say_so(how):
    track = flight()
    whole = rectify(track, how)
    new = whole.visible & ~track.visible
    assert new.sum() >= 10
    np.testing.assert_array_equal(whole.source, np.where(new, "inpainted", track.source))
    np.testing.assert_array_equal(whole.xy[track.visible], track.xy[track.visible])
    np.testing.assert_array_equal(np.isfinite(whole.xy).all(-1), whole.visible)
    np.testing.assert_array_equal(whole.confidence, track.confidence)  # no network saw it
    assert (whole.xy[new] > -0.5).all()
    assert (whole.xy[new] < np.array(SIZE) - 0.5).all()
    assert not new[:2].any()  # nothing is known beyond the ends
    assert not new[-3:].any()
    assert not track.source.tolist().count("inpainted")  # the given track is as it was


def streamed_rows(track, how):
    """The rows of `rectified_rows`, each beside what it came with: its frame's number."""
    streamed = list(rectified_rows(((row.frame, row) for row in track.rows()), SIZE, 30.0, how))
    assert [beside for beside, _ in streamed] == track.frame.tolist()
    return [row for _, row in streamed]


def test_rows_that_stream_by_are_those_of_the_whole_track(how):
    track = flight()
    expected = list(rectify(track, how).rows())
    streamed = streamed_rows(track, how)
    assert [row[0] for row in streamed] == [row[0] for row in expected]
    assert [row.source for row in streamed] == [row.source for row in expected]
    np.testing.assert_allclose([row[1:4] for row in streamed], [row[1:4] for row in expected], atol=1e-3)


def test_rows_wait_no_longer_than_they_must(how):
    track, taken = flight(), []
    rows = (taken.append(row) or (None, row) for row in track.rows())
    for given, _ in enumerate(rectified_rows(rows, SIZE, 30.0, how)):
        assert len(taken) - given <= 33 + 16  # about a second, and one block


def test_without_a_longest_gap_the_rows_wait_for_the_end():
    track = flight(60)
    how = Rectification("linear", GapRule(longest=None))
    streamed = streamed_rows(track, how)
    assert [row.source for row in streamed] == rectify(track, how).source.tolist()


@pytest.mark.parametrize("count", [0, 1, 5])
def test_short_tracks(how, count):
    track = flight(30)
    short = Track(
        *(getattr(track, name)[:count] for name in ("frame", "visible", "x", "y", "confidence", "source")),
        fps=track.fps,
        size=track.size,
    )
    assert len(rectify(short, how)) == len(streamed_rows(short, how)) == count


def test_what_cannot_be_done_is_told(tmp_path):
    with pytest.raises(UserError, match="choose net, physics, linear"):
        Rectification("magic")
    with pytest.raises(UserError, match="needs the weights"):
        Rectification("net")
    with pytest.raises(UserError, match="'nowhere': no such folder"):
        rectification("net", "nowhere")
    with pytest.raises(UserError, match="needs the weights"):
        rectification("net")
    with pytest.raises(UserError, match="longest gap 0"):
        rectification("linear", longest=0)
    assert rectification("none") is None
    flight(20).to_csv(tmp_path / "a.csv")
    with pytest.raises(UserError, match="size of the picture"):
        rectify(Track.from_csv(tmp_path / "a.csv"))


def test_track_fills_gaps_when_asked(tmp_path, monkeypatch):
    """The dot hides in every seventh frame."""
    monkeypatch.setattr("tracknet_jax.tracking.videos.load_release", lambda name: bright_dot_release())
    video = write_video(tmp_path / "rally.mp4", 20)
    plain = tracknet_jax.track(video, link=False)
    filled = tracknet_jax.track(video, link=False, rectify="linear")
    assert filled.source.tolist() == ["inpainted" if i % 7 == 6 else "detected" for i in range(20)]
    again = tracknet_jax.rectify(plain, Rectification("linear"))
    np.testing.assert_array_equal(again.xy, filled.xy)
    assert tracknet_jax.track(video, link=False, rectify="linear", max_gap=0.03).visible.sum() == 18
