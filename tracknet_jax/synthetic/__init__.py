"""Rendered rallies with exact labels: three sports, simulated in 3-D, seen by a broadcast camera."""
