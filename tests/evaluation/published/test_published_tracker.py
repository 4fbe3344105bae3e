"""The protocols that count frames and have a decoder of their own, against the references' rules written out."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.fake_release import bright_dot_logits, bright_dot_release, dot_frames
from tests.helpers.labelled_clips import flight, make_clip
from tracknet_jax.evaluation.footage import of_files
from tracknet_jax.evaluation.published.published_tracker import PublishedTracker
from tracknet_jax.evaluation.score_release import score_release
from tracknet_jax.heatmaps.reference_decoders import bbox
from tracknet_jax.scoring.metrics import Counts
from tracknet_jax.scoring.protocols import protocol
from tracknet_jax.tracking.track_options import TrackOptions

FRAMES = list(dot_frames([(10 + 4 * t, 12 + t) if t != 4 else None for t in range(11)]))


def window_maps(start):
    """The fake's probabilities (3, H, W) of the window that begins at frame `start`."""
    return 1 / (
        1 + np.exp(-bright_dot_logits(np.stack(FRAMES[start : start + 3])[None].astype(np.float64), 3)[0])
    )


def average_map(t, weights):
    """TrackNetV3's map of frame t: windows that are there, the weights of those that hold it in the middle."""
    starts = [s for s in range(max(0, t - 2), min(8, t) + 1)]
    seen = np.stack([window_maps(s)[t - s] for s in starts])
    if len(starts) < 3:
        return seen.mean(axis=0)
    return np.average(seen, axis=0, weights=[weights[t - s] for s in starts])


def disjoint_map(t):
    """Windows at 0, 3, 6, and for the last two frames one that ends with the video."""
    return window_maps(t // 3 * 3)[t % 3] if t < 9 else window_maps(8)[t - 8]


MAPS = {
    "none": disjoint_map,
    "average": lambda t: average_map(t, [1, 1, 1]),
    "weighted": lambda t: average_map(t, [1, 2, 1]),
}


@pytest.mark.parametrize("overlap", MAPS)
def test_each_frame_is_the_largest_box_of_its_map(overlap):
    rows = list(PublishedTracker(bright_dot_release(), "bbox", overlap).track_frames(iter(FRAMES), first=5))
    assert [row.frame for row in rows] == list(range(5, 16))
    for t, row in enumerate(rows):
        blob = bbox(MAPS[overlap](t))
        assert (blob is None) == (t == 4) == (not row.visible)
        if blob is not None:
            assert (row.x, row.y) == (blob.x, blob.y)
            assert row.confidence == pytest.approx(blob.confidence, abs=1e-5)


@pytest.mark.parametrize("count", [1, 2])
def test_a_clip_shorter_than_a_window(count):
    rows = list(PublishedTracker(bright_dot_release(), "bbox", "weighted").track_frames(iter(FRAMES[:count])))
    assert [row.visible for row in rows] == [True] * count


def test_whole_pixels_at_exactly_the_tolerance(tmp_path):
    release = bright_dot_release(width=512, height=288)
    clip = make_clip(tmp_path, "a", flight(4, start=(500.0, 251.0), step=(15, 5)), [1] * 4, size=(1280, 720))
    tracks = tmp_path / "tracks"
    (score,) = score_release([of_files(clip)], release, protocol("tracknet_v3"), TrackOptions(), tracks)
    network = (score.predicted + 0.5) * 0.4 - 0.5
    np.testing.assert_allclose(network, np.round(network), atol=1e-4)
    assert score.counts == Counts(tp=4)
    off = clip.labels.xy + np.float32([10, 0])  # 4 px at 512x288
    moved = of_files(replace(clip, labels=replace(clip.labels, xy=off)))
    (score,) = score_release([moved], release, protocol("tracknet_v3"), TrackOptions())
    assert score.distance.tolist() == [4.0] * 4
    assert score.counts == Counts(tp=4)
