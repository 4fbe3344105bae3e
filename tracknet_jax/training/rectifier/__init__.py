"""Training of a rectifier: trajectories of a tracker in, InpaintNet's weights out."""
