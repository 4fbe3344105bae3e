"""Scored clips together, on codes and distances made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.labelled_clips import clip_score
from tracknet_jax.data.clips import Clip, Labels
from tracknet_jax.evaluation.footage import Footage, check_labels
from tracknet_jax.evaluation.scores import Scores
from tracknet_jax.scoring.metrics import FN, FP1, FP2, IGNORED, TN, TP, Counts
from tracknet_jax.scoring.protocols import protocol
from tracknet_jax.utils.errors import UserError

NAN = np.nan
CLIPS = (
    clip_score("a", [TP, FP1, FN, FP1, TP, IGNORED], [1, 6, NAN, 20, 4, NAN], [1, 1, 2, 3, 2, 255], "tennis"),
    clip_score("b", [TN, FP2, TP], [NAN, NAN, 3], [0, 0, 1], "padel"),
)
SCORES = Scores(protocol("default"), CLIPS)


def test_total_and_sports():
    assert SCORES.total == Counts(tp=3, tn=1, fp1=2, fp2=1, fn=1, ignored=1)
    assert SCORES.by_sport == {
        "padel": Counts(tp=1, tn=1, fp2=1),
        "tennis": Counts(tp=2, fp1=2, fn=1, ignored=1),
    }


def test_another_tolerance_moves_only_right_and_wrong_places():
    by_tolerance = SCORES.by_tolerance([2, 4, 8])
    assert [by_tolerance[t].tp for t in (2, 4, 8)] == [1, 3, 4]
    assert [by_tolerance[t].fp1 for t in (2, 4, 8)] == [4, 2, 1]
    assert all(replace(c, tp=3, fp1=2) == SCORES.total for c in by_tolerance.values())
    strict = Scores(protocol("tracknet_v5"), CLIPS).by_tolerance([4])[4]
    assert strict.tp == 2


def test_visibility_classes():
    assert SCORES.by_visibility == {
        "no ball": Counts(tn=1, fp2=1),
        "clear": Counts(tp=2, fp1=1),
        "hard to see": Counts(tp=1, fn=1),
        "occluded": Counts(fp1=1),
    }


def test_distances_where_both_are_there():
    found = [1, 6, 20, 4, 3]
    assert SCORES.localisation["median"] == SCORES.localisation["source_median"] == np.median(found)
    assert SCORES.localisation["p95"] == pytest.approx(np.percentile(found, 95))


def test_longest_miss_counts_wrong_places_and_skips_ignored_frames():
    assert [clip.longest_miss for clip in CLIPS] == [3, 0]
    assert clip_score("c", [FN, IGNORED, FN, TP, FN], [NAN] * 5).longest_miss == 2


def test_interval_holds_the_score_and_needs_two_clips():
    low, high = SCORES.interval("f1")
    assert low <= SCORES.total.f1 <= high
    assert Scores(SCORES.rule, CLIPS[:1]).interval("f1") is None


def labels(frames, visibility):
    return Labels(np.array(frames), np.zeros((len(frames), 2), np.float32), np.array(visibility, np.uint8))


def test_labels_of_frames_that_cannot_be_decoded():
    clip = Clip("game1/Clip1", (), labels([0, 1, 5, 6, 9], [1, 1, 1, 0, 255]))
    clip = Footage(clip, (512, 288), lambda: iter(()))
    check_labels(clip, np.arange(7))
    with pytest.raises(UserError, match="game1/Clip1: labels of 2 frames, from frame 5 on"):
        check_labels(clip, np.arange(5))


def test_the_histogram_of_distances():
    first = clip_score("a", [TP, TP, FP1, FP1, FN], [0.1, 0.5, 7.9, 8, NAN])
    second = clip_score("b", [TP, FP2, FP1], [4, 1, 300])  # an FP2 has no ball to be far from
    histogram = Scores(protocol("default"), (first, second)).distance_histogram
    assert histogram.edges.tolist() == np.arange(0, 8.5, 0.5).tolist()
    assert np.flatnonzero(histogram.counts).tolist() == [0, 1, 8, 15]
    assert histogram.counts.sum() == 4
    assert histogram.farther == 2
