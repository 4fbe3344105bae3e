"""Labelled clips from a folder and from a dataset built of it: the same labels, names and frames."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.labelled_clips import SIZE
from tracknet_jax.data.clips import Labels
from tracknet_jax.data.tfds.build import build_dataset
from tracknet_jax.evaluation.footage import find_footage, of_files
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
