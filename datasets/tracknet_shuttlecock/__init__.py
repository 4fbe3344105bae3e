"""The shuttlecock set of TrackNetV2 and V3 for TFDS."""

from .tracknet_shuttlecock_dataset_builder import Builder

__all__ = ["Builder"]
