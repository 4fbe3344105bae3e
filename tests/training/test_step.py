"""The step: which frames count, which maps are learned, how weights are averaged, what randomness depends on."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers.tiny_training import MODEL, tiny_batch, tiny_config
from tracknet_jax.models.registry import preset
from tracknet_jax.models.tracknet import TrackNetOutput, init_variables
from tracknet_jax.training.cluster.mesh import on_one_device
from tracknet_jax.training.gradients import batch_loss
from tracknet_jax.training.initial import transplant
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import create_state, update_average
from tracknet_jax.training.step import train_step
from tracknet_jax.training.supervision import make_targets, with_targets
from tracknet_jax.training.train_config import LossConfig, TargetConfig


def labels(xy, visibility):
    xy, visibility = jnp.array(xy, jnp.float32), jnp.array(visibility, jnp.uint8)
    return {"frames": jnp.zeros((*visibility.shape, 32, 64, 3)), "xy": xy, "visibility": visibility}


def loss_of(logits, batch, config, attention=None):
    output, learnt = TrackNetOutput(logits, attention=attention), with_targets(batch, config)
    return float(batch_loss(output, learnt, config, learnt["mask"].sum()))


def test_frames_without_a_usable_label_do_not_count():
    logits = jax.random.normal(jax.random.key(0), (2, 3, 32, 64))
    nan = np.nan
    all_frames = labels(
        [[[5, 6], [nan, nan], [9, 9]], [[20, 20], [nan, nan], [30, 30]]], [[1, 0, 255], [3, 2, 2]]
    )
    counting = [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 2),
    ]  # not the unlabelled one, not the one that is there but not located
    maps = np.zeros((2, 3, 32, 64))
    y, x = np.mgrid[:32, :64]
    for b, t in counting:
        if all_frames["visibility"][b, t]:
            cx, cy = all_frames["xy"][b, t]
            maps[b, t] = (x - cx) ** 2 + (y - cy) ** 2 <= 2.5**2
    p = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    terms = -((1 - p) ** 2 * maps * np.log(p) + p**2 * (1 - maps) * np.log(1 - p))
    expected = np.mean([terms[b, t].mean() for b, t in counting])
    assert loss_of(logits, all_frames, tiny_config()) == pytest.approx(expected, rel=1e-5)


def test_a_network_with_one_map_learns_the_last_frame():
    logits = jax.random.normal(jax.random.key(0), (1, 1, 32, 64))
    three = labels([[[5, 6], [7, 8], [9, 10]]], [[1, 1, 1]])
    last = labels([[[9, 10]]], [[1]])
    config = tiny_config(model=replace(MODEL, outputs=1))
    assert loss_of(logits, three, config) == loss_of(logits, last, config)


def test_class_maps_learn_the_grey_gaussian_of_the_last_frame():
    config = tiny_config(model=replace(MODEL, outputs=1, motion="none", head="classes"))
    batch = labels([[[5, 6], [7, 8], [9, 10]], [[5, 6], [7, 8], [9, 10]]], [[1, 1, 1], [1, 1, 255]])
    logits = jax.random.normal(jax.random.key(0), (2, 32, 64, 256))
    y, x = np.mgrid[:32, :64]
    across = np.arange(-9.5, 10)  # the 20 x 20 source pixels of a map pixel: 1280 / 64
    grey = [
        np.floor(255 * np.exp(-((20 * (x - 9) + dx) ** 2 + (20 * (y - 10) + dy) ** 2) / 20))
        for dx in across
        for dy in across
    ]
    classes = np.floor(np.mean(grey, axis=0) + 0.5).astype(int)
    assert classes.max() > 20
    p = np.asarray(jax.nn.softmax(logits), np.float64)[0]  # the last frame of the second is not labelled
    expected = -np.log(np.take_along_axis(p, classes[..., None], -1)).mean()
    assert loss_of(logits, batch, config) == pytest.approx(expected, rel=1e-5)


def test_penalty_on_changing_motion_maps():
    logits, batch = jnp.zeros((1, 3, 32, 64)), labels([[[5, 6]] * 3], [[1] * 3])
    attention = jnp.stack([jnp.zeros((1, 32, 64)), jnp.full((1, 32, 64), 0.5)], axis=1)
    without = loss_of(logits, batch, tiny_config(), attention)
    config = tiny_config(loss=LossConfig(variation_penalty=2.0))
    assert loss_of(logits, batch, config, attention) == pytest.approx(without + 2 * 0.25)


@pytest.mark.parametrize(
    ("target", "pixels"),
    [(TargetConfig(), 21), (TargetConfig(radius=1.0), 5), (TargetConfig("v5"), 57)],  # V5: 55.9 on average
)
def test_sizes_of_the_targets(target, pixels):
    config = tiny_config(model=preset("tracknet_v2"), target=target)
    crop = make_targets(jnp.array([40.0, 30.0]), 144, 256, config)  # a crop has the scale of the whole frame
    assert float(crop.sum()) == pytest.approx(pixels, abs=2)


def test_the_average_of_weights():
    average, weights = {"a": jnp.array(1.0)}, {"a": jnp.array(3.0)}
    assert float(update_average(average, weights, jnp.array(10**6), 0.9)["a"]) == pytest.approx(1.2)
    assert float(update_average(average, weights, jnp.array(0), 0.9)["a"]) == pytest.approx(2.8)  # 0.1 old


@pytest.fixture(scope="module")
def stepped():
    """The state and its metrics after one bfloat16 step, and the function that makes a step."""
    config = tiny_config(model=replace(MODEL, dtype="bfloat16"))
    optimizer = make_optimizer(config.optimizer)
    state = create_state(init_variables(config.model, jax.random.key(0)), optimizer, jax.random.key(0), True)

    @jax.jit
    @on_one_device
    def step(state):
        return train_step(state, tiny_batch(0), config=config, optimizer=optimizer)

    return state, step


def test_bfloat16_activations_keep_float32_weights(stepped):
    state, metrics = stepped[1](stepped[0])
    assert np.isfinite(float(metrics["loss"]))
    assert {x.dtype for x in jax.tree.leaves(state.variables)} == {jnp.float32.dtype}


def test_randomness_depends_on_key_and_step_alone(stepped):
    state, step = stepped
    loss = float(step(state)[1]["loss"])
    assert float(step(state)[1]["loss"]) == loss
    assert float(step(state.replace(step=jnp.int32(7)))[1]["loss"]) != loss
    assert float(step(state.replace(key=jax.random.key(1)))[1]["loss"]) != loss


def test_v4_begins_with_the_weights_of_v2():
    v2, v4 = (
        replace(MODEL, motion=motion, fusion=fusion)
        for motion, fusion in (("none", "none"), ("prompt", "eq4"))
    )
    given, fresh = filled(v2, 1.0), filled(v4, 0.0)
    for name, x in jax.tree_util.tree_leaves_with_path(transplant(given, fresh, "v2")):
        assert (x == (0.0 if "motion" in jax.tree_util.keystr(name) else 1.0)).all()


def filled(config, value):
    shapes = jax.eval_shape(lambda: init_variables(config, jax.random.key(0)))
    return jax.tree.map(lambda x: np.full(x.shape, value, x.dtype), shapes)
