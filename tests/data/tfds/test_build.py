"""Datasets built for real, and read back by plain TFDS in a process that must not have TensorFlow."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.little_clips import (
    HEIGHT,
    SHUTTLE,
    TENNIS,
    WIDTH,
    ball_at,
    draw_frame,
    shuttle_rows,
    tennis_rows,
    write_csv,
    write_video,
)
from tracknet_jax.data.clips import Clip, Labels
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.splits import assign_splits
from tracknet_jax.data.tfds.build import build_dataset
from tracknet_jax.data.tfds.frame_source import FrameSource, dataset_splits, find_dataset
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.tfds.records import frame_records
from tracknet_jax.utils.coordinates import scale_xy
from tracknet_jax.utils.errors import UserError

ROOT = Path(__file__).resolve().parents[3]

READ_BACK = """
import json, sys
import tensorflow_datasets as tfds
sources = tfds.builder_from_directory(sys.argv[1]).as_data_source()
records = [record for source in sources.values() for record in source]
print(json.dumps({
    "splits": {name: len(source) for name, source in sources.items()},
    "clips": [record["clip"].decode() for record in records],
    "frames": [int(record["frame"]) for record in records],
    "shapes": sorted({record["image"].shape for record in records}),
    "fps": sorted({record["fps"].decode() for record in records}),
    "xy": [[float(v) for v in record["xy"]] for record in records],
    "tensorflow": "tensorflow" in sys.modules,
}))
"""

BUILD_PACKAGES = """
import json, sys
import tensorflow_datasets as tfds
import datasets.tracknet_tennis, datasets.tracknet_shuttlecock
built = {}
for name, folder in zip(("tracknet_tennis", "tracknet_shuttlecock"), sys.argv[1:3]):
    builder = tfds.builder(name, data_dir=sys.argv[3])
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=folder))
    assert builder.info.description and builder.info.citation
    splits = {split: info.num_examples for split, info in builder.info.splits.items()}
    shapes = {record["image"].shape for source in builder.as_data_source().values() for record in source}
    built[name] = {"path": str(builder.data_path), "splits": splits, "shapes": sorted(shapes)}
print(json.dumps(built | {"tensorflow": "tensorflow" in sys.modules}))
"""


def run_python(code: str, *args: object) -> str:
    command = [sys.executable, "-c", code, *map(str, args)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_plain_tfds_reads_what_was_built(tennis_folder, tmp_path):
    clips = assign_splits(find_clips(tennis_folder), "match")
    counted = []
    frames = build_dataset(clips, tmp_path / "out/set", size=(48, 32), on_frame=lambda: counted.append(1))
    assert frames == {"train": 14, "val": 7}
    assert len(counted) == 21
    read = json.loads(run_python(READ_BACK, tmp_path / "out/set"))
    assert not read["tensorflow"]
    assert read["splits"] == frames
    assert read["clips"] == ["game1/Clip1"] * 6 + ["game1/Clip2"] * 8 + ["Game2/clip10"] * 7
    assert read["frames"] == [*range(6), 0, 1, 2, 5, 6, 7, 8, 10, *range(7)]  # numbers of the images' names
    assert read["shapes"] == [[32, 48, 3]]
    assert read["fps"] == ["", "25"]
    expected = scale_xy(np.array([ball_at(i) for i in read["frames"]], np.float32), (WIDTH, HEIGHT), (48, 32))
    np.testing.assert_allclose(read["xy"], expected, rtol=1e-6)
    assert os.listdir(tmp_path / "out") == ["set"]  # nothing left beside it


def test_frames_are_those_of_the_clip(tennis_folder, tmp_path):
    build_dataset(assign_splits(find_clips(tennis_folder)), tmp_path / "set", size=None)
    source = FrameSource(tmp_path / "set")
    assert source.size is None
    for record, number in ((0, 0), (5, 5), (9, 5), (13, 10)):
        shown = source.image(record).astype(int)
        assert np.abs(shown - draw_frame(number)[..., ::-1]).mean() < 6  # JPEG twice
        x, y = map(round, source.index.xy[record].tolist())
        assert shown[y, x].min() > 180, "the ball is where the label says"


def test_builder_packages(tennis_folder, shuttlecock_folder, tmp_path):
    built = json.loads(run_python(BUILD_PACKAGES, tennis_folder, shuttlecock_folder, tmp_path / "data"))
    assert not built["tensorflow"]
    tennis, shuttlecock = built["tracknet_tennis"], built["tracknet_shuttlecock"]
    assert tennis["splits"] == {"train": 7, "test": 14}
    assert shuttlecock["splits"] == {"train": 9, "val": 12, "test": 6}
    assert tennis["shapes"] == shuttlecock["shapes"] == [[288, 512, 3]]
    for package in (tennis, shuttlecock):
        assert find_dataset(Path(package["path"]).parent) == Path(package["path"])


def test_index_is_the_same_from_the_file_and_from_the_records(tennis_folder, tmp_path):
    build_dataset(assign_splits(find_clips(tennis_folder)), tmp_path / "set", size=(48, 32))
    file = tmp_path / "set/frame_index_train.npz"
    kept = FrameIndex.load(file)
    for damage in (file.unlink, lambda: file.write_bytes(b"PK")):
        damage()
        derived = FrameSource(tmp_path / "set").index
        for name, column in vars(kept).items():
            np.testing.assert_array_equal(getattr(derived, name), column, err_msg=name)
        assert len(FrameIndex.load(file)) == 21  # written again


def test_splits_by_match_and_clip():
    names = [f"match{m}/rally{r}" for m in range(12) for r in range(2)]
    clips = [Clip(name, (), None, split="test" if name.startswith("match11/") else "") for name in names]

    def held_out(by):
        return [clip.name for clip in assign_splits(clips, by) if clip.split == "val"]

    assert held_out("layout") == []
    assert held_out("match") == ["match9/rally0", "match9/rally1"]
    assert held_out("clip") == ["match4/rally1", "match9/rally1"]
    assert sum(clip.split == "test" for clip in assign_splits(clips, "match")) == 2
    with pytest.raises(UserError, match="only one match"):
        assign_splits(clips[:2], "match")
    with pytest.raises(UserError, match="choose from layout"):
        assign_splits(clips, "frame")


def one_clip(tmp_path, rows):
    write_video(tmp_path / "m/rally.mp4", 4)
    write_csv(tmp_path / "m/rally_ball.csv", SHUTTLE, rows)
    return assign_splits(find_clips(tmp_path / "m"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (shuttle_rows(6), "rally_ball.csv, line 6: labels frame 4, but only 4 frames decode"),
        (["0,1,5,5", "1,1,500,5"], "rally_ball.csv, line 3: (500, 5) is outside of the 96x64 frame"),
    ],
)
def test_labels_that_do_not_fit_the_frames(tmp_path, rows, message):
    clips = one_clip(tmp_path, rows)
    with pytest.raises(UserError) as error:
        build_dataset(clips, tmp_path / "set")
    assert message in str(error.value)
    assert not (tmp_path / "set").exists()
    assert not list(tmp_path.glob(".set*"))


def test_broken_image_ends_the_build(tennis_folder, tmp_path):
    (tennis_folder / "game1/Clip2/0005.jpg").write_bytes(b"\xff\xd8 cut")
    with pytest.raises(UserError, match=r"0005.jpg: not an image"):
        build_dataset(assign_splits(find_clips(tennis_folder)), tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_output_that_is_taken(tmp_path):
    clips = one_clip(tmp_path, shuttle_rows(4))
    (tmp_path / "set").mkdir()  # an empty folder is free
    build_dataset(clips, tmp_path / "set")
    with pytest.raises(UserError, match="give --overwrite"):
        build_dataset(clips, tmp_path / "set")
    write_csv(tmp_path / "m/rally_ball.csv", SHUTTLE, shuttle_rows(9))
    with pytest.raises(UserError, match="only 4 frames"):
        build_dataset(assign_splits(find_clips(tmp_path / "m")), tmp_path / "set", overwrite=True)
    assert dataset_splits(tmp_path / "set") == {"train": 4}  # the old one is still there
    assert build_dataset(clips, tmp_path / "set", size=(32, 32), overwrite=True) == {"train": 4}
    assert FrameSource(tmp_path / "set").size == (32, 32)
    with pytest.raises(UserError, match="is not a dataset"):
        build_dataset(clips, tmp_path / "m", overwrite=True)


def test_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    """A limit on file size gives the same failing write as a full disk."""
    resource = pytest.importorskip("resource")
    clips = one_clip(tmp_path, shuttle_rows(4))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(UserError, match="set: cannot be written"):
            build_dataset(clips, tmp_path / "set", size=None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "set").exists()
    assert not list(tmp_path.glob(".set*"))


@pytest.mark.parametrize("content", [None, "{", '{"name": "x"}'])
def test_folder_that_is_no_dataset(tmp_path, content):
    if content is not None:
        (tmp_path / "dataset_info.json").write_text(content)
    with pytest.raises(UserError, match="not a"):
        FrameSource(tmp_path)


def test_split_that_is_not_there(tmp_path):
    build_dataset(one_clip(tmp_path, shuttle_rows(4)), tmp_path / "set")
    with pytest.raises(UserError, match="no split 'val'; it has train"):
        FrameSource(tmp_path / "set", "val")


def test_records_of_frames_from_anywhere():
    labels = Labels(np.array([1]), np.array([[10, 20]], np.float32), np.array([2], np.uint8))
    frames = [np.zeros((40, 80, 3), np.uint8)] * 3
    records = list(frame_records("drawn", iter(frames), labels, sport="padel", size=(40, 20)))
    assert [record["visibility"] for record in records] == [255, 2, 255]
    np.testing.assert_allclose(
        [record["xy"] for record in records], [[np.nan] * 2, [4.75, 9.75], [np.nan] * 2]
    )
    assert {record["source_width"] for record in records} == {80}


def test_unlabelled_rows_of_the_tennis_file_stay_unlabelled(tmp_path):
    write_video(tmp_path / "Clip1/a.mp4", 4)
    write_csv(tmp_path / "Clip1/Label.csv", TENNIS, tennis_rows([0, 2]))
    build_dataset(assign_splits(find_clips(tmp_path / "Clip1")), tmp_path / "set")
    assert FrameSource(tmp_path / "set").index.visibility.tolist() == [1, 255, 1, 255]


def test_a_split_of_any_name_is_kept(tmp_path):
    (clip,) = one_clip(tmp_path, shuttle_rows(4))
    clips = [replace(clip, split="dev"), replace(clip, name="other", split="train")]
    assert build_dataset(clips, tmp_path / "set") == {"dev": 4, "train": 4}


def test_real_clip(real_data, tmp_path):
    clip = next(
        c for c in find_clips(real_data / "clips288", split="val", sport="tennis") if len(c.labels) < 100
    )
    build_dataset([clip], tmp_path / "set")
    index = FrameSource(tmp_path / "set", "val").index
    assert len(index) == len(clip.labels)
    np.testing.assert_allclose(index.xy, clip.labels.xy, atol=1e-3)  # same size: unchanged
