"""Platt scaling against the line that confidences were drawn from, and a search over a grid."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from tests.helpers.labelled_clips import clip_score
from tracknet_jax.evaluation.calibration import (
    Platt,
    calibrate,
    detections,
    expected_calibration_error,
    fit_platt,
    reliability,
)
from tracknet_jax.scoring.metrics import FN, FP1, FP2, IGNORED, TN, TP
from tracknet_jax.utils.errors import UserError


def draw(scale, shift, count, seed=0):
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.05, 0.95, count)
    return confidence, rng.random(count) < expit(scale * logit(confidence) + shift)


@pytest.mark.parametrize(("scale", "shift"), [(2.7, -0.9), (0.5, 0.4)])
def test_the_line_is_found_again(scale, shift):
    confidence, right = draw(scale, shift, 200_000)
    platt = fit_platt(confidence, right)
    assert platt == pytest.approx((scale, shift), abs=0.05)
    for low in (0.2, 0.6):  # a confidence means what it says
        chosen = (platt(confidence) > low) & (platt(confidence) < low + 0.1)
        assert right[chosen].mean() == pytest.approx(platt(confidence)[chosen].mean(), abs=0.02)


@pytest.mark.parametrize("shift", [True, False])
def test_no_line_of_a_grid_is_better(shift):
    confidence, right = draw(2.0, -0.5, 300)
    n, m = right.sum(), (~right).sum()
    target = np.where(right, (n + 1) / (n + 2), 1 / (m + 2))

    def cross_entropy(scale, offset):
        p = expit(scale * logit(confidence) + offset)
        return -np.mean(target * np.log(p) + (1 - target) * np.log(1 - p))

    platt = fit_platt(confidence, right, shift)
    assert shift or platt.shift == 0
    offsets = np.linspace(-2, 1, 61) if shift else [0.0]
    grid = min(cross_entropy(s, o) for s in np.linspace(0.5, 4, 141) for o in offsets)
    assert cross_entropy(*platt) <= grid + 1e-9


def test_only_detections_count():
    score = clip_score("a", [TP, FN, FP1, TN, FP2, IGNORED], [1, np.nan, 9, np.nan, np.nan, np.nan])
    confidence, right = detections([score])
    np.testing.assert_allclose(confidence, score.confidence[[0, 2, 4]])
    assert right.tolist() == [True, False, False]


def test_lines_one_behind_the_other():
    p = np.array([0.1, 0.5, 0.8])
    first, second = Platt(2.0, -1.0), Platt(0.5, 0.3)
    np.testing.assert_allclose(first.then(second)(p), second(first(p)))


def test_what_is_written_needs_no_further_line():
    # A frame's blob with the largest sum is found; sharper maps shrink that of a wide, faint one.
    narrow, right = draw(2.5, -0.5, 4000)
    wide = np.random.default_rng(1).uniform(0.02, 0.4, 4000)

    def score(platt):
        narrow_wins = platt(narrow) > 2 * platt(wide)
        codes = np.where(narrow_wins & right, TP, FP2)
        score = clip_score("a", codes, np.where(codes == TP, 1, np.nan))
        return [replace(score, confidence=platt(np.where(narrow_wins, narrow, wide)))]

    once = fit_platt(*detections(score(Platt(1.0, 0.0))))
    assert fit_platt(*detections(score(once))) != pytest.approx((1, 0), abs=0.1)
    found = calibrate(score)
    assert fit_platt(*detections(found.after)) == pytest.approx((1, 0), abs=0.03)
    np.testing.assert_array_equal(found.before[0].confidence, score(Platt(1.0, 0.0))[0].confidence)
    np.testing.assert_array_equal(found.after[0].confidence, score(found.platt)[0].confidence)


def test_nothing_found_stays_nothing_found():
    platt = fit_platt(*draw(2.0, 1.0, 500))
    assert platt(np.array([0.0])) == 0


def test_too_little_to_go_by():
    with pytest.raises(UserError, match="300 right and 0 wrong detections, expected 20 of each"):
        fit_platt(np.full(300, 0.7), np.ones(300, bool))
    confidence, right = draw(2.0, 0.0, 500)
    with pytest.raises(UserError, match="no higher confidence than wrong ones"):
        fit_platt(confidence, ~right)


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
