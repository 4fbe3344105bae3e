"""The contact sheet: which errors are shown, and that the right frames are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.labelled_clips import clip_score, flight, make_clip, true_rows, write_csv
from tracknet_jax.data.inspection.contact_sheet import COLUMNS, TILE, cell_size
from tracknet_jax.evaluation.footage import of_files
from tracknet_jax.evaluation.others.predictions import score_predictions
from tracknet_jax.evaluation.report.worst import SPACING, Error, error_sheet, worst_errors
from tracknet_jax.scoring.metrics import FN, FP1, FP2, TN, TP
from tracknet_jax.scoring.protocols import protocol


@pytest.fixture
def scores(tmp_path):
    """70 frames: misses of 2 and 4 frames, wrong places at 20 and (farther) 60, a false detection at 10."""
    xy = flight(70, start=(10.0, 10.0), step=(1.0, 0.5))
    xy[10] = np.nan
    clip = make_clip(tmp_path, "game1/Clip1", xy, np.where(np.isfinite(xy[:, 0]), 1, 0))
    rows = true_rows(clip)
    for frame in (0, 1, 46, 47, 48, 49):
        rows[frame] = (frame, 0, 0, 0)
    rows[20] = (20, 1, 10, 60)
    rows[60] = (60, 1, 5, 5)
    rows[10] = (10, 1, 100, 20)
    write_csv(tmp_path / "csv" / "game1" / "Clip1.csv", rows)
    return list(score_predictions([of_files(clip)], tmp_path / "csv", protocol("default")))


def test_the_worst_of_each_kind_and_not_its_neighbours(scores):
    errors = worst_errors(scores)
    assert [(error.code, error.frame) for error in errors] == [
        (FP1, 60),
        (FP1, 20),
        (FP2, 10),
        (FN, 46),
        (FN, 0),
    ]
    assert [error.frame for error in worst_errors(scores, count=3)] == [60, 10, 46]


def test_false_detections_by_confidence_wrong_places_by_distance_misses_by_their_run():
    codes = [FP2, TN, FP2, TN, FP1, TP, FP1, FN, TP, FN, FN, FP2]
    distance = [np.nan] * 4 + [5, 1, 9, np.nan, 1, np.nan, np.nan, np.nan]
    score = replace(
        clip_score("a", codes, distance),
        frame=SPACING * np.arange(12),
        confidence=np.array([0.5, 0, 0.8, 0, 0.9, 0.9, 0.3, 0, 0.9, 0, 0, 0.6]),
    )
    assert [error.index for error in worst_errors([score])] == [6, 4, 2, 11, 0, 9, 10, 7]


def test_every_error_gets_a_tile_with_its_marks(scores):
    errors = worst_errors(scores)
    sheet = error_sheet(errors)
    width, height = cell_size(2)
    assert sheet.shape == (2 * height, COLUMNS * width, 3)
    for k, error in enumerate(errors):
        top, left = (k // COLUMNS) * height + 2, (k % COLUMNS) * width + 2
        tile = sheet[top : top + TILE[1], left : left + TILE[0]].astype(int)
        greenish = (tile[..., 1] > tile[..., 0] + 60).any()
        reddish = (tile[..., 0] > tile[..., 1] + 60).any()
        assert greenish == (error.code in (FP1, FN))
        assert reddish == (error.code in (FP1, FP2))
        # Colour, not the black around it, is what a mark is seen by.
        circle = (tile[..., 1] > tile[..., 0] + 60) & (tile[..., 1] > tile[..., 2] + 60)
        assert circle.sum() > 200 or error.code == FP2
        # The white dot of that very frame is in the crop wherever there is a ball.
        assert (tile.min(-1) > 200).any() == (error.code != FP2)


def test_a_miss_of_a_ball_that_is_not_located_shows_the_whole_frame(clips, tmp_path):
    rows = [(n, 0, 0, 0) for n in range(6)]
    write_csv(tmp_path / "csv" / "rally1.csv", rows)
    (score,) = score_predictions([of_files(clips[1])], tmp_path / "csv", protocol("tracknet_v5"))
    (error,) = (Error(score, i) for i in np.flatnonzero(score.codes == FN) if score.frame[i] == 4)
    assert error_sheet([error]).shape[1::-1] == cell_size(2)


def test_no_errors():
    assert error_sheet([]).max() > 200  # says so
