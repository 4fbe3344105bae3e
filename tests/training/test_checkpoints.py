"""Checkpoints: what is saved is what was there, half-written ones are no harm, the best stays."""

import json
from dataclasses import replace
from functools import cache, partial

import jax
import numpy as np
import pytest

from tests.helpers.tiny_training import MODEL, tiny_batch, tiny_config
from tracknet_jax.models.tracknet import init_variables
from tracknet_jax.training.checkpoints import Checkpoints, find_checkpoint, restore_for_inference
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.parallel import make_driver
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import train_step
from tracknet_jax.utils.errors import UserError

CONFIG = tiny_config()


@cache
def variables():
    return jax.tree.map(np.array, init_variables(MODEL, jax.random.key(1)))


def state_at(step, config=CONFIG):
    state = create_state(
        variables(), make_optimizer(config.optimizer), jax.random.key(0), config.ema_decay > 0
    )
    scaled = jax.tree.map(lambda x: x + step, state.ema)
    return state.replace(step=jax.numpy.int32(step), ema=scaled)


def write(workdir, scores, keep=2):
    with Checkpoints(workdir, keep, "val/f1_hit") as checkpoints:
        best = None
        for step, score in scores.items():
            metrics = None if score is None else {"val/f1_hit": score}
            best = step if score is not None else best
            checkpoints.save(state_at(step), CONFIG, {"best_step": best}, metrics)


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
    with pytest.raises(UserError, match="no checkpoint here"):
        restore_for_inference(tmp_path)


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
    assert find_checkpoint(tmp_path).name == "1"


def test_nothing_readable(tmp_path):
    write(tmp_path, {1: None})
    (tmp_path / "checkpoints/1/_CHECKPOINT_METADATA").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        restore_for_inference(tmp_path)


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


@pytest.mark.parametrize(("which", "step"), [("best", 2), ("latest", 4)])
def test_restore_for_inference(tmp_path, which, step):
    write(tmp_path, {2: 0.9, 3: None, 4: None}, keep=1)
    config, weights = restore_for_inference(tmp_path, which)
    assert config == MODEL
    for a, b in zip(jax.tree.leaves(weights), jax.tree.leaves(state_at(step).ema), strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_an_average_the_weights_themselves(tmp_path):
    config = replace(CONFIG, ema_decay=0.0)
    with Checkpoints(tmp_path, 2, "val/f1_hit") as checkpoints:
        checkpoints.save(state_at(3, config), config, {})
    _, weights = restore_for_inference(tmp_path / "checkpoints" / "3")
    jax.tree.map(np.testing.assert_array_equal, weights, variables())


def test_a_later_release_can_read_the_weights(tmp_path):
    """A field of the training config that is gone is no reason to lose the weights or the run."""
    write(tmp_path, {1: None})
    file = tmp_path / "checkpoints/1/_CHECKPOINT_METADATA"
    metadata = json.loads(file.read_text())
    metadata["custom_metadata"]["config"]["forgotten"] = 1
    file.write_text(json.dumps(metadata))
    assert restore_for_inference(tmp_path)[0] == MODEL
    assert int(restore(tmp_path).state.step) == 1


@pytest.mark.parametrize("name", ["jit", "pmap"])
def test_what_is_written_while_training_goes_on_is_the_step_it_says(tmp_path, name):
    """The step overwrites the arrays that are still being written: they must have been copied."""
    step = partial(train_step, config=CONFIG, optimizer=make_optimizer(CONFIG.optimizer, 5))
    driver = make_driver(name, step, None)
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
