"""Labelled clips of a folder and of a dataset built of it; a run is scored on the clips that it held out."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.labelled_clips import SIZE, flight, make_clip, true_rows, write_csv
from tests.helpers.tiny_training import tiny_config
from tracknet_jax.data.clips import Labels
from tracknet_jax.data.tfds.build import build_dataset
from tracknet_jax.evaluation.footage import find_footage, of_files, run_split_by
from tracknet_jax.training.input.frame_cache import cached_frames
from tracknet_jax.utils.errors import UserError


@pytest.fixture
def dataset(clips, tmp_path):
    train = replace(clips[1], name="match2/rally1", split="train")
    build_dataset([*clips, train], tmp_path / "built", size=SIZE)
    return tmp_path / "built"


def test_a_built_dataset_gives_back_its_clips(clips, dataset):
    footage = find_footage(dataset, split="val")
    assert [f.clip.name for f in footage] == ["game1/Clip1", "match1/rally1"]
    assert [f.clip.sport for f in footage] == ["tennis", "badminton"]
    for found, clip in zip(footage, clips, strict=True):
        assert found.size == SIZE
        np.testing.assert_array_equal(found.labels.xy, clip.labels.xy)
        np.testing.assert_array_equal(found.labels.visibility, clip.labels.visibility)
        stored, original = list(found.frames()), list(of_files(clip).frames())
        assert len(stored) == len(original)
        difference = np.abs(np.subtract(stored, original, dtype=float))
        assert difference.mean() < 2  # JPEG


def test_all_splits_or_one_sport(dataset):
    assert {f.clip.split for f in find_footage(dataset)} == {"train", "val"}
    assert [f.clip.name for f in find_footage(dataset, sport="tennis")] == ["game1/Clip1"]
    with pytest.raises(UserError, match="no labelled clip with split any and sport golf"):
        find_footage(dataset, sport="golf")
    with pytest.raises(UserError, match="no split 'test'; it has"):
        find_footage(dataset, split="test")


def test_frames_that_a_dataset_leaves_out_keep_the_numbers_right(clips, tmp_path):
    labels = Labels(np.arange(9), np.delete(clips[0].labels.xy, 4, axis=0), np.ones(9, np.uint8))
    build_dataset(
        [replace(clips[0], frames=clips[0].frames[:4] + clips[0].frames[5:], labels=labels)],
        tmp_path / "built",
        size=SIZE,
    )
    (footage,) = find_footage(tmp_path / "built")
    assert footage.numbers(9).tolist() == footage.labelled.tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_unlabelled_frames(clips):
    labels = Labels(np.arange(3), np.zeros((3, 2), np.float32), np.array([1, 255, 0], np.uint8))
    assert of_files(replace(clips[0], labels=labels)).labelled.tolist() == [0, 2]


def test_labels_outside_of_the_frames_are_told(clips):
    labels = Labels(np.arange(2), np.array([(5, 5), (2000, 5)], np.float32), np.ones(2, np.uint8))
    with pytest.raises(UserError, match=rf"\(2000, 5\) is outside of the {SIZE[0]}x{SIZE[1]} frame"):
        of_files(replace(clips[0], labels=labels))


@pytest.fixture
def data(tmp_path):
    """Two tennis games, of 3 and 2 clips, and two badminton matches."""
    folder = tmp_path / "data"
    for name in ("game7/Clip1", "game7/Clip2", "game7/Clip3", "game8/Clip1", "game8/Clip2"):
        clip = make_clip(folder, name, flight(4), np.ones(4))
        rows = [
            (file.name, 1, x, y, 0) for file, (x, y) in zip(clip.frames, clip.labels.xy.tolist(), strict=True)
        ]
        header = "file name,visibility,x-coordinate,y-coordinate,status"
        write_csv(folder / name / "Label.csv", rows, header)
    return folder


def add_badminton(folder):
    for match in ("match1", "match2"):
        clip = make_clip(folder / match / "frame", "1_01_00", flight(4), np.ones(4), "badminton")
        write_csv(folder / match / "csv" / "1_01_00_ball.csv", true_rows(clip))


def make_run(folder, source, **changes):
    config = tiny_config()
    config = replace(config, data=replace(config.data, source=(str(source),), **changes))
    folder.mkdir()
    (folder / "train_config.json").write_text(json.dumps(config.to_dict()))
    return config


@pytest.mark.parametrize(
    ("split_by", "held_out"),
    [
        ("auto", ["game8/Clip1", "game8/Clip2"]),
        ("clip", ["game8/Clip2"]),
        ("tennis_wasb", ["game7/Clip1", "game7/Clip2", "game7/Clip3"]),
    ],
)
def test_what_a_run_held_out_is_what_is_scored(data, tmp_path, split_by, held_out):
    config = make_run(tmp_path / "run", data, split_by=split_by)
    assert list(cached_frames(config, tmp_path / "run", "val").index.clip_names) == held_out
    rule = run_split_by(tmp_path / "run", data)
    assert [footage.clip.name for footage in find_footage(data, split="val", split_by=rule)] == held_out


def test_auto_follows_the_layout_where_that_holds_out_what_the_run_did(data, tmp_path):
    (data / "test").mkdir()
    (data / "game7").rename(data / "test" / "game7")
    make_run(tmp_path / "a", data)
    make_run(tmp_path / "b", data, val_split="test")
    assert [run_split_by(tmp_path / run, data) for run in "ab"] == ["match", "layout"]


def test_one_in_ten_is_of_all_sports_also_where_one_is_asked_for(data, tmp_path):
    """Game 8 would be held out if there were tennis alone; the run has trained on it."""
    add_badminton(data)
    config = make_run(tmp_path / "run", data)
    assert cached_frames(config, tmp_path / "run", "val").index.clip_names == ("match2/1_01_00",)
    names = {footage.clip.name for footage in find_footage(data, "auto", "val", split_by="match")}
    assert names == {"match2/1_01_00"}
    with pytest.raises(UserError, match="no labelled clip with split val and sport tennis; give --split-by"):
        find_footage(data, "auto", "val", "tennis", "match")
    papers = find_footage(data, "auto", "val", "tennis", "tennis_game_level")  # which knows no badminton
    assert {footage.clip.name for footage in papers} == {"game8/Clip1", "game8/Clip2"}


@pytest.mark.parametrize("place", [".", "checkpoints", "checkpoints/500"])
def test_the_run_is_found_from_its_checkpoints(data, tmp_path, place):
    make_run(tmp_path / "run", data, split_by="clip")
    (tmp_path / "run" / "checkpoints" / "500").mkdir(parents=True)
    assert run_split_by(tmp_path / "run" / place, data) == "clip"


def test_a_release_has_no_split(data, tmp_path):
    make_run(tmp_path / "run", data)
    for checkpoint in ("tracknet_nano", tmp_path / "run" / "release"):
        assert run_split_by(checkpoint, data) is None


def test_a_damaged_config_is_told(data, tmp_path):
    for text in ("{", "[]", '{"data": 3}'):
        (tmp_path / "train_config.json").write_text(text)
        with pytest.raises(UserError, match=r"train_config\.json: cannot be read .*; give --split-by"):
            run_split_by(tmp_path, data)
