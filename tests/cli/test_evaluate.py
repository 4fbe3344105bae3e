"""`tracknet evaluate` as a user runs it: the table, the JSON, the contact sheet, and wrong input."""

import json

import cv2
import numpy as np
import pytest

from tests.helpers.fake_release import bright_dot_release
from tests.helpers.labelled_clips import SIZE, flight, make_clip, true_rows, write_csv
from tracknet_jax.cli.main import main

COUNTS = ("tp", "tn", "fp1", "fp2", "fn", "frames")
SCORES = ("accuracy", "precision", "recall", "recall_hit", "f1", "f1_hit")


@pytest.fixture
def data(tmp_path):
    """Two clips in the layout of the tennis set: ten balls; five balls, two frames without."""
    folder = tmp_path / "tennis"
    second = flight(7, start=(100.0, 60.0), step=(-6.0, -4.0))
    second[[0, 3]] = np.nan
    for name, xy in (("game1/Clip1", flight(10)), ("game2/Clip1", second)):
        clip = make_clip(folder, name, xy, np.isfinite(xy[:, 0]))
        rows = [
            (file.name, *((1, x, y) if np.isfinite(x) else (0, "", "")), "")
            for file, (x, y) in zip(clip.frames, xy.tolist(), strict=True)
        ]
        header = "file name,visibility,x-coordinate,y-coordinate,status"
        write_csv(folder / name / "Label.csv", rows, header)
        write_csv(tmp_path / "csv" / f"{name}_ball.csv", true_rows(clip))
    return folder


@pytest.fixture
def predictions(data, tmp_path):
    """Predictions of which one is far off and one is missed."""
    path = tmp_path / "csv" / "game1" / "Clip1_ball.csv"
    lines = path.read_text().splitlines()
    lines[3], lines[4] = "2,1,90,50", "3,0,0,0"
    path.write_text("\n".join(lines) + "\n")
    return tmp_path / "csv"


def run(*args):
    return main(["evaluate", *map(str, args)])


def test_predictions_of_another_tracker(data, predictions, tmp_path, capsys):
    report, sheet = tmp_path / "out" / "scores.json", tmp_path / "out" / "worst.png"
    assert run("--data", data, "--predictions", predictions, "--json", report, "--worst", sheet) == 0

    scores = json.loads(report.read_text())
    total = scores["total"]
    assert [total[name] for name in COUNTS] == [13, 2, 1, 0, 1, 17]
    expected = (15 / 17, 13 / 14, 13 / 15, 13 / 14, 2 * 13 / 29, 13 / 14)
    assert [total[name] for name in SCORES] == pytest.approx(expected)
    assert {name: clip["tp"] for name, clip in scores["clips"].items()} == {
        "game1/Clip1": 8,
        "game2/Clip1": 5,
    }
    assert scores["sports"]["tennis"]["frames"] == 17
    assert scores["protocol"] == "default"
    assert scores["data"] == str(data)
    assert scores["command"].startswith("tracknet evaluate --data")

    printed = capsys.readouterr().out
    assert "Protocol default: <= 4 px at 512x288, every labelled frame once" in printed
    for part in ("game1/Clip1", "Total", "88.24", "92.86", "86.67", "89.66"):
        assert part in printed
    assert cv2.imread(str(sheet)).shape[1] == 2 * 324  # two errors


def test_the_page_and_the_scores_behind_it(data, predictions, tmp_path, capsys):
    scored, folder = tmp_path / "scores.json", tmp_path / "report"
    assert run("--data", data, "--predictions", predictions, "--json", scored, "--report", folder) == 0
    assert f"Report: {folder / 'index.html'}" in capsys.readouterr().out
    page = (folder / "index.html").read_text()
    assert f"{predictions} on {data}" in page
    scores = json.loads(scored.read_text())
    # (6, 3) and (-6, -4) px of 128 a frame: 27 and 29 px at 512.
    assert {name: (c["tp"], c["frames"]) for name, c in scores["speed"].items()} == {"20 to 40": (13, 15)}
    assert scores["distances_px"]["farther"] == 1
    assert scores["distances_px"]["counts"][0] == 13
    assert (scores["threshold_curve"], scores["calibration"]) == (None, None)


@pytest.mark.parametrize(
    ("name", "counting", "frames"),
    [
        ("default", "every labelled frame once", 17),
        ("tracknet_v4", "every output of every stride-1 window", 39),
    ],
)
def test_checkpoint(data, tmp_path, capsys, monkeypatch, name, counting, frames):
    release = bright_dot_release(width=SIZE[0], height=SIZE[1])
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda asked: release)
    report, page = tmp_path / "scores.json", tmp_path / "page"
    command = ("--data", data, "--checkpoint", "bright_dot", "--protocol", name)
    assert run(*command, "--json", report, "--report", page) == 0
    assert "bright_dot on" in (page / "index.html").read_text()
    scores = json.loads(report.read_text())
    assert scores["total"]["frames"] == frames
    assert scores["total"]["f1"] == 1
    assert scores["checkpoint"] == "bright_dot"
    assert counting in capsys.readouterr().out


def test_gaps_that_are_filled_count_as_found(data, tmp_path, monkeypatch):
    """Frame 3 of the second clip has no ball; a line through its neighbours invents one."""
    release = bright_dot_release(width=SIZE[0], height=SIZE[1])
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda asked: release)
    report, saved = tmp_path / "scores.json", tmp_path / "saved"
    options = ("--rectify", "linear", "--json", report, "--save-predictions", saved)
    assert run("--data", data, *options) == 0
    scores = json.loads(report.read_text())
    assert [scores["total"][name] for name in COUNTS] == [15, 1, 0, 1, 0, 17]
    assert scores["rectify"] == "linear"
    assert "3,1,82.00,48.00,0.0000,inpainted" in (saved / "game2" / "Clip1_ball.csv").read_text()


def test_a_threshold_that_no_ball_reaches(data, tmp_path, monkeypatch):
    release = bright_dot_release(width=SIZE[0], height=SIZE[1])
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda asked: release)
    report = tmp_path / "scores.json"
    assert run("--data", data, "--no-link", "--threshold", "0.99999", "--json", report) == 0
    scores = json.loads(report.read_text())
    assert (scores["total"]["tp"], scores["total"]["fp1"], scores["threshold"]) == (0, 0, 0.99999)
    assert run("--data", data, "--threshold", "0") == 2


def test_a_published_split(data, predictions, tmp_path):
    report = tmp_path / "scores.json"
    chosen = ("--split-by", "tennis_game_level", "--split", "test")
    assert run("--data", data, "--predictions", predictions, *chosen, "--json", report) == 0
    scores = json.loads(report.read_text())
    assert list(scores["clips"]) == ["game1/Clip1"]
    assert (scores["split_by"], scores["split"]) == ("tennis_game_level", "test")


def make_run(folder, split_by):
    folder.mkdir()
    config = {"data": {"split_by": split_by, "val_split": "val"}}
    (folder / "train_config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    ("split_by", "split", "rule", "scored"),
    [
        ("tennis_game_level", "test", "tennis_game_level", "game1/Clip1"),
        ("auto", "train", "match", "game1/Clip1"),
        ("auto", "val", "match", "game2/Clip1"),
    ],
)
def test_a_run_is_scored_as_it_split_its_data(
    data, tmp_path, monkeypatch, capsys, split_by, split, rule, scored
):
    """The public tennis set has no split in its folders."""
    release = bright_dot_release(width=SIZE[0], height=SIZE[1])
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda asked: release)
    trained, report = make_run(tmp_path / "run", split_by), tmp_path / "scores.json"
    command = ("--data", data, "--checkpoint", trained, "--split", split, "--json", report)
    assert run(*command) == 0
    scores = json.loads(report.read_text())
    assert (list(scores["clips"]), scores["split_by"]) == ([scored], rule)
    assert f"Split by {rule}, as {trained} was trained" in capsys.readouterr().out
    assert run(*command, "--split-by", "tennis_wasb") == (0 if split == "train" else 2)
    assert "was trained" not in capsys.readouterr().out


def test_without_a_split_all_clips_are_scored_whatever_the_run_did(data, tmp_path, monkeypatch):
    release = bright_dot_release(width=SIZE[0], height=SIZE[1])
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda asked: release)
    trained, report = make_run(tmp_path / "run", "shuttlecock_v3"), tmp_path / "scores.json"
    assert run("--data", data, "--checkpoint", trained, "--json", report) == 0
    scores = json.loads(report.read_text())
    assert (len(scores["clips"]), scores["split_by"]) == (2, None)


def test_a_run_on_random_windows_is_scored_on_them(data, tmp_path, monkeypatch):
    release = bright_dot_release(width=SIZE[0], height=SIZE[1])
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda asked: release)
    trained, report = make_run(tmp_path / "run", "triplet_random"), tmp_path / "scores.json"
    assert run("--data", data, "--checkpoint", trained, "--split", "val", "--json", report) == 0
    assert json.loads(report.read_text())["total"]["frames"] == 3 * 4


@pytest.mark.parametrize(("split", "windows"), [("train", 9), ("val", 4)])
def test_random_windows(data, tmp_path, monkeypatch, split, windows):
    release = bright_dot_release(width=SIZE[0], height=SIZE[1])
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda asked: release)
    report = tmp_path / "scores.json"
    chosen = ("--split-by", "triplet_random", "--split", split, "--protocol", "tracknet_v5")
    assert run("--data", data, *chosen, "--json", report) == 0
    total = json.loads(report.read_text())["total"]
    assert total["frames"] == 3 * windows  # of 8 + 5 triplets
    assert total["tp"] + total["tn"] == 3 * windows


def test_the_baseline(data, tmp_path, capsys):
    report = tmp_path / "scores.json"
    options = ("--model", "background_subtraction", "--protocol", "tracknet_v4", "--json", report)
    options += ("--report", tmp_path)
    assert run("--data", data, *options) == 0
    scores = json.loads(report.read_text())
    assert (scores["model"], scores["checkpoint"]) == ("background_subtraction", None)
    assert scores["link"] is False
    assert "background_subtraction on" in (tmp_path / "index.html").read_text()
    assert scores["total"]["frames"] == 17
    assert "every labelled frame once" in capsys.readouterr().out


def test_boxes(data, tmp_path, capsys):
    labels = tmp_path / "yolo" / "game1_Clip1" / "labels"
    labels.mkdir(parents=True)
    (labels / "0000.txt").write_text("0 0.1 0.1 0.02 0.02 0.9\n32 0.2 0.2 0.02 0.02 0.5\n")
    command = ("--data", data, "--predictions", tmp_path / "yolo", "--allow-missing-rows")
    assert run(*command) == 2
    assert "boxes of the classes 0, 32; choose one with --box-class" in capsys.readouterr().err
    assert run(*command, "--box-class", "32") == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--split-by", "triplet_random"], "has the splits train and val: choose one with --split"),
        (["--split-by", "triplet_random", "--split", "val", "--sport", "tennis"], "without --sport"),
        (["--split-by", "shuttlecock_v2"], "a shuttlecock split needs the folders"),
        (["--split-by", "tennis_wasb", "--split", "test"], "no labelled clip with split test"),
        (["--model", "background_subtraction", "--overlap", "average"], "no windows: leave --overlap out"),
        (["--model", "background_subtraction", "--checkpoint", "x"], "no windows: leave --checkpoint out"),
        (["--model", "background_subtraction", "--no-link"], "no windows: leave --no-link out"),
        (["--box-class", "0"], "no files to read: leave --box-class out"),
        (["--first-frame", "0"], "no files to read: leave --first-frame out"),
        (["--allow-missing-rows"], "no files to read: leave --allow-missing-rows out"),
    ],
)
def test_wrong_splits_and_models(data, capsys, monkeypatch, change, message):
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda asked: bright_dot_release())
    assert run("--data", data, *change) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--protocol", "tracknet_v9"], "unknown protocol 'tracknet_v9': choose from asigatchov"),
        (["--split", "train"], "split train and sport any; give --split-by"),
        (["--sport", "golf"], "sport golf"),
        (["--data", "nowhere"], "nowhere"),
        (["--predictions", "nowhere"], "nowhere: not a folder of prediction CSV files"),
        (["--checkpoint", "tracknet_nano"], "existing files: leave --checkpoint out"),
        (["--overlap", "weighted"], "existing files: leave --overlap out"),
        (["--no-link"], "existing files: leave --no-link out"),
        (["--conv", "lax"], "existing files: leave --conv out"),
        (["--threshold", "0.4"], "existing files: leave --threshold out"),
        (["--worst", "worst.txt"], "worst.txt: not the name of a picture, use .png or .jpg"),
        (["--json", "/dev/null/scores.json"], "cannot be written"),
    ],
)
def test_wrong_input_is_one_line(data, predictions, capsys, change, message):
    assert run("--data", data, "--predictions", predictions, *change) == 2
    error = capsys.readouterr().err
    assert error.startswith("tracknet: error: ")
    assert message in error
    assert error.count("\n") == 1


def test_no_such_checkpoint(data, capsys):
    assert run("--data", data, "--checkpoint", "nowhere") == 2
    assert "checkpoint 'nowhere': no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("flag", [("--overlap", "average"), ("--save-predictions", "tracks")])
def test_windows_have_neither_overlap_nor_tracks(data, capsys, flag):
    assert run("--data", data, "--protocol", "tracknet_v2", *flag) == 2
    assert f"every window by itself: leave {flag[0]} out" in capsys.readouterr().err


def test_a_clip_without_predictions(data, predictions, capsys):
    (predictions / "game2" / "Clip1_ball.csv").unlink()
    assert run("--data", data, "--predictions", predictions) == 2
    assert "no predictions for clip game2/Clip1" in capsys.readouterr().err


def test_a_tracker_that_drops_the_last_frames(data, predictions, capsys):
    path = predictions / "game1" / "Clip1_ball.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:9]) + "\n")
    assert run("--data", data, "--predictions", predictions) == 2
    assert "no row for frame 8" in capsys.readouterr().err
    assert run("--data", data, "--predictions", predictions, "--allow-missing-rows") == 0
