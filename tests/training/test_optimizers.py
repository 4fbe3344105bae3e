"""Optimizers against hand-written rules, schedules against known values, weight decay against names."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tracknet_jax.models.registry import preset
from tracknet_jax.models.tracknet import init_variables
from tracknet_jax.training.optimizers import (
    KERAS_ADADELTA,
    V5_ADAMW,
    decay_mask,
    make_optimizer,
    make_schedule,
)
from tracknet_jax.training.train_config import OptimizerConfig, ScheduleConfig


def walk(config, gradients, start):
    """Values after each of the `gradients`, one parameter called kernel."""
    optimizer = make_optimizer(config, len(gradients))
    params = {"kernel": jnp.asarray(start)}
    state, values = optimizer.init(params), []
    for step, gradient in enumerate(gradients):
        updates, state = optimizer.update({"kernel": jnp.asarray(gradient)}, state, params, step=step)
        params = jax.tree.map(jnp.add, params, updates)
        values.append(np.asarray(params["kernel"]))
    return values


def test_adadelta_is_keras_rule():
    gradients = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    x, squares, steps = np.ones(4), np.zeros(4), np.zeros(4)
    for value, g in zip(walk(KERAS_ADADELTA, gradients, np.ones(4, np.float32)), gradients, strict=True):
        squares = 0.95 * squares + 0.05 * g**2
        delta = g * np.sqrt(steps + 1e-7) / np.sqrt(squares + 1e-7)
        steps = 0.95 * steps + 0.05 * delta**2
        x = x - 1.0 * delta
        np.testing.assert_allclose(value, x, rtol=1e-5)


def test_adamw_is_torchs_rule_with_clipping():
    gradients = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32) * 3
    x, m, v = np.ones(4), np.zeros(4), np.zeros(4)
    config = replace(V5_ADAMW, lr=0.1, schedule=ScheduleConfig())
    for t, (value, g) in enumerate(
        zip(walk(config, gradients, np.ones(4, np.float32)), gradients, strict=True), 1
    ):
        g = g / max(1.0, np.linalg.norm(g))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        x = x * (1 - 0.1 * 0.01) - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(value, x, rtol=1e-4)


@pytest.mark.parametrize("clip", [None, 1.0])
@pytest.mark.parametrize("decay_all", [False, True])
@pytest.mark.parametrize("name", ["adamw", "adam", "adadelta"])
def test_states_and_updates_are_those_of_optax(name, decay_all, clip):
    """As in checkpoints up to version 0.4.0, whose optimizers were optax's own on its own schedules."""
    schedule = ScheduleConfig("cosine", warmup_steps=2)
    config = OptimizerConfig(name, lr=0.1, schedule=schedule, clip_norm=clip, decay_all=decay_all)
    rate = make_schedule(config, 4)
    theirs = {
        "adamw": optax.adamw(rate, eps=1e-8, weight_decay=0.01, mask=None if decay_all else decay_mask),
        "adam": optax.adam(rate, eps=1e-8),
        "adadelta": optax.adadelta(rate, rho=0.95, eps=1e-8),
    }
    clipping = optax.identity() if clip is None else optax.clip_by_global_norm(clip)
    expected, found = optax.chain(clipping, theirs[name]), make_optimizer(config, 4)
    params = {"layer": {"kernel": jnp.ones((3, 2)), "bias": jnp.ones(2)}}
    states = [expected.init(params), found.init(params)]
    for step in range(4):
        grads = jax.tree.map(lambda x: jnp.arange(x.size, dtype=x.dtype).reshape(x.shape) - step, params)  # noqa: B023
        updates, states[0] = expected.update(grads, states[0], params)
        ours, states[1] = found.update(grads, states[1], params, step=jnp.int32(step))
        assert jax.tree.structure(states[0]) == jax.tree.structure(states[1])
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-6), (ours, states[1]), (updates, states[0]))


def test_the_rate_is_that_of_the_step_not_of_the_update():
    config = OptimizerConfig(
        "adam", lr=0.1, schedule=ScheduleConfig("step", milestones=(0.5,)), clip_norm=None
    )
    optimizer, params = make_optimizer(config, 4), {"kernel": jnp.ones(1)}
    for step, rate in ((0, 0.1), (3, 0.01)):
        updates, _ = optimizer.update({"kernel": jnp.ones(1)}, optimizer.init(params), params, step=step)
        assert float(updates["kernel"][0]) == pytest.approx(-rate, rel=1e-5)


def test_v5_schedule_drops_at_epochs_20_and_25_of_30():
    rate = make_schedule(V5_ADAMW, 30)
    np.testing.assert_allclose(
        [rate(i) for i in (0, 19, 20, 24, 25, 29)], [1e-4, 1e-4, 1e-5, 1e-5, 1e-6, 1e-6], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("step", "factor"),
    [(0, 0.1), (4, 0.5 * (0.1 + 0.9 * 0.5 * (1 + np.cos(np.pi * 0.04)))), (50, 0.55), (100, 0.1)],
)
def test_cosine_with_warmup(step, factor):
    config = OptimizerConfig(lr=2.0, schedule=ScheduleConfig("cosine", warmup_steps=10, final=0.1))
    np.testing.assert_allclose(make_schedule(config, 100)(step), 2.0 * factor, rtol=1e-5)


def test_only_kernels_decay():
    params = jax.eval_shape(partial(init_variables, preset("tracknet_v5")), jax.random.key(0))["params"]
    flags = jax.tree_util.tree_leaves_with_path(decay_mask(params))
    names = {path[-1].key: decays for path, decays in flags}
    assert names.pop("kernel")
    assert {"alpha", "beta", "spatial_position", "temporal_position", "bias", "scale"} <= set(names)
    assert not any(names.values())
