"""Augmentation: whatever is done to the picture is done to the label, and alike in all frames of a window."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.data.augment.window import augment as plain_augment

augment = jax.jit(plain_augment, static_argnums=2)

HEIGHT, WIDTH = 60, 100


def batch_of_balls(count: int = 16, seed: int = 0) -> dict[str, jax.Array]:
    """Windows with one smooth bright blob a frame on a black background, moving."""
    rng = np.random.default_rng(seed)
    xy = np.cumsum(rng.uniform(-3, 3, (count, 3, 2)), axis=1) + np.array([50, 30])
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    squared = (x - xy[..., 0, None, None]) ** 2 + (y - xy[..., 1, None, None]) ** 2
    grey = np.round(255 * np.exp(-squared / 8)).astype(np.uint8)
    return {
        "frames": jnp.asarray(np.repeat(grey[..., None], 3, axis=-1)),
        "xy": jnp.asarray(xy, jnp.float32),
        "visibility": jnp.ones((count, 3), jnp.uint8),
    }


def centroids(frames: np.ndarray) -> np.ndarray:
    grey = np.asarray(frames, np.float64).sum(-1)
    y, x = np.mgrid[: grey.shape[-2], : grey.shape[-1]]
    total = grey.sum((-2, -1))
    return np.stack([(grey * x).sum((-2, -1)) / total, (grey * y).sum((-2, -1)) / total], -1)


def keys(count: int = 16, seed: int = 1) -> jax.Array:
    return jax.random.split(jax.random.key(seed), count)


@pytest.mark.parametrize(
    "config",
    [
        AugmentConfig(),
        AugmentConfig(flip=1.0),
        AugmentConfig(scale=(0.7, 1.4)),
        AugmentConfig(shift=0.1),
        AugmentConfig(crop=(40, 64), ball_crop=1.0),
        AugmentConfig(crop=(40, 64), ball_crop=0.5, scale=(0.8, 1.25), flip=0.5, shift=0.02),
    ],
)
def test_the_label_stays_on_the_ball(config: AugmentConfig):
    out = augment(keys(), batch_of_balls(), config)
    height, width = config.crop or (HEIGHT, WIDTH)
    assert out["frames"].shape == (16, 3, height, width, 3)
    xy = np.asarray(out["xy"])
    whole = ((xy > 9) & (xy < [width - 10, height - 10])).all((-1, -2))  # no blob is cut at the border
    assert whole.sum() >= 2
    np.testing.assert_allclose(centroids(out["frames"])[whole], xy[whole], atol=0.15)


def test_nothing_asked_nothing_done():
    batch = batch_of_balls()
    out = augment(keys(), batch, AugmentConfig())
    np.testing.assert_allclose(out["frames"] * 255, batch["frames"], atol=1e-4)
    np.testing.assert_array_equal(out["xy"], batch["xy"])


@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_ball_crops_hold_a_ball_and_missing_balls_are_survived(shift: float):
    batch = batch_of_balls()
    batch["xy"] = batch["xy"].at[:, 0].set(jnp.nan).at[3].set(jnp.nan)
    out = augment(keys(), batch, AugmentConfig(crop=(16, 16), ball_crop=1.0, shift=shift))
    xy = np.asarray(out["xy"])
    inside = ((xy > -0.5) & (xy < 15.5)).all(-1).any(-1)
    assert inside[np.arange(16) != 3].all()
    assert np.isnan(xy[3]).all()
    assert np.isnan(xy[:, 0]).all()
    assert np.isfinite(np.asarray(out["frames"])).all()


def test_light_changes_alike_in_all_frames_of_a_window():
    still = batch_of_balls()
    still["frames"] = jnp.broadcast_to(still["frames"][:, :1] // 2 + 60, still["frames"].shape)
    config = AugmentConfig(brightness=0.1, contrast=0.3, colour=0.2)
    out = np.asarray(augment(keys(), still, config)["frames"])
    np.testing.assert_allclose(out[:, 1:], np.broadcast_to(out[:, :1], out[:, 1:].shape), atol=1e-6)
    means = out.mean((1, 2, 3))  # (window, channel)
    assert means.std(0).min() > 0.01  # windows differ
    assert np.abs(out[..., 0] - out[..., 2]).max() > 0.01  # and so do the channels


def test_the_background_is_treated_like_the_frames():
    config = AugmentConfig(
        crop=(40, 64),
        scale=(0.8, 1.25),
        flip=0.5,
        shift=0.02,
        brightness=0.1,
        contrast=0.3,
        colour=0.2,
        jpeg=1.0,
    )
    batch = batch_of_balls()
    batch["frames"] = jax.random.randint(jax.random.key(2), batch["frames"].shape, 0, 256).astype(jnp.uint8)
    batch["background"] = batch["frames"][:, 1]  # so that the two can be compared
    out = augment(keys(), batch, config)
    assert out["background"].shape == (16, 40, 64, 3)
    assert out["frames"].shape == (16, 3, 40, 64, 3)
    difference = np.abs(out["background"] - out["frames"][:, 1])
    assert (
        np.quantile(difference, 0.98) < 1e-5
    )  # a coefficient halfway between two JPEG steps may fall to either


def test_windows_without_a_ball_get_one():
    batch = batch_of_balls()
    nobody = {"xy": jnp.full_like(batch["xy"], jnp.nan), "visibility": jnp.zeros((16, 3), jnp.uint8)}
    config = AugmentConfig(crop=(40, 64), paste=0.5)
    out = augment(keys(), batch | nobody, config)
    plain = augment(keys(), batch | nobody, replace(config, paste=0.0))
    pasted = np.asarray(out["visibility"]).any(1)
    assert 3 < pasted.sum() < 13
    changed = np.abs(np.asarray(out["frames"]) - np.asarray(plain["frames"])).max((1, 2, 3, 4)) > 0.01
    np.testing.assert_array_equal(changed, pasted)


def test_a_window_s_fate_is_its_key():
    config = AugmentConfig(crop=(40, 64), ball_crop=0.5, scale=(0.8, 1.25), flip=0.5, brightness=0.1)
    batch, all_keys = batch_of_balls(), keys()
    whole = augment(all_keys, batch, config)
    half = augment(all_keys[8:], jax.tree.map(lambda x: x[8:], batch), config)
    # Positions up to 64 have float32 errors of 4e-6 pixels, between neighbours that differ by at most 1.
    np.testing.assert_allclose(whole["frames"][8:], half["frames"], atol=1e-4)
    other = augment(keys(seed=2), batch, config)
    assert np.abs(np.asarray(other["xy"]) - np.asarray(whole["xy"])).max() > 1
