"""A release without weights for tests of tracking: bright spots are balls, and the window leaves its mark."""

from dataclasses import dataclass
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from tracknet_jax.releases.release import Release


@dataclass(frozen=True)
class FakeConfig:
    frames: int = 3
    outputs: int = 3
    height: int = 36
    width: int = 64
    name: str = "bright_dot"
    head: str = "sigmoid"
    background: str = "none"


class BrightDot(nn.Module):
    """Logits from brightness, shifted by output position and the window's mean: no two windows agree.

    With a background it looks at the differences to that. As a network with classes it is sure of one.
    """

    config: FakeConfig

    def __call__(self, frames, background=None, train=False):
        frames = frames.astype(jnp.float32)
        if self.config.background != "none":
            frames = jnp.abs(frames - background[:, None].astype(jnp.float32))
        logits = bright_dot_logits(frames, self.config.outputs, jnp)
        if self.config.head == "classes":
            grey = 255 * nn.sigmoid(logits[:, 0])
            logits = -jnp.square(grey[..., None] - jnp.arange(256))
        return SimpleNamespace(logits=logits)


def bright_dot_logits(frames, outputs, numpy=np):
    """The fake's arithmetic on windows (B, L, H, W, 3), for NumPy and JAX alike."""
    brightness = frames.mean(axis=-1) / 255
    shown = brightness[:, -outputs:]
    position = numpy.arange(1, outputs + 1)[None, :, None, None]
    return 16 * (shown - 0.5) + position * (brightness.mean(axis=(1, 2, 3), keepdims=True) - 0.3)


def bright_dot_release(**config) -> Release:
    config = FakeConfig(**config)
    return Release(BrightDot(config), {"params": {}}, config)


def dot_frames(positions, size=(64, 36), radius=2, background=20):
    """RGB frames with a white dot at each (x, y); None: no dot."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    for position in positions:
        frame = np.full((height, width, 3), background, np.uint8)
        if position is not None:
            frame[(x - position[0]) ** 2 + (y - position[1]) ** 2 <= radius**2] = 255
        yield frame
