"""Which frames a window is made of: labels follow, and every choice is an indexing of what was drawn."""

import jax
import numpy as np

from tracknet_jax.data.augment import AugmentConfig, augment, frames_drawn
from tracknet_jax.data.augment.time import choose_frames


def numbered(length: int, windows: int = 1) -> dict[str, np.ndarray]:
    """Frames and labels that carry their number."""
    numbers = np.tile(np.arange(length), (windows, 1))
    return {
        "frames": np.broadcast_to(numbers[..., None, None, None], (windows, length, 2, 2, 3)).astype(
            np.uint8
        ),
        "xy": np.repeat(numbers[..., None], 2, -1).astype(np.float32),
        "visibility": (numbers % 4).astype(np.uint8),
    }


def choices(config: AugmentConfig, length: int = 5, draws: int = 60) -> set[tuple[int, ...]]:
    pick = jax.jit(jax.vmap(lambda key: choose_frames(key, length, config)))
    return {tuple(row) for row in np.asarray(pick(jax.random.split(jax.random.key(0), draws))).tolist()}


def test_a_window_runs_backwards_with_its_labels():
    batch = numbered(4)
    out = augment(jax.random.split(jax.random.key(0), 1), batch, AugmentConfig(reverse=1.0))
    np.testing.assert_allclose(np.asarray(out["frames"]) * 255, batch["frames"][:, ::-1], atol=1e-4)
    np.testing.assert_array_equal(out["xy"], batch["xy"][:, ::-1])
    np.testing.assert_array_equal(out["visibility"], batch["visibility"][:, ::-1])


def test_choices_of_frames():
    forward, backward = (0, 1, 2, 3, 4), (4, 3, 2, 1, 0)
    assert choices(AugmentConfig()) == {forward}
    assert choices(AugmentConfig(reverse=0.5)) == {forward, backward}
    repeats = {(0, 0, 1, 2, 3), (0, 1, 1, 2, 3), (0, 1, 2, 2, 3), (0, 1, 2, 3, 3)}
    assert choices(AugmentConfig(repeat=1.0)) == repeats
    assert choices(AugmentConfig(every_second=1.0)) == {(0, 2, 4, 6, 8)}
    assert choices(AugmentConfig(every_second=1.0, repeat=1.0)) == {
        tuple(2 * np.array(row)) for row in repeats
    }


def test_every_second_frame_of_what_is_drawn():
    config = AugmentConfig(every_second=1.0)
    batch = numbered(frames_drawn(3, config))
    out = augment(jax.random.split(jax.random.key(0), 1), batch, config)
    assert out["frames"].shape[1] == 3
    np.testing.assert_array_equal(out["xy"], batch["xy"][:, ::2])
    np.testing.assert_array_equal(out["visibility"], batch["visibility"][:, ::2])
