"""Parts of a batch one after the other, and activations computed again: the same gradients."""

from dataclasses import replace
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers.float64 import as_float64, exact, in_float64
from tests.helpers.tiny_training import MODEL, tiny_batch, tiny_config
from tracknet_jax.heatmaps.losses import weighted_bce
from tracknet_jax.models.tracknet import TrackNet, init_variables
from tracknet_jax.training.cluster.mesh import on_one_device
from tracknet_jax.training.gradients import gradients, make_loss_fn
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import create_state
from tracknet_jax.training.supervision import with_targets

EXACT = exact(MODEL)
CONFIG = tiny_config(batch_size=4, model=EXACT)
TOLERANCE = 1e-10  # float64 has 16 digits, sums of 10,000 pixels lose a few


@pytest.fixture(scope="module", autouse=True)
def _float64():
    with in_float64():
        yield


@cache
def state():
    key = jax.random.key(0)
    variables = as_float64(init_variables(MODEL, key))
    return create_state(variables, make_optimizer(CONFIG.optimizer), key, averaged=False)


def whole_batch(seed=0, windows=4):
    batch = tiny_batch(seed, windows)
    return with_targets({**batch, "frames": batch["frames"] / 255}, CONFIG)


def found(batch, **changes):
    config = replace(CONFIG, **changes)

    @jax.jit
    @on_one_device
    def of_batch(batch):
        return gradients(state(), batch, jax.random.key(1), config)

    return of_batch(batch)


def assert_close(a, b):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert x.dtype == y.dtype == "float64"
        np.testing.assert_allclose(x, y, rtol=TOLERANCE, atol=TOLERANCE * float(jnp.abs(y).max()))


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
            output, _ = TrackNet(EXACT).apply(variables, part["frames"], train=True, mutable=["batch_stats"])
            total += weighted_bce(output.logits, part["targets"], part["mask"]) * counts[a]
        return total / sum(counts)

    expected = jax.jit(jax.value_and_grad(mean_loss))(state().params)
    loss, _, grads = found(batch, accumulation=2)
    assert_close((loss, grads), expected)


def test_a_batch_of_equal_parts_has_the_gradients_of_the_whole():
    half = whole_batch(1, windows=2)
    batch = jax.tree.map(lambda x: jnp.repeat(x, 2, axis=0), half)  # batch norm sees the same in both parts
    at_once, in_parts = found(batch), found(batch, accumulation=2)
    assert_close(in_parts[::2], at_once[::2])


def test_what_is_computed_again_is_the_same():
    batch = whole_batch()
    assert_close(found(batch, remat=True), found(batch))


def test_less_is_kept_for_the_backward_pass():
    def kept(remat):
        def forward(params, batch_stats, batch):
            config = replace(CONFIG, remat=remat)
            loss_fn = make_loss_fn(batch["mask"].sum(), config)
            of_batch = partial(loss_fn, batch_stats=batch_stats, batch=batch, dropout_key=jax.random.key(1))
            return jax.vjp(of_batch, params, has_aux=True)[1]

        residuals = jax.eval_shape(on_one_device(forward), state().params, state().batch_stats, whole_batch())
        return sum(x.size for x in jax.tree.leaves(residuals) if x.dtype == jnp.float64)

    assert kept(True) < 0.5 * kept(False)
