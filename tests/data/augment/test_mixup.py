"""Mixup against the same mixture written out window by window."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tracknet_jax.data.augment.mixup import STILL, MixupConfig
from tracknet_jax.data.augment.mixup import mixup as mixup_on_each
from tracknet_jax.training.cluster.mesh import AXIS, on_one_device

COUNT, LENGTH, HEIGHT, WIDTH = 6, 4, 3, 5


def batch(seed: int = 0) -> dict[str, jax.Array]:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, WIDTH, (COUNT, LENGTH, 2)).astype(np.float32)
    return {
        "frames": jnp.asarray(rng.random((COUNT, LENGTH, HEIGHT, WIDTH, 3), np.float32)),
        "background": jnp.asarray(rng.random((COUNT, HEIGHT, WIDTH, 3), np.float32)),
        "targets": jnp.asarray(rng.random((COUNT, LENGTH, HEIGHT, WIDTH), np.float32)),
        "mask": jnp.ones((COUNT, LENGTH)).at[2, 1].set(0.0),
        "xy": jnp.asarray(xy),
    }


def keys(seed: int = 1, count: int = COUNT) -> jax.Array:
    return jax.random.split(jax.random.key(seed), count)


def mixup(keys, batch, config, width):
    def of_device(keys, batch):
        return mixup_on_each(keys, batch, config, width, AXIS)

    return jax.jit(on_one_device(of_device))(keys, batch)


def test_windows_are_mixed_whole_with_their_own_share_the_larger():
    before, after = batch(), mixup(keys(), batch(), MixupConfig(sample=0.5), WIDTH)
    for i in range(COUNT):
        partner = (i + 1) % COUNT
        difference = before["frames"][i] - before["frames"][partner]
        shares = (after["frames"][i] - before["frames"][partner]) / difference
        share = float(np.median(shares))
        assert 0.5 <= share <= 1
        for name in ("frames", "background", "targets"):
            expected = share * before[name][i] + (1 - share) * before[name][partner]
            np.testing.assert_allclose(after[name][i], expected, atol=1e-5)
    lost = np.argwhere(np.asarray(after["mask"]) == 0)
    np.testing.assert_array_equal(lost, [[1, 1], [2, 1]])  # unlabelled itself, or mixed with what is


def test_shares_are_those_of_the_beta_distribution():
    many = {"frames": jnp.concatenate([jnp.ones((2000, 1)), jnp.zeros((2000, 1))], 1).reshape(4000, 1)}
    inputs = {"frames": many["frames"], "mask": jnp.ones((4000, 1)), "xy": jnp.ones((4000, 1, 2))}
    shares = np.asarray(mixup(keys(count=4000), inputs, MixupConfig(sample=0.5), WIDTH)["frames"]).ravel()
    shares = np.maximum(shares, 1 - shares)
    # max(x, 1 - x) of Beta(1/2, 1/2) has the mean 1/2 + 1/pi, and exceeds sin^2(3 pi / 8) in half of the cases.
    assert shares.mean() == pytest.approx(0.5 + 1 / np.pi, abs=0.01)
    assert np.median(shares) == pytest.approx(np.sin(3 * np.pi / 8) ** 2, abs=0.01)


def test_frames_are_mixed_with_the_frames_before_them_and_stay_in_order():
    """Frames that tell their time: 2 t for frame t, so that a mixed one lies between two even numbers."""
    inputs = batch()
    time = 2.0 * jnp.arange(LENGTH)[:, None, None]
    inputs["frames"] = jnp.broadcast_to(time[..., None], (COUNT, LENGTH, HEIGHT, WIDTH, 3))
    inputs["targets"] = jnp.broadcast_to(time, (COUNT, LENGTH, HEIGHT, WIDTH))
    x = STILL * WIDTH * time[:, 0, 0]  # from frame to frame twice what counts as standing still
    inputs["xy"] = jnp.stack([x, jnp.zeros(LENGTH)], axis=-1)[None].repeat(COUNT, axis=0)
    moving = mixup(keys(), inputs, MixupConfig(frame=0.5), WIDTH)
    shown, maps = np.asarray(moving["frames"])[..., 0, 0, 0], np.asarray(moving["targets"])[..., 0, 0]
    np.testing.assert_allclose(shown, maps, atol=1e-5)
    assert (np.diff(shown, axis=1) >= 0).all()
    mixed = shown % 2 > 1e-4
    assert 0.2 < mixed.mean() < 0.7
    assert len(np.unique(np.round(shown[mixed] % 2, 4))) > 3  # each window has its own share
    masked = np.asarray(moving["mask"])[2] == 0
    np.testing.assert_array_equal(masked, np.abs(shown[2] - 2) < 2 - 1e-4)

    def maps_with(xy):
        mixture = mixup(keys(), inputs | {"xy": xy}, MixupConfig(frame=0.5), WIDTH)
        return np.asarray(mixture["targets"])[..., 0, 0]

    of_the_frame_itself = 2 * np.ceil(shown / 2 - 1e-4)
    np.testing.assert_allclose(maps_with(0.4 * inputs["xy"]), of_the_frame_itself, atol=1e-5)  # stands still
    gone = maps_with(inputs["xy"].at[:, 2].set(jnp.nan))
    np.testing.assert_allclose(gone[mixed & (shown > 2) & (shown < 4)], 2.0, atol=1e-5)
    np.testing.assert_allclose(gone[mixed & (shown > 4) & (shown < 6)], 6.0, atol=1e-5)


def test_nothing_asked_nothing_done():
    for name, x in mixup(keys(), batch(), MixupConfig(), WIDTH).items():
        np.testing.assert_array_equal(x, batch()[name])
