"""Curves over thresholds against scoring again without the weak detections."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.labelled_clips import SIZE, clip_score
from tracknet_jax.data.clips import Clip, Labels
from tracknet_jax.evaluation.clip_score import score_frames
from tracknet_jax.evaluation.footage import Footage
from tracknet_jax.evaluation.report.curve import confidences_known, threshold_curve
from tracknet_jax.scoring.metrics import FN, FP2, TN, TP, Counts, average_precision
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


def test_precision_rises_with_the_threshold():
    score = clip_score("a", [TP, TP, FP2, FP2], [1, 1, np.nan, np.nan])
    score = replace(score, confidence=np.array([0.9, 0.8, 0.4, 0.3]))
    curve = threshold_curve([score], PROTOCOLS["default"])
    assert [point.counts.precision for point in curve] == [2 / 4, 2 / 3, 1, 1]
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
