"""Datasets built for TFDS: one record a frame, written in clip order, read at random."""
