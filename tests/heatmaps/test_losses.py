from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers.reference import inputs, load_golden, tensors, to_flax, v1_frames
from tracknet_jax.heatmaps.losses import (
    class_cross_entropy,
    temporal_variation,
    weighted_bce,
    weighted_bce_map,
)
from tracknet_jax.models.registry import preset
from tracknet_jax.models.tracknet import TrackNet


def logit(p: np.ndarray) -> np.ndarray:
    p = p.astype(np.float64)
    return np.log(p) - np.log1p(-p)


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_value_and_gradient_of_the_reference(kind: str):
    """Where the reference clips (p within 1e-6 of 0 or 1) the two differ on purpose."""
    golden, _ = load_golden("functions")
    p, y, grad_p = golden["p"], golden[f"qaz/{kind}/y"], golden[f"qaz/{kind}/grad"]
    inside = (p > 1e-6) & (p < 1 - 1e-6)
    z = jnp.asarray(logit(np.where(inside, p, 0.5)), jnp.float32)
    ours = jax.grad(lambda z: weighted_bce_map(z, jnp.asarray(y)).sum() / p.size)(z)
    chain = p.astype(np.float64) * (1 - p.astype(np.float64))  # dp/dz
    np.testing.assert_allclose(np.asarray(ours)[inside], (grad_p * chain)[inside], rtol=2e-4, atol=1e-8)


@pytest.mark.parametrize("source", ["keras/hard", "keras/soft", "v5repo"])
def test_gradient_of_the_other_references(source: str):
    """Keras clips like the one above; the V5 code adds 1e-6 to p and 1 - p, which tells where these are small."""
    golden, signals = load_golden("functions")[0], load_golden("signals")[0]
    p = golden["p"].astype(np.float64)
    v5 = source == "v5repo"
    y = signals["losses/v5repo/target_0_255"] == 255 if v5 else golden[f"qaz/{source[6:]}/y"]
    inside = np.minimum(p, 1 - p) > (1e-3 if v5 else 1e-6)
    z = jnp.asarray(logit(np.where(inside, p, 0.5)), jnp.float32)
    targets = jnp.asarray(y, jnp.float32)
    ours = jax.grad(lambda z: weighted_bce_map(z, targets).sum() / p.size)(z)
    expected = signals[f"losses/{source}/grad"] * p * (1 - p)
    np.testing.assert_allclose(
        np.asarray(ours)[inside], expected[inside], rtol=2e-3 if v5 else 2e-4, atol=1e-8
    )


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_mean_of_the_reference_from_logits(kind: str):
    golden, _ = load_golden("functions")
    bound = float(logit(np.array(1 - 1e-4)))  # the reference clips p to 1e-4 ... 1 - 1e-4
    z = jnp.clip(jnp.asarray(golden["wasb/logits"]), -bound, bound)
    ours = weighted_bce(z, jnp.asarray(golden[f"qaz/{kind}/y"]))
    assert float(ours) == pytest.approx(float(golden[f"wasb/{kind}/wbce"]), rel=1e-5)


def test_gradient_is_that_of_the_written_out_formula():
    z = jnp.linspace(-12.0, 12.0, 49)
    y = jnp.tile(jnp.array([0.0, 1.0, 0.3]), 17)[:49]

    def formula(z):
        p = jax.nn.sigmoid(z)
        return -((1 - p) ** 2 * y * jnp.log(p) + p**2 * (1 - y) * jnp.log(1 - p)).sum()

    with jax.enable_x64(True):
        expected = jax.grad(formula)(jnp.asarray(z, jnp.float64))
    np.testing.assert_allclose(
        jax.grad(lambda z: weighted_bce_map(z, y).sum())(z), expected, rtol=1e-5, atol=1e-9
    )


@pytest.mark.parametrize("z", [-200.0, -90.0, 0.0, 90.0, 200.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_finite_and_still_pulling_at_saturation(z: float, y: float):
    """The wrong side keeps a gradient towards the target however far away, the right side costs nothing."""
    value, slope = jax.value_and_grad(lambda z: weighted_bce_map(z, jnp.float32(y)))(jnp.float32(z))
    assert np.isfinite(value)
    assert np.isfinite(slope)
    if abs(z) > 50:
        wrong = (z > 0) != (y == 1)
        assert float(value) == pytest.approx(abs(z) if wrong else 0.0, rel=1e-5)
        assert float(slope) == pytest.approx(np.sign(z) if wrong else 0.0)


def test_mask_leaves_frames_out():
    z = jax.random.normal(jax.random.key(0), (2, 3, 4, 5))
    y = (z > 1).astype(jnp.float32)
    mask = jnp.array([[1, 0, 1], [0, 0, 1]], jnp.float32)
    kept = [(0, 0), (0, 2), (1, 2)]
    expected = np.mean([weighted_bce(z[i, j], y[i, j]) for i, j in kept])
    assert float(weighted_bce(z, y, mask)) == pytest.approx(float(expected), rel=1e-6)
    masked_gradient = jax.grad(weighted_bce)(z, y, mask)
    assert float(jnp.abs(masked_gradient[0, 1]).max()) == 0.0
    assert float(weighted_bce(z, y, jnp.zeros((2, 3)))) == 0.0
    assert float(weighted_bce(z, y, mask, jnp.float32(6))) == pytest.approx(float(expected) / 2, rel=1e-6)


def test_cross_entropy_and_its_gradient_are_the_written_out_ones():
    z = 5 * jax.random.normal(jax.random.key(0), (2, 3, 4, 7))
    classes = jax.random.randint(jax.random.key(1), (2, 3, 4), 0, 7)

    def formula(z):
        p = jnp.exp(z) / jnp.exp(z).sum(-1, keepdims=True)
        return -jnp.log((p * jax.nn.one_hot(classes, 7)).sum(-1))

    assert float(class_cross_entropy(z, classes)) == pytest.approx(float(formula(z).mean()), rel=1e-5)
    ours = jax.grad(class_cross_entropy)(z, classes)
    np.testing.assert_allclose(ours, jax.grad(lambda z: formula(z).mean())(z), rtol=1e-4, atol=1e-6)
    second = class_cross_entropy(z, classes, jnp.array([0.0, 1.0]))
    assert float(second) == pytest.approx(float(formula(z)[1].mean()), rel=1e-5)
    assert np.isfinite(class_cross_entropy(1e4 * z, classes))


def test_cross_entropy_of_the_reference_network():
    _, meta = load_golden("v1")
    signals, _ = load_golden("signals")
    config = replace(preset("tracknet_v1"), height=64, width=96)
    variables = to_flax(config, tensors(meta))
    logits = jax.jit(TrackNet(config).apply)(variables, v1_frames(inputs(meta, "small"))).logits
    loss = class_cross_entropy(logits, jnp.asarray(signals["v1/target"], jnp.int32)[None])
    assert float(loss) == pytest.approx(float(signals["v1/cross_entropy"]), abs=1e-5)


def test_penalty_on_motion_maps_of_the_reference():
    maps, penalties = load_golden("functions")[0]["v5repo_v4"], load_golden("signals")[0]["motion/penalty"]
    ours = [float(temporal_variation(jnp.asarray(map))) for map in maps]
    np.testing.assert_allclose(ours, penalties, rtol=1e-5)
    assert np.ptp(penalties) > 1e-3
