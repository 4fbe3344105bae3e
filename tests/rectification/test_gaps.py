"""Which gaps are filled: the rule case by case, and the reference's masks number by number."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.reference import load_golden
from tracknet_jax.rectification.gaps import QAZ_RULE, Gap, GapRule, fillable_gaps, gaps, inpaint_mask
from tracknet_jax.rectification.rectify import interpolate
from tracknet_jax.utils.errors import UserError

SIZE = (512, 288)
STILL = GapRule(top=0.1, follow=False, longest=None, fastest=None)  # the line is at 28.8


def column(*heights) -> np.ndarray:
    """A ball at x = 100 at these heights; None: no ball."""
    return np.array([(np.nan, np.nan) if y is None else (100.0, y) for y in heights])


def filled(xy, rule, fps=30.0) -> list[Gap]:
    return list(fillable_gaps(xy, SIZE, fps, rule))


@pytest.mark.parametrize(
    ("heights", "rule", "expected"),
    [
        ((50, None, None, 60), STILL, [(1, 3)]),
        ((50, 60), STILL, []),
        ((20, None, 60), STILL, []),  # last seen in the top tenth
        ((60, None, 20), STILL, []),  # comes from there
        ((28.8, None, 60), STILL, []),  # on the line
        ((28.9, None, 60), STILL, [(1, 2)]),
        ((None, 60, None), STILL, []),
        ((None, 60, None), replace(STILL, open_start=True), [(0, 1)]),
        ((None, 60, None), replace(STILL, open_end=True), [(2, 3)]),
        ((None, 20, 60), replace(STILL, open_start=True), []),
        ((60, 20, None), replace(STILL, open_end=True), []),
        ((None, None), replace(STILL, open_start=True, open_end=True), []),  # nothing to go by
        ((50, None, 60), replace(STILL, legacy_frame_1=True), []),
        ((50, 50, None, 60), replace(STILL, legacy_frame_1=True), [(2, 3)]),
    ],
)
def test_sides_and_top(heights, rule, expected):
    assert filled(column(*heights), rule) == expected


@pytest.mark.parametrize(
    ("heights", "expected"),
    [
        ((70, 50, None, None, None, 50, 70), []),  # 20 a frame upwards, two frames to the middle: at 10
        ((54, 50, None, None, None, 50, 54), [(2, 5)]),  # at 42
        ((70, 50, None, 50, 70), [(2, 3)]),  # one frame to the middle: at 30, just below the line
        ((54, 50, None, None, None, 50, 70), []),  # it comes down from there
        ((30, 50, None, None, None, 50, 30), [(2, 5)]),  # downwards on both sides
        ((None, 50, None, None, None, 50, None), [(2, 5)]),  # speed not known
    ],
)
def test_a_ball_on_its_way_out_through_the_top(heights, expected):
    assert filled(column(*heights), replace(STILL, follow=True)) == expected


def test_longest_gap_is_in_seconds():
    xy = column(50, *[None] * 6, 50)
    rule = replace(STILL, longest=0.2)
    assert filled(xy, rule, fps=30) == [(1, 7)]
    assert filled(xy, rule, fps=29) == []


def test_what_no_ball_can_fly_is_not_one_ball():
    xy = np.array([(100, 100), (np.nan, np.nan), (160, 180)])  # 100 px in two frames
    for widths_per_second, expected in ((30 * 49 / 512, []), (30 * 51 / 512, [(1, 2)])):
        assert filled(xy, replace(STILL, fastest=widths_per_second)) == expected


def test_gaps_are_the_runs_without_a_ball():
    for bits in range(2**7):
        found = np.array([bits >> i & 1 for i in range(7)], bool)
        covered = np.zeros(7, bool)
        for start, stop in gaps(found):
            assert start < stop
            assert not covered[max(start - 1, 0) : stop].any()  # apart from each other
            covered[start:stop] = True
        np.testing.assert_array_equal(covered, ~found)


@pytest.mark.parametrize("threshold", [30, 36])
def test_the_references_masks(threshold: int):
    golden, _ = load_golden("inpaint")
    rule = replace(QAZ_RULE, top=threshold / 288)
    for case, mask in zip(sequences(golden), golden[f"mask_rule/mask_th{threshold}"], strict=True):
        np.testing.assert_array_equal(inpaint_mask(case, SIZE, 30, rule), mask)


def test_the_references_lines():
    golden, _ = load_golden("inpaint")
    for case, expected in zip(sequences(golden), golden["mask_rule/linear_interp_x_th30"], strict=True):
        # The reference takes the last frame for missing, also where it is not.
        runs = [gap for gap in filled(case, QAZ_RULE) if gap.stop < len(case) - 1]
        lines = interpolate(case, runs, legacy_spacing=True)[:, 0]
        x = np.where(np.isnan(lines), expected, lines)
        assert np.isfinite(lines).sum() == sum(stop - start for start, stop in runs)
        np.testing.assert_array_equal(np.floor(x + 1e-9), expected)  # it keeps whole pixels


def sequences(golden) -> np.ndarray:
    xy = np.stack([golden["mask_rule/x"], golden["mask_rule/y"]], axis=-1).astype(float)
    return np.where(golden["mask_rule/vis"][..., None] > 0, xy, np.nan)


def test_lines_are_evenly_spaced_and_constant_at_open_ends():
    xy = np.array([[np.nan] * 2, (0, 10), [np.nan] * 2, [np.nan] * 2, (30, 40), [np.nan] * 2])
    lines = interpolate(xy, gaps(np.isfinite(xy[:, 0])))
    np.testing.assert_allclose(lines[[0, 2, 3, 5]], [(0, 10), (10, 20), (20, 30), (30, 40)])
    assert np.isnan(lines[[1, 4]]).all()


@pytest.mark.parametrize("wrong", [{"top": 1.0}, {"top": -0.1}, {"longest": 0.0}, {"fastest": -1.0}])
def test_rules_that_cannot_be_are_told(wrong):
    with pytest.raises(UserError, match=next(iter(wrong))):
        GapRule(**wrong)
