"""Parts of a batch one after the other, and activations computed again: the same gradients."""

from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from tests.helpers.tiny_training import MODEL, tiny_batch, tiny_config
from tracknet_jax.heatmaps.losses import weighted_bce
from tracknet_jax.models.tracknet import TrackNet, init_variables
from tracknet_jax.training.gradients import gradients, make_loss_fn
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import create_state
from tracknet_jax.training.targets import with_targets

CONFIG = tiny_config(batch_size=4)


@cache
def state():
    key = jax.random.key(0)
    return create_state(init_variables(MODEL, key), make_optimizer(CONFIG.optimizer), key, averaged=False)


def whole_batch(seed=0, windows=4):
    batch = tiny_batch(seed, windows)
    return with_targets({**batch, "frames": batch["frames"] / np.float32(255)}, CONFIG)


def found(batch, **changes):
    config = replace(CONFIG, **changes)
    return jax.jit(lambda batch: gradients(state(), batch, jax.random.key(1), config, None))(batch)


def assert_close(a, b, tolerance):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * float(jnp.abs(y).max()) + 1e-9)


def test_parts_are_weighted_by_their_labelled_frames():
    """Against one graph over all parts, each normalised by itself."""
    batch = whole_batch()
    counts = [float(batch["mask"][a::2].sum()) for a in range(2)]
    assert counts[0] != counts[1]

    def mean_loss(params):
        total = jnp.zeros(())
        for a in range(2):
            part = jax.tree.map(lambda x: x[a::2], batch)  # noqa: B023
            variables = {"params": params, "batch_stats": state().batch_stats}
            output, _ = TrackNet(MODEL).apply(variables, part["frames"], train=True, mutable=["batch_stats"])
            total += weighted_bce(output.logits, part["targets"], part["mask"]) * counts[a]
        return total / sum(counts)

    expected = jax.jit(jax.value_and_grad(mean_loss))(state().params)
    loss, _, grads = found(batch, accumulation=2)
    assert_close((loss, grads), expected, 1e-4)


def test_a_batch_of_equal_parts_has_the_gradients_of_the_whole():
    half = whole_batch(1, windows=2)
    batch = jax.tree.map(lambda x: jnp.repeat(x, 2, axis=0), half)  # batch norm sees the same in both parts
    at_once, in_parts = found(batch), found(batch, accumulation=2)
    assert_close(in_parts[::2], at_once[::2], 1e-4)


def test_what_is_computed_again_is_the_same():
    batch = whole_batch()
    assert_close(found(batch, remat=True), found(batch), 1e-5)


def test_less_is_kept_for_the_backward_pass():
    def kept(remat):
        def forward(params, batch_stats, batch):
            config = replace(CONFIG, remat=remat)
            loss_fn = make_loss_fn(batch_stats, batch, jax.random.key(1), None, config, None)
            return jax.vjp(loss_fn, params, has_aux=True)[1]

        residuals = jax.eval_shape(forward, state().params, state().batch_stats, whole_batch())
        return sum(x.size for x in jax.tree.leaves(residuals) if x.dtype == jnp.float32)

    assert kept(True) < 0.5 * kept(False)
