"""Training targets of a batch: the maps to learn, and which of them count."""

import jax
import jax.numpy as jnp

from tracknet_jax.data.augment import Batch
from tracknet_jax.heatmaps.targets import disc_targets, gaussian_class_map, gaussian_targets, v5_targets
from tracknet_jax.training.train_config import TrainConfig

SOURCE_WIDTH = 1280  # V1 and V5 draw their targets in pixels of 720p video


def with_targets(batch: Batch, config: TrainConfig) -> Batch:
    """An augmented batch with `targets`, `mask` and `xy` in place of its labels.

    `targets (B, L_out, H, W)`: maps of the frames that the network has maps for. `mask (B, L_out)`: 1 where the ball
    is located or labelled absent. `xy (B, L_out, 2)`: map pixels, NaN where a map is empty or does not count.
    """
    outputs = config.model.outputs
    height, width = batch["frames"].shape[2:4]
    xy, visibility = batch["xy"][:, -outputs:], batch["visibility"][:, -outputs:]
    located = jnp.isfinite(xy).all(-1)
    positive = (visibility >= 1) & (visibility <= 3)
    xy = jnp.where((positive & located)[..., None], xy, jnp.nan)
    mask = ((visibility == 0) | (positive & located)).astype(jnp.float32)
    pictures = {name: x for name, x in batch.items() if name in ("frames", "background")}
    return {**pictures, "xy": xy, "targets": make_targets(xy, height, width, config), "mask": mask}


def make_targets(xy: jax.Array, height: int, width: int, config: TrainConfig) -> jax.Array:
    """Target maps `(..., H, W)` of `xy (..., 2)` in map pixels, NaN for an empty map; for V1, class ids."""
    target = config.target
    scale = SOURCE_WIDTH / config.model.width  # a crop keeps the scale of the whole frame
    if config.model.head == "classes":
        return gaussian_class_map(xy, height, width, scale)
    if target.name == "disc":
        return disc_targets(xy, height, width, target.radius)
    if target.name == "gaussian":
        return gaussian_targets(xy, height, width, target.radius)
    return v5_targets(xy, height, width, round(width * scale), round(height * scale))
