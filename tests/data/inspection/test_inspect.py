"""What `tracknet data inspect` says of clips with known faults."""

import json
from dataclasses import asdict

import cv2
import numpy as np
import pytest

from tests.helpers.little_clips import SHUTTLE, draw_frame, shuttle_rows, write_csv, write_images, write_video
from tracknet_jax.cli.main import main
from tracknet_jax.data.clips import Labels
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.inspection.contact_sheet import contact_sheet
from tracknet_jax.data.inspection.inspect import MARK, inspect, label_tile
from tracknet_jax.data.inspection.label_checks import duplicated_frames, jumps
from tracknet_jax.data.splits import assign_splits
from tracknet_jax.data.tfds.build import build_dataset
from tracknet_jax.utils.errors import UserError


def inspected(root):
    reports, tiles = inspect(root)
    return {report.name: report for report in reports}, tiles


def kinds(report):
    return sorted(finding.kind for finding in report.findings)


def test_counts_of_sound_clips(tennis_folder):
    reports, tiles = inspected(tennis_folder)
    assert {name: (r.frames, r.labelled, r.located, r.gaps) for name, r in reports.items()} == {
        "game1/Clip1": (6, 6, 6, 0),
        "game1/Clip2": (8, 8, 8, 2),
        "Game2/clip10": (7, 7, 7, 0),
    }
    assert [r.findings for r in reports.values()] == [[], [], []]
    assert reports["Game2/clip10"].fps == "25"
    assert (reports["game1/Clip1"].width, reports["game1/Clip1"].height) == (96, 64)
    assert tiles


def test_a_built_dataset_reads_the_same(tennis_folder, tmp_path):
    build_dataset(assign_splits(find_clips(tennis_folder)), tmp_path / "set", size=None)
    folder, dataset = inspected(tennis_folder)[0], inspected(tmp_path / "set")[0]
    for name, report in folder.items():
        again = asdict(dataset[name])
        assert again.pop("split") == "train"
        assert {**asdict(report), "split": again.get("split")} == {**again, "split": again.get("split")}


def test_faults_are_findings(tmp_path):
    write_video(tmp_path / "a.mp4", 5)
    rows = ["0,1,5,5", "1,x,5,5", "2,1,0,0", "2,1,6,6", "3,1,900,5", "9,1,5,5"]
    write_csv(tmp_path / "a_ball.csv", SHUTTLE, rows)
    write_csv(tmp_path / "lost_ball.csv", SHUTTLE, shuttle_rows(3))
    write_csv(tmp_path / "broken_ball.csv", SHUTTLE, shuttle_rows(3))
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    reports, _ = inspected(tmp_path)
    assert kinds(reports["a"]) == sorted(
        ["wrong cell", "visible at (0, 0)", "duplicate row", "outside the frame", "no such frame"]
    )
    assert reports["a"].not_located == 1
    assert kinds(reports["lost"]) == kinds(reports["broken"]) == ["cannot be read"]


def test_broken_and_missing_images(tmp_path):
    write_images(tmp_path / "Clip1", [0, 1, 2, 4])
    (tmp_path / "Clip1/0002.jpg").write_bytes(b"cut")
    cv2.imwrite(str(tmp_path / "Clip1/0004.jpg"), np.zeros((32, 32, 3), np.uint8))
    rows = [f"{i:04d}.jpg,1,5,5,0" for i in range(5)]
    write_csv(tmp_path / "Clip1/Label.csv", "file name,visibility,x-coordinate,y-coordinate,status", rows)
    (report,) = inspect(tmp_path)[0]
    assert kinds(report) == ["cannot be decoded", "no such frame", "other size"]
    assert (report.frames, report.gaps) == (3, 1)


def test_video_cut_short(tmp_path):
    """The header of the AVI goes on promising the frames that were cut off."""
    path = tmp_path / "m/rally.avi"
    path.parent.mkdir()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (96, 64))
    for i in range(12):
        writer.write(draw_frame(i))
    writer.release()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    write_csv(tmp_path / "m/rally_ball.csv", SHUTTLE, shuttle_rows(12))
    (report,) = inspect(tmp_path)[0]
    assert 0 < report.frames < 12
    assert "no such frame" in kinds(report)
    assert "missing frames" in kinds(report)


def test_repeated_frames():
    """25 frames a second padded to 30: every sixth differs by compression noise only."""
    usual = np.random.default_rng(0).uniform(0.3, 0.6, 60)
    repeated = np.arange(60) % 6 == 5
    differences = np.where(repeated, 0.03, usual)
    differences[0] = np.nan
    np.testing.assert_array_equal(duplicated_frames(differences), repeated)
    assert not duplicated_frames(usual).any()
    assert duplicated_frames(np.array([np.nan])).tolist() == [False]
    assert duplicated_frames(np.array([])).tolist() == []


def track(points):
    xy = np.array(points, np.float32)
    return Labels(np.arange(len(xy)), xy, np.ones(len(xy), np.uint8))


@pytest.mark.parametrize(
    ("what", "points", "rows"),
    [
        ("steady", [(10 * i, 50) for i in range(9)], []),
        ("one wrong click", [(10 * i, 50 if i != 4 else 200) for i in range(9)], [4]),
        (
            "a smash turns but does not come back",
            [(5 * i, 50) for i in range(5)] + [(100, 60), (190, 80)],
            [],
        ),
        ("unlocated neighbours", [(0, 50), (np.nan, np.nan), (200, 200), (np.nan, np.nan), (0, 50)], []),
    ],
)
def test_jumps(what, points, rows):
    assert [row for row, _ in jumps(track(points), (512, 288))] == rows, what


def test_no_jump_over_a_gap():
    labels = track([(i, 50 if i != 4 else 200) for i in range(9)])
    apart = Labels(np.array([0, 1, 2, 3, 14, 25, 26, 27, 28]), labels.xy, labels.visibility)
    assert list(jumps(labels, (512, 288)))
    assert not list(jumps(apart, (512, 288)))


@pytest.mark.parametrize("xy", [(150.0, 100.0), (0.0, 0.0), (399.0, 224.0)])
def test_tile_rings_the_ball(xy):
    frame = np.zeros((225, 400, 3), np.uint8)
    frame[int(xy[1]), int(xy[0])] = 255
    tile = label_tile(frame, np.array(xy), "caption", suspicious=False)
    ball = np.argwhere((tile.picture > 90).all(-1)).mean(0)
    ring = np.argwhere(np.abs(tile.picture.astype(int) - MARK).sum(-1) < 30)
    radii = np.linalg.norm(ring - ball, axis=1)
    assert radii.min() > 12
    assert radii.max() < 16


def test_sheet_of_any_number_of_tiles():
    tile = label_tile(np.zeros((90, 160, 3), np.uint8), np.array([5.0, 5.0]), "a", suspicious=True)
    assert [contact_sheet([tile] * n).shape for n in (0, 1, 5)] == [
        (204, 324, 3),
        (204, 324, 3),
        (408, 1296, 3),
    ]


def test_command(tennis_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert (
        main(
            ["data", "build", str(tennis_folder), "--output", "set", "--size", "48x32", "--split-by", "clip"]
        )
        == 0
    )
    told = capsys.readouterr().out
    assert "set: 21 frames of 3 clips" in told
    assert "nothing to validate on" not in told
    assert main(["data", "inspect", "set", "--json", "report.json", "--sheet", "sheet.png"]) == 0
    assert "nothing suspicious found" in capsys.readouterr().out
    assert cv2.imread("sheet.png").shape[1] == 4 * 324
    clips = json.loads((tmp_path / "report.json").read_text())["clips"]
    assert sum(clip["frames"] for clip in clips) == 21
    assert main(["data", "build", str(tennis_folder), "--output", "whole", "--size", "48x32"]) == 0
    assert "nothing to validate on: --split-by match or clip holds some out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "nothing", "--output", "set"], "nothing: no such folder"),
        (["build", ".", "--output", "set"], "no labelled clips found"),
        (["build", ".", "--output", "set", "--size", "512"], "give WIDTHxHEIGHT"),
        (["inspect", "nothing"], "nothing: no such folder"),
        (["inspect", ".", "--sheet", "labels.txt"], "labels.txt: not the name of a picture"),
    ],
)
def test_command_with_bad_input(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["data", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_inspect_of_an_empty_folder(tmp_path):
    with pytest.raises(UserError, match="no labelled clips"):
        inspect(tmp_path)


def test_real_padding_is_seen(real_data):
    """Badminton was 25 frames a second; every sixth frame repeats its predecessor. The tennis clips are not padded."""
    reports, tiles = inspected(real_data / "native")
    assert reports["shuttlecock/Professional/match1/1_01_04"].duplicated > 10
    assert reports["tennis_frames/game5/Clip1"].duplicated == 0
    assert len(tiles) == 24
