"""Other trackers' CSV files: found by the clip's name, read row by row, scored on the labelled frames."""

from dataclasses import replace

import pytest

from tests.helpers.labelled_clips import true_rows, write_csv
from tracknet_jax.evaluation.footage import find_footage, of_files
from tracknet_jax.evaluation.others.predictions import find_csvs, score_predictions
from tracknet_jax.scoring.metrics import Counts
from tracknet_jax.scoring.protocols import protocol
from tracknet_jax.utils.errors import UserError


def scores(clips, folder, name="default", **options):
    return {
        s.clip.name: s
        for s in score_predictions(list(map(of_files, clips)), folder, protocol(name), **options)
    }


@pytest.fixture
def folder(tmp_path, clips):
    for clip in clips:
        write_csv(tmp_path / "csv" / f"{clip.name}_ball.csv", true_rows(clip))
    return tmp_path / "csv"


def test_the_truth_scores_full_marks(clips, folder):
    found = scores(clips, folder)
    assert found["game1/Clip1"].counts == Counts(tp=10)
    assert found["match1/rally1"].counts == Counts(tp=4, tn=1, ignored=1)


def test_each_kind_of_error(clips, folder):
    rows = true_rows(clips[1])
    rows[0] = (0, 1, rows[0][2] + 1, rows[0][3])  # 4 px at 512x288: just right
    rows[1] = (1, 1, rows[1][2] + 1.01, rows[1][3])  # too far
    rows[2] = (2, 1, 5, 5)  # nothing there
    rows[3] = (3, 0, 0, 0)  # missed
    write_csv(folder / "match1" / "rally1_ball.csv", rows)
    score = scores(clips, folder)["match1/rally1"]
    assert score.counts == Counts(tp=2, fp1=1, fp2=1, fn=1, ignored=1)
    assert score.distance[0] == pytest.approx(4)
    assert score.longest_miss == 1


def test_rows_may_come_unordered_and_beyond_the_labels(clips, folder):
    write_csv(folder / "game1" / "Clip1_ball.csv", [*reversed(true_rows(clips[0])), (10, 1, 3, 3)])
    assert scores(clips, folder)["game1/Clip1"].counts == Counts(tp=10)


def test_a_windows_protocol_counts_each_row_once(clips, folder):
    counts = scores(clips, folder, "tracknet_v5")["match1/rally1"].counts
    assert counts == Counts(tp=4, tn=1, fn=1)  # visible, not located, not found: a miss under V5's rule


@pytest.mark.parametrize(
    "name", ["game1_Clip1_ball.csv", "game1/Clip1.csv", "Clip1_ball.csv", "game1_Clip1.csv"]
)
def test_names_of_the_files(clips, tmp_path, name):
    write_csv(tmp_path / "csv" / name, true_rows(clips[0]))
    assert find_csvs(tmp_path / "csv", clips[:1]) == {"game1/Clip1": tmp_path / "csv" / name}


def test_a_short_name_that_two_clips_share_is_not_used(clips, tmp_path):
    twin = replace(clips[0], name="game2/Clip1")
    write_csv(tmp_path / "csv" / "Clip1_ball.csv", true_rows(clips[0]))
    with pytest.raises(
        UserError, match=r"no predictions for clip game1/Clip1; expected game1/Clip1_ball.csv"
    ):
        find_csvs(tmp_path / "csv", [clips[0], twin])


def test_no_folder(clips, tmp_path):
    with pytest.raises(UserError, match="nowhere: not a folder"):
        find_csvs(tmp_path / "nowhere", clips)


def test_missing_rows(clips, folder):
    write_csv(folder / "game1" / "Clip1_ball.csv", true_rows(clips[0])[:8])
    with pytest.raises(
        UserError, match=r"Clip1_ball.csv: no row for frame 8, in all for 2 of the 10 labelled"
    ):
        scores(clips, folder)
    assert scores(clips, folder, allow_missing_rows=True)["game1/Clip1"].counts == Counts(tp=8, fn=2)


def test_two_rows_of_one_frame(clips, folder):
    rows = true_rows(clips[0])
    write_csv(folder / "game1" / "Clip1_ball.csv", [*rows, rows[3]])
    with pytest.raises(UserError, match=r"Clip1_ball.csv: frame 3 has two rows"):
        scores(clips, folder)


def test_a_row_that_is_not_numbers(clips, folder):
    write_csv(folder / "game1" / "Clip1_ball.csv", [(0, 1, "left", 3)])
    with pytest.raises(UserError, match=r"Clip1_ball.csv.*line 2"):
        scores(clips, folder)


def test_the_labels_of_real_clips_score_full_marks(real_data, tmp_path):
    footage = find_footage(real_data / "clips288", split="val", sport="tennis")
    for clip in footage:
        write_csv(tmp_path / f"{clip.clip.name}.csv", true_rows(clip.clip))
    scored = score_predictions(footage, tmp_path, protocol("default"))
    assert sum((score.counts for score in scored), Counts()) == Counts(tp=728, tn=75, ignored=1)


def test_a_public_csv_of_tracknet_v2_reads_as_predictions(real_data):
    match = real_data / "native" / "shuttlecock" / "Professional" / "match1"
    (score,) = score_predictions(find_footage(match), match / "csv", protocol("tracknet_v3"))
    assert score.counts.tp + score.counts.tn == score.counts.frames > 100
