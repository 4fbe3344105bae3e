"""Rendered rallies for TFDS."""

from .rally_synthetic_dataset_builder import Builder

__all__ = ["Builder"]
