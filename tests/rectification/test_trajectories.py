"""Trajectories: the files of the command, what comes back from them, and what is told about wrong ones."""

import numpy as np
import pytest

from tests.helpers.fake_release import bright_dot_release
from tests.helpers.labelled_clips import flight, make_clip
from tracknet_jax.cli.main import main
from tracknet_jax.rectification.trajectories import Trajectory, read_trajectories, write_trajectories
from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.errors import UserError

XY = np.array([(10.25, 20.5), (np.nan, np.nan), (12, 21)], np.float32)
TRAJECTORY = Trajectory(
    "game1/a",
    "tennis",
    "train",
    Track.of(
        (
            Row(i, x, y, confidence, "detected" if confidence else "")
            for i, (x, y, confidence) in enumerate(np.column_stack([XY, (0.5, 0, 1)]).tolist())
        ),
        size=(1280, 720),
    ),
    XY[[0, 2, 1]] + 1,
    np.array([1, 3, 255], np.uint8),
)


def test_what_is_written_comes_back(tmp_path):
    assert list(write_trajectories(tmp_path, [TRAJECTORY])) == [TRAJECTORY]
    (again,) = read_trajectories(tmp_path, "train")
    for name in ("clip", "sport", "split", "size", "truth", "visibility"):
        np.testing.assert_array_equal(getattr(again, name), getattr(TRAJECTORY, name))
    for name in ("frame", "visible", "xy", "confidence", "source"):
        np.testing.assert_array_equal(getattr(again.track, name), getattr(TRAJECTORY.track, name))
    assert (tmp_path / "train" / "game1" / "a.csv").read_text().splitlines()[:3] == [
        "Frame,Visibility,X,Y,Confidence,Source,LabelVisibility,LabelX,LabelY",
        "0,1,10.25,20.50,0.5000,detected,1,11.25,21.50",
        "1,0,,,0.0000,,3,13.00,22.00",
    ]
    track = Track.from_csv(tmp_path / "train" / "game1" / "a.csv")  # a track CSV, too
    np.testing.assert_array_equal(track.xy, XY)


def test_wrong_folders_are_told(tmp_path):
    with pytest.raises(UserError, match=r"clips\.csv is missing"):
        read_trajectories(tmp_path, "train")
    list(write_trajectories(tmp_path, [TRAJECTORY]))
    with pytest.raises(UserError, match="no trajectories of split 'val'"):
        read_trajectories(tmp_path, "val")
    file = tmp_path / "train" / "game1" / "a.csv"
    text = file.read_text()
    for wrong, match in ((text.replace("20.50", "up"), "up"), (text.replace("LabelX", "Lx"), "lacks LabelX")):
        file.write_text(wrong)
        with pytest.raises(UserError, match=rf"a\.csv.*{match}"):
            read_trajectories(tmp_path, "train")


@pytest.mark.parametrize("how", ["--split-by", "--checkpoint"])
def test_the_command_tracks_every_split(tmp_path, monkeypatch, capsys, how):
    """As asked for, or as the tracker's run did. The fake tracker finds the white dots where the labels are."""
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda name: bright_dot_release())
    xy = flight(12)
    xy[5] = np.nan
    visibility = np.where(np.isnan(xy[:, 0]), 0, 1)
    clips = [make_clip(tmp_path / "clips", f"match{i}/rally", xy, visibility) for i in range(2)]
    write_labels(clips, tmp_path / "clips")
    out = tmp_path / "out"
    arguments = ["--data", str(tmp_path / "clips"), "--output", str(out), how]
    arguments.append("match" if how == "--split-by" else str(tmp_path))
    (tmp_path / "train_config.json").write_text('{"data": {"split_by": "match", "val_split": "val"}}')
    assert main(["data", "trajectories", *arguments]) == 0
    assert "24 frames of 2 clips" in capsys.readouterr().out
    for split in ("train", "val"):
        (trajectory,) = read_trajectories(out, split)
        assert trajectory.size == (128, 72)
        np.testing.assert_allclose(trajectory.truth, xy, atol=0.01)
        assert np.nanmax(np.abs(trajectory.track.xy - xy)) < 1.5
        assert trajectory.track.visible.sum() >= 9


def write_labels(clips, folder):
    """As the tennis set has them."""
    for clip in clips:
        rows = zip(clip.frames, clip.labels.visibility, clip.labels.xy.tolist(), strict=True)
        text = "".join(
            f"{path.name},{seen},{'' if seen == 0 else x},{'' if seen == 0 else y},0\n"
            for path, seen, (x, y) in rows
        )
        (folder / clip.name / "Label.csv").write_text(
            "file name,visibility,x-coordinate,y-coordinate,status\n" + text
        )
