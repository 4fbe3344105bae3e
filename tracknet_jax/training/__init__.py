"""Training: config in, state in, state out; one pure step, two drivers, checkpoints that survive a kill."""
