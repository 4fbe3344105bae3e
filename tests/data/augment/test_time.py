"""Which frames a window is made of: labels follow, and every choice is an indexing of what was drawn."""

import jax
import numpy as np

from tracknet_jax.data.augment import AugmentConfig, augment, frames_drawn
from tracknet_jax.data.augment.time import choose_frames


def choices(config: AugmentConfig, length: int = 5, draws: int = 60) -> set[tuple[int, ...]]:
    pick = jax.jit(jax.vmap(lambda key: choose_frames(key, length, config)))
    return {tuple(row) for row in np.asarray(pick(jax.random.split(jax.random.key(0), draws))).tolist()}


def test_choices_of_frames():
    every, second = (0, 1, 2, 3, 4), (0, 2, 4, 6, 8)
    dropped = {(0, 2, 3, 4, 5), (0, 1, 3, 4, 5), (0, 1, 2, 4, 5), (0, 1, 2, 3, 5)}
    assert choices(AugmentConfig()) == {every}
    assert choices(AugmentConfig(drop=1.0)) == dropped
    assert choices(AugmentConfig(drop=0.5)) == {every, *dropped}
    assert choices(AugmentConfig(every_second=0.5, drop=1.0)) == {second, *dropped}


def test_labels_follow():
    config = AugmentConfig(every_second=1.0)
    numbers = np.arange(frames_drawn(3, config))[None]
    batch = {
        "frames": np.broadcast_to(numbers[..., None, None, None], (1, 5, 2, 2, 3)).astype(np.uint8),
        "xy": np.repeat(numbers[..., None], 2, -1).astype(np.float32),
        "visibility": (numbers % 4).astype(np.uint8),
    }
    out = augment(jax.random.split(jax.random.key(0), 1), batch, config)
    np.testing.assert_allclose(np.asarray(out["frames"])[..., 0, 0, 0] * 255, [[0, 2, 4]], atol=1e-4)
    np.testing.assert_array_equal(out["xy"], batch["xy"][:, ::2])
    np.testing.assert_array_equal(out["visibility"], batch["visibility"][:, ::2])
