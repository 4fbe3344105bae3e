"""Both drivers run the same step: the same parameters, and each other's states."""

from dataclasses import replace
from functools import cache, partial

import jax
import numpy as np
import pytest

from tests.helpers.tiny_training import MODEL, tiny_batch, tiny_config
from tracknet_jax.data.augment.mixup import MixupConfig
from tracknet_jax.models.tracknet import init_variables
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.parallel import make_driver
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import train_step
from tracknet_jax.training.train_config import LossConfig

CONFIG = tiny_config(loss=LossConfig(variation_penalty=0.1))
CONFIG = replace(CONFIG, data=replace(CONFIG.data, mixup=MixupConfig(sample=0.5)))


def first_state():
    key = jax.random.key(0)
    optimizer = make_optimizer(CONFIG.optimizer, 5)
    return create_state(init_variables(MODEL, key), optimizer, key, averaged=True)


def draw_rows(arrays, keys):
    rows = jax.vmap(lambda key: jax.random.randint(key, (), 0, 32))(keys)
    return jax.tree.map(lambda x: x[rows], arrays)


@cache
def driver(name, draw=None, steps=1):
    step = partial(train_step, config=CONFIG, optimizer=make_optimizer(CONFIG.optimizer, 5))
    return make_driver(name, step, draw, steps=steps)


def run(name, state, steps, draw=None, inputs=None):
    used = driver(name, draw)
    placed, losses = used.place(state), []
    for i in steps:
        placed, metrics = used.step(placed, used.place_inputs(tiny_batch(i) if inputs is None else inputs))
        losses.append(used.numbers(metrics["loss"]).item())
    return used.collect(placed), losses


def largest_difference(a, b):
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return max(float(np.abs(np.asarray(x) - np.asarray(y)).max()) for x, y in pairs)


@pytest.fixture(scope="module")
def results():
    assert jax.device_count() == 8
    return {name: run(name, first_state(), range(5)) for name in ("jit", "pmap")}


def test_the_same_parameters_after_five_steps(results):
    (jit, jit_losses), (pmap, pmap_losses) = results["jit"], results["pmap"]
    assert largest_difference(jit.params, first_state().params) > 1e-3  # it did train
    assert largest_difference(jit.params, pmap.params) <= 1e-6
    assert largest_difference(jit.batch_stats, pmap.batch_stats) <= 1e-5
    assert largest_difference(jit.ema, pmap.ema) <= 1e-6
    np.testing.assert_allclose(jit_losses, pmap_losses, rtol=1e-5)
    assert int(jit.step) == int(pmap.step) == 5
    assert (jax.random.key_data(pmap.key) == jax.random.key_data(first_state().key)).all()


@pytest.mark.parametrize(("first", "second"), [("jit", "pmap"), ("pmap", "jit")])
def test_a_state_goes_on_with_the_other_driver(results, first, second):
    half, _ = run(first, first_state(), range(3))
    whole, _ = run(second, half, range(3, 5))
    assert largest_difference(whole.params, results["jit"][0].params) <= 1e-6


def test_windows_drawn_inside_the_step_are_the_same_for_both():
    arrays = tiny_batch(0, windows=32)

    jit, _ = run("jit", first_state(), range(2), draw_rows, arrays)
    pmap, _ = run("pmap", first_state(), range(2), draw_rows, arrays)
    assert largest_difference(jit.params, pmap.params) <= 1e-6


@pytest.mark.parametrize("name", ["jit", "pmap"])
def test_several_steps_in_a_dispatch_are_those_of_several_dispatches(name):
    arrays = tiny_batch(0, windows=32)
    alone, losses = run(name, first_state(), range(3), draw_rows, arrays)
    together = driver(name, draw_rows, steps=3)
    placed, metrics = together.step(together.place(first_state()), together.place_inputs(arrays))
    found = together.collect(placed)
    assert int(found.step) == 3
    assert largest_difference(found.params, alone.params) <= 1e-6
    assert largest_difference(found.ema, alone.ema) <= 1e-6
    np.testing.assert_allclose(together.numbers(metrics["loss"]), losses, rtol=1e-5)
    assert len(set(losses)) == 3  # other windows at every step
