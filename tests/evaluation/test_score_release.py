"""A release scored through the tracker and window by window, with a network that finds bright dots."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.helpers.fake_release import bright_dot_release
from tests.helpers.labelled_clips import SIZE, flight, make_clip
from tracknet_jax.data.clips import Labels
from tracknet_jax.evaluation.footage import of_files
from tracknet_jax.evaluation.others.predictions import score_predictions
from tracknet_jax.evaluation.published.window_scores import score_windows
from tracknet_jax.evaluation.score_release import score_release
from tracknet_jax.scoring.metrics import Counts
from tracknet_jax.scoring.protocols import protocol
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.utils.errors import UserError

RELEASE = bright_dot_release(width=SIZE[0], height=SIZE[1])


def moved(clip, dx):
    """The same frames, labelled `dx` pixels to the right of the dots."""
    labels = Labels(clip.labels.frame, clip.labels.xy + np.float32([dx, 0]), clip.labels.visibility)
    return replace(clip, labels=labels)


def counts(clips, rule="default", options=TrackOptions(), **kwargs):
    footage = [of_files(clip) for clip in clips]
    return [s.counts for s in score_release(footage, RELEASE, protocol(rule), options, **kwargs)]


@pytest.mark.parametrize("overlap", ["none", "weighted"])
def test_every_frame_once_through_the_tracker(clips, overlap):
    found = counts(clips, options=TrackOptions(overlap=overlap, batch_size=2))
    assert found == [Counts(tp=10), Counts(tp=4, tn=1, ignored=1)]


def test_distance_is_that_of_the_protocol(clips):
    # The clips are 128 pixels wide, so that one pixel is four at 512.
    assert counts([moved(clips[0], 0.95)]) == [Counts(tp=10)]
    assert counts([moved(clips[0], 1.05)]) == [Counts(fp1=10)]
    assert counts([moved(clips[0], 1.05)], "wasb") == [Counts(tp=10)]  # 4 px of the source


def test_saved_tracks_score_the_same_as_predictions(clips, tmp_path):
    by_release = counts(clips, save_tracks=tmp_path / "tracks")
    footage = [of_files(clip) for clip in clips]
    from_files = score_predictions(footage, tmp_path / "tracks", protocol("default"))
    assert [score.counts for score in from_files] == by_release


def test_labels_beyond_the_frames(clips):
    labels = clips[0].labels
    longer = Labels(np.arange(12), np.tile(labels.xy[:1], (12, 1)), np.ones(12, np.uint8))
    with pytest.raises(UserError, match="game1/Clip1: labels of 2 frames, from frame 10 on"):
        counts([replace(clips[0], labels=longer)])


@pytest.mark.parametrize(("outputs", "entries"), [(3, 24), (1, 8)])
def test_every_output_of_every_window(clips, outputs, entries):
    release = bright_dot_release(width=SIZE[0], height=SIZE[1], outputs=outputs)
    score = score_windows(of_files(clips[0]), release, protocol("tracknet_v4"), batch=3)
    assert score.counts == Counts(tp=entries)
    times_seen = np.bincount(score.frame, minlength=10)
    assert times_seen.tolist() == ([1, 2, 3, 3, 3, 3, 3, 3, 2, 1] if outputs == 3 else [0, 0] + [1] * 8)


def test_windows_at_exactly_the_tolerance(tmp_path):
    release = bright_dot_release(width=512, height=288)
    clip = make_clip(tmp_path, "a", flight(4, start=(200.0, 100.0)), [1] * 4, size=(512, 288))
    footage = of_files(moved(clip, 4))
    assert score_windows(footage, release, protocol("tracknet_v4")).counts == Counts(tp=6)
    assert score_windows(footage, release, protocol("tracknet_v5")).counts == Counts(fp1=6)


def test_v1_counts_one_circle_a_window_with_its_own_decoder(tmp_path):
    release = bright_dot_release(width=640, height=360, outputs=1, head="classes")
    xy = flight(6, start=(100.0, 100.0), step=(30.0, 20.0))
    xy[4] = np.nan
    clip = make_clip(tmp_path, "a", xy, [1, 1, 1, 1, 0, 1], size=(640, 360))
    (score,) = score_release([of_files(clip)], release, protocol("tracknet_v1"), TrackOptions())
    assert score.frame.tolist() == [2, 3, 4, 5]  # V1 needs the two frames before
    assert score.counts == Counts(tp=3, tn=1)
    whole = (score.predicted[[0, 1, 3]] + 0.5) * 2 - 0.5  # circles lie on whole and half pixels of 1280x720
    np.testing.assert_allclose(2 * whole, np.rint(2 * whole), atol=1e-3)
    (tracked,) = score_release([of_files(clip)], release, protocol("default"), TrackOptions())
    assert tracked.counts == Counts(tp=5, tn=1)
    np.testing.assert_allclose(tracked.predicted[[0, 1, 2, 3, 5]], xy[[0, 1, 2, 3, 5]], atol=0.1)


@pytest.mark.parametrize("rule", ["default", "tracknet_v4"])
def test_a_background_is_that_of_the_whole_clip(tmp_path, rule):
    release = bright_dot_release(width=SIZE[0], height=SIZE[1], background="subtract")
    clip = make_clip(tmp_path, "a", flight(8, step=(9.0, 4.0)), [1] * 8)
    for file in clip.frames:
        frame = cv2.imread(str(file))
        frame[2:12, 100:116] = 255
        cv2.imwrite(str(file), frame)
    (score,) = score_release([of_files(clip)], release, protocol(rule), TrackOptions(link=False))
    assert score.counts == Counts(tp=8 if rule == "default" else 18)


def test_a_clip_shorter_than_a_window_has_no_window(tmp_path):
    clip = make_clip(tmp_path, "short", flight(2), [1, 1])
    assert counts([clip], "tracknet_v4") == [Counts()]
    assert counts([clip]) == [Counts(tp=2)]
