"""Augmentation on the device: one idea a file, combined in `window`."""

from tracknet_jax.data.augment.augment_config import AugmentConfig, Batch
from tracknet_jax.data.augment.window import augment

__all__ = ["AugmentConfig", "Batch", "augment"]
