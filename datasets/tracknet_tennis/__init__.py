"""The tennis set of TrackNet (V1) for TFDS."""

from .tracknet_tennis_dataset_builder import Builder

__all__ = ["Builder"]
