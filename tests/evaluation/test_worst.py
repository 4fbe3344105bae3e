"""The contact sheet: which errors are shown, and that the right frames are drawn."""

import cv2
import numpy as np
import pytest
from labelled_clips import flight, make_clip, true_rows, write_csv

from tracknet_jax.errors import UserError
from tracknet_jax.evaluation import worst
from tracknet_jax.evaluation.footage import of_files
from tracknet_jax.evaluation.predictions import score_predictions
from tracknet_jax.evaluation.worst import TILE, Error, worst_errors, write_contact_sheet
from tracknet_jax.metrics import FN, FP1, FP2
from tracknet_jax.protocols import protocol


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


def test_every_error_gets_a_tile_with_its_marks(scores, tmp_path):
    errors = worst_errors(scores)
    write_contact_sheet(tmp_path / "worst.png", errors)
    sheet = cv2.imread(str(tmp_path / "worst.png"))
    assert sheet.shape == (2 * (TILE[1] + worst.CAPTION), worst.COLUMNS * TILE[0], 3)
    for k, error in enumerate(errors):
        top, left = (k // worst.COLUMNS) * (TILE[1] + worst.CAPTION), (k % worst.COLUMNS) * TILE[0]
        tile = sheet[top : top + TILE[1], left : left + TILE[0]].astype(int)
        greenish = (tile[..., 1] > tile[..., 2] + 60).any()
        reddish = (tile[..., 2] > tile[..., 1] + 60).any()
        assert greenish == (error.code in (FP1, FN))
        assert reddish == (error.code in (FP1, FP2))
        # The white dot of that very frame is in the crop wherever there is a ball.
        assert (tile.min(-1) > 200).any() == (error.code != FP2)


def test_a_miss_of_a_ball_that_is_not_located_shows_the_whole_frame(clips, tmp_path):
    rows = [(n, 0, 0, 0) for n in range(6)]
    write_csv(tmp_path / "csv" / "rally1.csv", rows)
    (score,) = score_predictions([of_files(clips[1])], tmp_path / "csv", protocol("tracknet_v5"))
    (error,) = (Error(score, i) for i in np.flatnonzero(score.codes == FN) if score.frame[i] == 4)
    write_contact_sheet(tmp_path / "worst.png", [error])
    assert cv2.imread(str(tmp_path / "worst.png")).shape[0] == TILE[1] + worst.CAPTION


def test_no_errors(tmp_path):
    write_contact_sheet(tmp_path / "worst.png", [])
    assert cv2.imread(str(tmp_path / "worst.png")) is not None


def test_a_format_that_is_no_picture(scores, tmp_path):
    with pytest.raises(UserError, match=r"worst\.txt"):
        write_contact_sheet(tmp_path / "worst.txt", worst_errors(scores))
