"""Training: config in, state in, state out; one step of one device on all of them, checkpoints that survive a kill."""
