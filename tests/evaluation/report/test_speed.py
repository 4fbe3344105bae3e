"""Speeds of labelled balls, and scores by them."""

from dataclasses import replace

import numpy as np

from tests.helpers.labelled_clips import clip_score
from tracknet_jax.evaluation.footage import Footage
from tracknet_jax.evaluation.report.speed import ball_speeds, by_speed
from tracknet_jax.scoring.metrics import FN, FP1, FP2, TN, TP, Counts

NAN = np.nan


def moving(codes, x, frame=None, size=(512, 288)):
    """A clip whose ball is at `x` on a row, NaN where there is none."""
    score = clip_score("a", codes, [NAN] * len(codes))
    truth = np.stack([np.array(x, float), np.where(np.isnan(x), NAN, 50)], -1)
    frame = score.frame if frame is None else np.array(frame)
    return replace(score, footage=Footage(score.clip, size, score.footage.frames), truth=truth, frame=frame)


def test_the_mean_of_the_steps_before_and_after():
    score = moving([TP, TP, TP, TN, TP, FN], [0, 4, 14, NAN, 30, 30.5])
    np.testing.assert_allclose(ball_speeds(score), [4, 7, 10, NAN, 0.5, 0.5])


def test_pixels_are_those_of_512x288():
    np.testing.assert_allclose(ball_speeds(moving([TP, TP], [0, 40], size=(1280, 720))), [16, 16])


def test_frames_between_which_one_is_missing_are_no_step():
    score = moving([TP] * 4, [0, 4, 40, 44], frame=[0, 1, 3, 4])
    np.testing.assert_allclose(ball_speeds(score), [4, 4, 4, 4])


def test_frames_that_count_several_times():
    score = moving([TP, TP, FN, TP], [0, 6, 6, 8], frame=[0, 1, 1, 2])
    np.testing.assert_allclose(ball_speeds(score), [6, 4, 4, 2])


def test_classes():
    slow = moving([TP, FP1, TN, FP2, FN], [0, 1, NAN, NAN, 9])
    fast = moving([FN, FN, TP], [0, 60, 60])
    assert by_speed([slow, fast]) == {
        "0 to 2": Counts(tp=2, fp1=1),
        "20 to 40": Counts(fn=1),
        "40 and more": Counts(fn=1),
        "unknown": Counts(fn=1),
    }
    assert by_speed([moving([TP, TP], [0, 2])]) == {"2 to 5": Counts(tp=2)}  # an edge begins a class
