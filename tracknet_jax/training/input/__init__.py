"""Where a run's batches come from: decoded frames, kept on disk, on the devices or streamed."""
