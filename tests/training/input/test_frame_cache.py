"""Kept frames: clips of several sources stay apart, whatever their names."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.tiny_training import MODEL, tiny_config
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.tfds.build import build_dataset
from tracknet_jax.data.windows.sampling import sampling_table
from tracknet_jax.training.input.frame_cache import cached_frames


@pytest.mark.parametrize("sport", ["padel", "tennis"])
def test_clips_of_one_name_in_two_sources_are_two(clips, tmp_path, sport):
    """Of both sources each clip has its sport, its median for a background, and its share of the draws."""
    first, second = (clip for clip in find_clips(clips) if clip.split == "train")
    swapped = [replace(first, name=second.name, sport=sport), replace(second, name=first.name, sport=sport)]
    build_dataset(swapped, tmp_path / "built", size=(MODEL.width, MODEL.height))
    config = tiny_config(model=replace(MODEL, motion="none", background="concat"))
    config = replace(config, data=replace(config.data, source=(str(clips), str(tmp_path / "built"))))
    resident = cached_frames(config, tmp_path / "run", "train")

    index = resident.index
    assert index.clip_names == (first.name, second.name, second.name, first.name)
    assert index.sports == ("tennis", "tennis", sport, sport)
    np.testing.assert_array_equal(index.clip, np.repeat(range(4), 12))
    medians = np.floor(np.median(resident.frames.reshape(4, 12, MODEL.height, MODEL.width, 3), axis=1))
    np.testing.assert_array_equal(resident.backgrounds, medians)
    assert (medians[0] != medians[1]).mean() > 0.5

    table = sampling_table(index, 3, sport_weights={"tennis": 1.0, "padel": 3.0})
    weights = np.diff(table["group_bounds"], prepend=0) / table["group_sizes"]
    drawn = np.repeat(weights, table["group_sizes"])
    shares = np.bincount(index.clip[table["starts"]], drawn)
    tennis = 0.125 if sport == "padel" else 0.25
    np.testing.assert_allclose(shares, [tennis, tennis, 0.5 - tennis, 0.5 - tennis], atol=1e-6)
