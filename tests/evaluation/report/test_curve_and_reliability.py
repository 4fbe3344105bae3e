"""Curves over thresholds against scoring again without the weak detections; calibration on known answers."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.labelled_clips import SIZE, clip_score
from tracknet_jax.data.clips import Clip, Labels
from tracknet_jax.evaluation.clip_score import score_frames
from tracknet_jax.evaluation.footage import Footage
from tracknet_jax.evaluation.report.curve import best_point, confidences_known, threshold_curve
from tracknet_jax.evaluation.report.reliability import expected_calibration_error, reliability
from tracknet_jax.scoring.metrics import FN, FP1, FP2, IGNORED, TN, TP, Counts, average_precision
from tracknet_jax.scoring.protocols import PROTOCOLS


def random_clip(rng, count=60):
    """Labels of every kind; detections right, wrong, needless or missing, as those below 0.3."""
    visibility = rng.choice([0, 1, 2, 3, 255], count).astype(np.uint8)
    truth = rng.uniform(20, 60, (count, 2)).astype(np.float32)
    truth[(visibility == 0) | (rng.random(count) < 0.2)] = np.nan
    found = np.where(np.isfinite(truth), truth, 30) + rng.choice([0.1, 8], (count, 1))
    confidence = rng.random(count).round(2)
    found[confidence < 0.3] = np.nan
    footage = Footage(Clip("a", (), Labels(np.arange(count), truth, visibility)), SIZE, lambda: iter(()))
    return footage, found, np.where(confidence < 0.3, 0, confidence)


@pytest.mark.parametrize("name", ["default", "tracknet_v5", "wasb"])
def test_every_point_is_the_score_without_weaker_detections(name):
    rule, rng = PROTOCOLS[name], np.random.default_rng(3)
    clips = [random_clip(rng) for _ in range(2)]
    frame = np.arange(60)
    scores = [score_frames(footage, rule, frame, xy, confidence) for footage, xy, confidence in clips]
    curve = threshold_curve(scores, rule)
    thresholds = [point.threshold for point in curve]
    assert len(curve) > 20
    assert thresholds == sorted(set(thresholds))
    assert curve[0].counts == sum((s.counts for s in scores), Counts())
    for threshold, counts in curve[:: len(curve) // 8]:
        kept = [
            score_frames(
                footage, rule, frame, np.where(confidence[:, None] >= threshold, xy, np.nan), confidence
            )
            for footage, xy, confidence in clips
        ]
        assert counts == sum((s.counts for s in kept), Counts())


def test_the_best_threshold():
    score = clip_score("a", [TP, TP, FP2, FP2], [1, 1, np.nan, np.nan])
    score = replace(score, confidence=np.array([0.9, 0.8, 0.4, 0.3]))
    curve = threshold_curve([score], PROTOCOLS["default"])
    assert [point.counts.precision for point in curve] == [2 / 4, 2 / 3, 1, 1]
    assert best_point(curve, "f1").threshold == 0.8
    assert average_precision(score.codes, score.confidence) == 1


def test_trackers_without_confidences():
    score = clip_score("a", [TP, TP, FN, FP2], [1, 1, np.nan, np.nan])
    assert confidences_known([score])
    assert not confidences_known([replace(score, confidence=np.array([1.0, 1, 0, 1]))])
    # Filled gaps have 0 beside the 1 of what such a tracker found.
    assert not confidences_known([replace(score, confidence=np.array([1.0, 0, 0, 1]))])
    assert not confidences_known([])
    silent = clip_score("a", [TN, FN], [np.nan, np.nan])
    assert not confidences_known([silent])
    assert threshold_curve([silent], PROTOCOLS["default"]) == []


def test_reliability_by_hand():
    score = clip_score("a", [TP, FP1, TP, FP2, TP, FN, TN, IGNORED, TP], [1, 9, 1] + [np.nan] * 6)
    score = replace(score, confidence=np.array([0.55, 0.65, 0.95, 0.95, 1, 0.95, 0.95, 0.95, 0]))
    bins = {b.low: b for b in reliability([score], bins=2)}
    assert [b.count for b in bins.values()] == [0, 5]
    assert (bins[0.5].confidence, bins[0.5].right) == pytest.approx((0.82, 0.6))
    assert expected_calibration_error(list(bins.values())) == pytest.approx(0.22)

    tenths = reliability([score])
    assert [(b.low, b.count) for b in tenths if b.count] == [(0.5, 1), (0.6, 1), (0.9, 3)]
    expected = (abs(1 - 0.55) + abs(0 - 0.65) + 3 * abs(2 / 3 - 2.9 / 3)) / 5
    assert expected_calibration_error(tenths) == pytest.approx(expected)
    assert expected_calibration_error(reliability([clip_score("b", [TN], [np.nan])])) == 0


def test_a_calibrated_tracker_has_little_error():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0, 1, 20_000)
    codes = np.where(rng.random(20_000) < confidence, TP, FP2)
    score = replace(clip_score("a", codes, np.full(20_000, np.nan)), confidence=confidence)
    assert expected_calibration_error(reliability([score])) < 0.02
    # Twice as far from one half: 0.25 to 0.75 became 0 to 1.
    bolder = replace(score, confidence=np.clip(2 * confidence - 0.5, 1e-6, 1))
    assert expected_calibration_error(reliability([bolder])) == pytest.approx(0.125, abs=0.02)
