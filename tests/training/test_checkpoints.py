"""Checkpoints: what is saved is what was there, half-written ones are no harm, the best stays."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest

from tests.helpers.saved_runs import CONFIG, OtherVersion, damage, state_at, with_nan, write
from tests.helpers.tiny_training import MODEL, tiny_batch
from tracknet_jax.training.checkpoints import Checkpoints
from tracknet_jax.training.cluster.parallel import Driver
from tracknet_jax.utils.errors import UserError


def restore(workdir, config=CONFIG):
    with Checkpoints(workdir, 2, "val/f1_hit") as checkpoints:
        return checkpoints.restore(jax.eval_shape(partial(state_at, 0, config)), config)


def steps(workdir):
    return sorted(int(p.name) for p in (workdir / "checkpoints").iterdir() if p.name.isdigit())


def test_latest_and_best_stay(tmp_path):
    write(tmp_path, {1: 0.2, 2: 0.9, 3: 0.9, 4: None, 5: 0.3, 6: None})
    assert steps(tmp_path) == [3, 5, 6]  # of equal scores the later one


def test_round_trip(tmp_path):
    write(tmp_path, {7: None})
    restored = restore(tmp_path)
    assert restored.progress == {"best_step": None}
    for a, b in zip(jax.tree.leaves(restored.state), jax.tree.leaves(state_at(7)), strict=True):
        if jax.numpy.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
        assert a.sharding.is_fully_replicated
        assert len(a.sharding.device_set) == 8


def test_empty_directory(tmp_path):
    assert restore(tmp_path) is None


def test_a_damaged_checkpoint_is_left_out(tmp_path, caplog):
    write(tmp_path, {1: None, 2: None})
    for file in (tmp_path / "checkpoints/2/state").rglob("*"):
        if file.is_file():
            file.write_bytes(b"")
    assert int(restore(tmp_path).state.step) == 1
    assert "checkpoints/2 cannot be read" in caplog.text
    assert steps(tmp_path) == [1]  # step 2 was moved aside and can be written again
    write(tmp_path, {2: None})
    assert int(restore(tmp_path).state.step) == 2


def test_an_unfinished_checkpoint_is_left_out(tmp_path):
    write(tmp_path, {1: None})
    (tmp_path / "checkpoints/2.orbax-checkpoint-tmp/state").mkdir(parents=True)
    (tmp_path / "checkpoints/3").mkdir()
    assert int(restore(tmp_path).state.step) == 1


def test_changed_bytes_are_found_and_the_one_before_is_taken(tmp_path, caplog):
    write(tmp_path, {1: None, 2: None})
    damage(tmp_path / "checkpoints/2")
    assert int(restore(tmp_path).state.step) == 1
    assert "checkpoints/2 cannot be read" in caplog.text
    assert steps(tmp_path) == [1]


@pytest.mark.parametrize("part", ["params", "ema", "opt_state"])
def test_what_is_not_finite_is_left_out(tmp_path, caplog, part):
    def states(step):
        state = state_at(step)
        return state.replace(**{part: with_nan(getattr(state, part))}) if step == 2 else state

    write(tmp_path, {1: None, 2: None}, states=states)
    assert int(restore(tmp_path).state.step) == 1
    assert f"checkpoints/2 cannot be read ({part}/" in caplog.text
    assert "is not finite" in caplog.text


def test_nothing_readable(tmp_path):
    write(tmp_path, {1: None})
    damage(tmp_path / "checkpoints/1")
    with pytest.raises(UserError, match=r"no checkpoint can be read .*delete the folder to start again"):
        restore(tmp_path)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"model": replace(MODEL, widths=(4, 8))}, "model.widths"),
        ({"optimizer": replace(CONFIG.optimizer, name="adam")}, "optimizer.name"),
        ({"ema_decay": 0.0}, "ema_decay"),
    ],
)
def test_the_directory_of_another_run(tmp_path, change, name):
    write(tmp_path, {1: None})
    with pytest.raises(UserError, match=name):
        restore(tmp_path, replace(CONFIG, **change))


def test_a_longer_run_goes_on(tmp_path, caplog):
    write(tmp_path, {1: None})
    assert int(restore(tmp_path, replace(CONFIG, steps=50)).state.step) == 1
    assert "steps was 5, the run goes on with 50" in caplog.text


def test_the_config_of_another_version(tmp_path):
    """A field of the training config that is gone is no reason to lose the run."""
    write(tmp_path, {1: None}, config=OtherVersion(forgotten=1))
    assert int(restore(tmp_path).state.step) == 1


def count(state, batch, teacher):
    """A step that changes every parameter, and is as fast as steps can be."""
    params = jax.tree.map(lambda x: x + 1, state.params)
    return state.replace(step=state.step + 1, params=params), {}


@pytest.mark.parametrize("name", ["jit", "pmap"])
def test_what_is_written_while_training_goes_on_is_the_step_it_says(tmp_path, name):
    """The step overwrites the arrays that are still being written: they must have been copied."""
    driver = Driver(name, count)
    state, expected = driver.place(state_at(0)), {}
    with Checkpoints(tmp_path, 9, "val/f1_hit") as checkpoints:
        for i in range(1, 5):
            state, _ = driver.step(state, driver.place_inputs(tiny_batch(i)))
            whole = driver.collect(state)
            expected[i] = jax.tree.map(np.array, whole.params)
            checkpoints.save(whole, CONFIG, {})
    with Checkpoints(tmp_path, 9, "val/f1_hit") as checkpoints:
        for i in reversed(range(1, 5)):
            state = checkpoints.restore(jax.eval_shape(partial(state_at, 0)), CONFIG).state
            jax.tree.map(np.testing.assert_array_equal, state.params, expected[i])
            checkpoints._checkpointer.delete(i)
