"""The `rally_synthetic` dataset, built and read back."""

import cv2
import numpy as np
import pytest
import tensorflow_datasets as tfds

from tracknet_jax.synthetic.rally import RallyConfig, render_rally


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    import datasets.rally_synthetic  # makes the name known to TFDS

    builder = datasets.rally_synthetic.Builder(config="tiny", data_dir=tmp_path_factory.mktemp("data"))
    builder.download_and_prepare()
    return builder


def test_splits_and_records(built):
    assert {name: info.num_examples for name, info in built.info.splits.items()} == {
        "train": 36,
        "val": 18,
        "test": 18,
    }
    source = tfds.builder_from_directory(built.data_dir).as_data_source("train")
    record = source[7]
    rally = render_rally(RallyConfig("badminton", seed=0, frames=6, width=96, height=54))
    assert (record["clip"], record["sport"], record["frame"]) == (b"badminton/train0", b"badminton", 1)
    assert record["image"].shape == (54, 96, 3)
    grey, expected = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (record["image"], rally.frame(1)))
    assert np.abs(grey.astype(int) - expected).mean() < 3  # JPEG
    assert (
        np.abs(record["image"].astype(int) - rally.frame(1)).mean() < 6
    )  # it halves the colours' resolution
    np.testing.assert_array_equal(record["xy"], rally.labels.xy[1])
    assert record["visibility"] == rally.labels.visibility[1]
    assert record["fps"] == b"30"


def test_every_config_names_known_sports_and_splits_share_no_seed():
    from datasets.rally_synthetic.rally_synthetic_dataset_builder import CONFIGS, FIRST_SEED

    for config in CONFIGS:
        RallyConfig(config.sports[0], frames=config.frames, width=config.size[0], height=config.size[1])
        starts = sorted(FIRST_SEED.values())
        assert max(config.rallies) <= min(np.diff(starts))
