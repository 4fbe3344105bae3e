"""Steps without a finite loss: left out, counted, and the end of the run when there are too many in a row."""

import json
from functools import partial
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from tests.helpers.tiny_training import MODEL, SMOOTH, SMOOTH_TOLERANCE, tiny_batch, tiny_config
from tests.training.test_loop import config_for, stop_at
from tests.training.test_parallel import draw_rows
from tracknet_jax.models.tracknet import init_variables
from tracknet_jax.training.cluster.parallel import Driver
from tracknet_jax.training.guard import Guard
from tracknet_jax.training.input.batch_sources import GrainSource, open_training
from tracknet_jax.training.loop import train
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import step_keys, train_step, window_keys
from tracknet_jax.training.train_config import CheckpointConfig, EvalConfig, OptimizerConfig, ScheduleConfig
from tracknet_jax.utils.errors import UserError

# Adam without memory: every parameter with a gradient moves by the learning rate.
ADAM = OptimizerConfig("adam", lr=1e-2, betas=(0.0, 0.0), clip_norm=None, schedule=ScheduleConfig("cosine"))
CONFIG = tiny_config(optimizer=ADAM)


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
    driver = Driver(name, partial(train_step, config=CONFIG, optimizer=optimizer), None)
    before, params = leaves(state), [np.array(x) for x in jax.tree.leaves(state.params)]
    placed, metrics = driver.step(driver.place(state), driver.place_inputs(poisoned(tiny_batch(0))))
    after = driver.collect(placed)
    assert float(metrics["skipped"]) == 1
    assert int(after.step) == 1
    for a, b in zip(before, leaves(after), strict=True):
        np.testing.assert_array_equal(a, b)

    good = {**tiny_batch(1), "frames": tiny_batch(1)["frames"].astype(np.float32)}  # the same program
    placed, metrics = driver.step(placed, driver.place_inputs(good))
    assert float(metrics["skipped"]) == 0
    after = driver.collect(placed)
    moved = [np.abs(a - b).max() for a, b in zip(jax.tree.leaves(after.params), params, strict=True)]
    rate = 1e-2 * (1 + np.cos(np.pi / 5)) / 2  # of step 1 of 5, not of step 0
    assert max(moved) == pytest.approx(rate, rel=1e-4)


@pytest.fixture(scope="module")
def dispatched():
    """Two dispatches of two steps each by each driver, their batches in two parts: `skipped` and the state's arrays.

    Of the first, one window of the second step has a NaN; of the second, all have.
    """
    config = tiny_config(accumulation=2, batch_size=16, optimizer=SMOOTH)
    key, optimizer = jax.random.key(0), make_optimizer(config.optimizer, 5)
    step = partial(train_step, config=config, optimizer=optimizer)
    first, second = ({*rows_of(key, step, config).tolist()} for step in (0, 1))
    found = {}
    for name in ("jit", "pmap"):
        driver = Driver(name, step, draw_rows, steps=2)
        key = jax.random.key(0)  # used up with the state
        placed = driver.place(create_state(init_variables(MODEL, key), optimizer, key, averaged=True))
        found[name] = []
        for bad_rows in ([min(second - first)], range(32)):
            arrays = tiny_batch(0, windows=32)
            arrays["frames"] = arrays["frames"].astype("f4")
            arrays["frames"][list(bad_rows), 1, 5, 5] = np.nan
            placed, metrics = driver.step(placed, driver.place_inputs(arrays))
            skipped = np.asarray(metrics["skipped"]).tolist()
            found[name].append((skipped, leaves(driver.collect(placed))))
    return found


@pytest.mark.parametrize("name", ["jit", "pmap"])
def test_one_bad_window_spoils_its_whole_step_and_no_other(dispatched, name):
    """On every device, in every part, whatever its place in the dispatch."""
    (one_bad, before), (all_bad, after) = dispatched[name]
    assert one_bad == [0, 1]
    assert all(np.isfinite(x).all() for x in before)
    assert all_bad == [1, 1]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_both_drivers_leave_the_same_steps_out(dispatched):
    for a, b in zip(dispatched["jit"][0][1], dispatched["pmap"][0][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=SMOOTH_TOLERANCE)


def rows_of(key, step, config):
    keys = window_keys(step_keys(key, step)[0], np.arange(config.batch_size))
    return np.asarray(draw_rows({"row": jax.numpy.arange(32)}, keys)["row"])


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
    cosine = OptimizerConfig(lr=1e-2, schedule=ScheduleConfig("cosine"))
    result = train(run_config(dataset, max_skipped=2, optimizer=cosine), tmp_path)
    assert int(result.state.step) == 8
    rows = logged(tmp_path)
    assert [rows[step]["skipped"] for step in range(1, 9)] == [0, 0, 1, 0, 0, 0, 0, 0]
    assert "loss" not in rows[3]
    rates = [5e-3 * (1 + np.cos(np.pi * step / 8)) for step in range(8)]
    assert [rows[step]["lr"] for step in range(1, 9)] == pytest.approx(rates, rel=1e-5)
    assert all(np.isfinite(x).all() for x in leaves(result.state))


def test_too_many_in_a_row_end_it_and_the_batch_is_kept(dataset, tmp_path, monkeypatch):
    poison_from(monkeypatch, {2, 4, 5, 6, 7, 8})
    with pytest.raises(UserError) as error:
        train(run_config(dataset, max_skipped=3), tmp_path)
    assert "step 6: loss or gradients have not been finite for 3 steps" in str(error.value)
    # Due after steps 2, 4 and 6, which are bad; step 3 is good.
    assert f"newest checkpoint is {tmp_path}/checkpoints/3, " in str(error.value)
    assert saved_steps(tmp_path) == [3]
    assert len(str(error.value).splitlines()) == 1
    (kept,) = tmp_path.glob("bad_batch_*.npz")
    assert kept.name == "bad_batch_0000004.npz"
    assert str(kept) in str(error.value)
    with np.load(kept) as batch:
        assert batch["frames"].shape == (8, 3, MODEL.height, MODEL.width, 3)
        assert np.isnan(batch["frames"]).sum() == 3
        assert batch["xy"].shape == (8, 3, 2)


def saved_steps(workdir):
    return sorted(int(path.name) for path in (workdir / "checkpoints").iterdir())


def test_earlier_checkpoints_outlive_bad_steps(dataset, tmp_path, monkeypatch):
    """Copies of weights that may be lost do not replace them; when a machine is taken back one is saved."""
    config = run_config(dataset, max_skipped=4, checkpoint=CheckpointConfig(every=1, keep=2))
    poison_from(monkeypatch, {3, 4, 5, 6})
    with pytest.raises(UserError, match=r"newest checkpoint is .*checkpoints/2, "):
        train(config, tmp_path)
    assert saved_steps(tmp_path) == [1, 2]

    monkeypatch.undo()
    poison_from(monkeypatch, {1, 2, 3})  # which are the steps 3, 4 and 5
    stop_at(monkeypatch, 4)
    assert train(config, tmp_path).stopped
    assert saved_steps(tmp_path) == [2, 4]


def test_bad_steps_are_counted_within_a_dispatch(clips, tmp_path):
    config = config_for(clips, max_skipped=3)
    guard = Guard(config, tmp_path, open_training(config, tmp_path), SimpleNamespace(newest=lambda: None))
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
