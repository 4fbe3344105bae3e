"""Runs of outcomes."""

from dataclasses import replace

import numpy as np

from tests.helpers.labelled_clips import clip_score
from tracknet_jax.evaluation.report.timeline import timeline
from tracknet_jax.scoring.metrics import FN, FP1, FP2, IGNORED, TN, TP

NAN = np.nan


def test_runs():
    score = clip_score("a", [TP, TP, FN, IGNORED, TN, TN], [1, 1] + [NAN] * 4)
    assert timeline(score) == [(0, 1, TP), (2, 2, FN), (3, 3, IGNORED), (4, 5, TN)]


def test_frames_that_were_not_scored_are_in_no_run():
    score = replace(clip_score("a", [TP] * 4, [1] * 4), frame=np.array([3, 4, 7, 8]))
    assert timeline(score) == [(3, 4, TP), (7, 8, TP)]


def test_the_worst_of_a_frame_that_counts_several_times():
    codes = [TP, FN, TP, FP1, TN, FP2, TN]
    score = replace(clip_score("a", codes, [NAN] * 7), frame=np.array([0, 0, 1, 1, 2, 2, 2]))
    assert [run.code for run in timeline(score)] == [FN, FP1, FP2]


def test_frames_that_share_a_column_have_the_worst_outcome_among_them():
    codes = [TN, TP, TP, FP2, FP1, FP2, FN, FP1, IGNORED, TN, TP]
    score = replace(
        clip_score("a", codes, [NAN] * 11), frame=np.array([5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17])
    )
    # 5 6 | 7 8 | 9 10 | 11 12 | 13 14 | 15 16 | 17, of which 13 and 14 are not scored
    halved = [(5, 6, TP), (7, 8, FP2), (9, 10, FP1), (11, 12, FN), (15, 16, TN), (17, 17, TP)]
    assert timeline(score, columns=7) == halved
    assert timeline(score, columns=12) == halved
    assert timeline(score, columns=13) == timeline(score)
    assert timeline(score, columns=1) == [(5, 17, FN)]


def test_no_frames():
    assert timeline(clip_score("a", [], [])) == timeline(clip_score("a", [], []), columns=3) == []
