"""Grain batches: an order that neither workers nor processes change."""

import itertools

import numpy as np
import pytest

from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.splits import assign_splits
from tracknet_jax.data.tfds.build import build_dataset
from tracknet_jax.data.tfds.frame_source import FrameSource
from tracknet_jax.data.windows.frame_windows import FrameWindows, window_starts
from tracknet_jax.data.windows.grain_loader import make_grain_loader


class Numbers:
    """Stands for windows: element `i` is `i`."""

    def __len__(self):
        return 23

    def __getitem__(self, i):
        return {"id": np.int64(i)}


def ids(loader):
    return [batch["id"].tolist() for batch in loader]


def test_in_order_without_the_remainder():
    assert ids(make_grain_loader(Numbers(), batch_size=5)) == [list(range(i, i + 5)) for i in (0, 5, 10, 15)]


@pytest.mark.parametrize("count", [2, 3])
def test_the_parts_of_all_processes_are_the_batch_of_one(count):
    parts = [
        ids(make_grain_loader(Numbers(), batch_size=6 // count, process_index=i, process_count=count))
        for i in range(count)
    ]
    together = [list(itertools.chain(*batch)) for batch in zip(*parts, strict=False)]
    assert together == ids(make_grain_loader(Numbers(), batch_size=6))


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_windows_in_worker_processes(tennis_folder, tmp_path, workers):
    build_dataset(assign_splits(find_clips(tennis_folder)), tmp_path / "set", size=(48, 32))
    source = FrameSource(tmp_path / "set")
    starts = np.random.default_rng(0).permutation(window_starts(source.index, 3, 1))
    windows = FrameWindows(source, starts, 3)
    batches = list(make_grain_loader(windows, batch_size=5, workers=workers))
    assert len(batches) == len(starts) // 5
    for number, batch in enumerate(batches):
        for i in range(5):
            for name, value in windows[5 * number + i].items():
                np.testing.assert_array_equal(batch[name][i], value)
    assert batches[0]["frames"].shape == (5, 3, 32, 48, 3)
    assert batches[0]["frames"].dtype == np.uint8
