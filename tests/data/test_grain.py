"""Grain batches: exact resume, an order that neither workers nor processes change."""

import itertools

import numpy as np
import pytest

from tracknet_jax.data.build import build_dataset
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.grain_pipeline import make_grain_loader
from tracknet_jax.data.source import FrameSource
from tracknet_jax.data.splits import assign_splits
from tracknet_jax.data.windows import FrameWindows


class Numbers:
    """Stands for windows: element `i` is `i`."""

    def __len__(self):
        return 23

    def __getitem__(self, i):
        return {"id": np.int64(i)}


def ids(loader, batches=None):
    return [batch["id"].tolist() for batch, _ in zip(loader, range(batches or 10**6), strict=False)]


def test_every_epoch_has_each_once_in_another_order():
    loader = make_grain_loader(Numbers(), batch_size=23, seed=3)
    first, second = ids(loader, 2)
    assert sorted(first) == sorted(second) == list(range(23))
    assert first != second != list(range(23))
    assert ids(make_grain_loader(Numbers(), batch_size=23, seed=3), 1) == [first]
    assert ids(make_grain_loader(Numbers(), batch_size=23, seed=4), 1) != [first]


@pytest.mark.parametrize("count", [2, 3])
def test_the_parts_of_all_processes_are_the_batch_of_one(count):
    alone = make_grain_loader(Numbers(), batch_size=6, seed=3)
    parts = [
        make_grain_loader(Numbers(), batch_size=6 // count, seed=3, process_index=i, process_count=count)
        for i in range(count)
    ]
    batches = ids(alone, 9)  # into the third epoch
    together = zip(*(ids(part, 9) for part in parts), strict=True)
    assert [list(itertools.chain(*part)) for part in together] == batches
    position = alone.get_state()
    for part in parts:  # a run goes on with another number of processes
        part.set_state(position)
    assert list(itertools.chain(*(next(part)["id"].tolist() for part in parts))) == next(alone)["id"].tolist()


def test_without_shuffle_and_remainder():
    in_order = ids(make_grain_loader(Numbers(), batch_size=5, shuffle=False, repeat=False))
    assert in_order == [list(range(i, i + 5)) for i in (0, 5, 10, 15)]
    whole = ids(make_grain_loader(Numbers(), batch_size=5, shuffle=False, repeat=False, drop_remainder=False))
    assert whole == [*in_order, [20, 21, 22]]


@pytest.fixture
def windows(tennis_folder, tmp_path):
    build_dataset(assign_splits(find_clips(tennis_folder)), tmp_path / "set", size=(48, 32))
    return FrameWindows(FrameSource(tmp_path / "set"), 3)


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_resumes_at_the_exact_next_batch(windows, workers):
    loader = make_grain_loader(windows, batch_size=5, seed=1, workers=workers)
    seen = [next(loader) for _ in range(3)]  # into the second epoch
    state = loader.get_state()
    after = [next(loader) for _ in range(4)]
    again = make_grain_loader(windows, batch_size=5, seed=1, workers=workers)
    again.set_state(state)
    for expected in after:
        batch = next(again)
        for name, value in expected.items():
            np.testing.assert_array_equal(batch[name], value)
    assert seen[0]["frames"].shape == (5, 3, 32, 48, 3)
    assert seen[0]["frames"].dtype == np.uint8
    here = make_grain_loader(windows, batch_size=5, seed=1)
    for expected in seen:  # the workers changed nothing
        np.testing.assert_array_equal(next(here)["frames"], expected["frames"])
