"""Steps without a finite loss: left out, counted, and the end of the run when there are too many in a row."""

import json
from functools import partial
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from tracknet_jax.errors import UserError
from tracknet_jax.models.tracknet import init_variables
from tracknet_jax.training.config import EvalConfig
from tracknet_jax.training.guard import Guard
from tracknet_jax.training.loop import train
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.parallel import make_driver
from tracknet_jax.training.sources import GrainSource, open_training
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import train_step

from .test_loop import config_for
from .tiny import MODEL, tiny_batch, tiny_config

CONFIG = tiny_config()


def poisoned(batch):
    """One pixel of one window is not a number."""
    frames = batch["frames"].astype(np.float32)
    frames[0, 1, 5, 5] = np.nan
    return {**batch, "frames": frames}


def leaves(state):
    return [
        np.array(x) for x in jax.tree.leaves((state.params, state.batch_stats, state.opt_state, state.ema))
    ]


@pytest.mark.parametrize("name", ["jit", "pmap"])
def test_a_bad_step_changes_nothing_but_the_number(name):
    key = jax.random.key(0)
    optimizer = make_optimizer(CONFIG.optimizer, 5)
    state = create_state(init_variables(MODEL, key), optimizer, key, averaged=True)
    driver = make_driver(name, partial(train_step, config=CONFIG, optimizer=optimizer), None)
    before = leaves(state)
    placed, metrics = driver.step(driver.place(state), driver.place_inputs(poisoned(tiny_batch(0))))
    after = driver.collect(placed)
    assert driver.numbers(metrics["skipped"]).item() == 1
    assert int(after.step) == 1
    for a, b in zip(before, leaves(after), strict=True):
        np.testing.assert_array_equal(a, b)

    good = {**tiny_batch(1), "frames": tiny_batch(1)["frames"].astype(np.float32)}  # the same program
    placed, metrics = driver.step(placed, driver.place_inputs(good))
    assert driver.numbers(metrics["skipped"]).item() == 0
    assert any((a != b).any() for a, b in zip(before, leaves(driver.collect(placed)), strict=True))


def poison_from(monkeypatch, bad_steps):
    """The batches of these steps, counted from 1, are poisoned; all have the same dtype."""
    read, step = GrainSource.next, [0]

    def next_batch(self):
        step[0] += 1
        batch = read(self)
        return poisoned(batch) if step[0] in bad_steps else {**batch, "frames": batch["frames"].astype("f4")}

    monkeypatch.setattr(GrainSource, "next", next_batch)


def logged(workdir):
    lines = map(json.loads, (workdir / "metrics.jsonl").read_text().splitlines())
    return {line["step"]: line for line in lines if "skipped" in line}


def run_config(dataset, **changes):
    return config_for(dataset, "grain", evaluation=EvalConfig(every=0), **changes)


def test_a_run_goes_on_after_a_bad_batch(dataset, tmp_path, monkeypatch):
    poison_from(monkeypatch, {3})
    result = train(run_config(dataset, max_skipped=2), tmp_path)
    assert int(result.state.step) == 8
    rows = logged(tmp_path)
    assert [rows[step]["skipped"] for step in range(1, 9)] == [0, 0, 1, 0, 0, 0, 0, 0]
    assert "loss" not in rows[3]
    assert all(np.isfinite(x).all() for x in leaves(result.state))


def test_too_many_in_a_row_end_it_and_the_batch_is_kept(dataset, tmp_path, monkeypatch):
    poison_from(monkeypatch, {2, 4, 5, 6, 7, 8})
    with pytest.raises(UserError) as error:
        train(run_config(dataset, max_skipped=3), tmp_path)
    assert "step 6: loss or gradients have not been finite for 3 steps" in str(error.value)
    assert f"newest checkpoint is {tmp_path}/checkpoints/" in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    (kept,) = tmp_path.glob("bad_batch_*.npz")
    assert kept.name == "bad_batch_0000004.npz"
    assert str(kept) in str(error.value)
    with np.load(kept) as batch:
        assert batch["frames"].shape == (8, 3, MODEL.height, MODEL.width, 3)
        assert np.isnan(batch["frames"]).sum() == 3
        assert batch["xy"].shape == (8, 3, 2)


def test_bad_steps_are_counted_within_a_dispatch(clips, tmp_path):
    config = config_for(clips, max_skipped=3)
    driver = SimpleNamespace(numbers=np.asarray)
    guard = Guard(
        config, tmp_path, open_training(config, tmp_path), driver, SimpleNamespace(newest=lambda: None)
    )
    for last, skipped in ((2, [1, 0]), (4, [0, 1]), (6, [1, 1])):
        guard.watch(last, None, {"skipped": skipped})
    with pytest.raises(UserError, match=r"step 6: .* for 3 steps.* step 4 is in .*bad_batch_0000004\.npz"):
        guard.finish()


def test_resident_windows_of_a_step_are_those_that_were_drawn(clips, tmp_path):
    source = open_training(config_for(clips), tmp_path)
    keys = jax.random.split(jax.random.key(3), 8)
    drawn = jax.jit(source.draw)(source.next(), keys)
    kept = source.batch(None, keys)
    assert kept.keys() == drawn.keys()
    for name, x in drawn.items():
        np.testing.assert_array_equal(kept[name], np.asarray(x))
