"""Windows of consecutive frames, drawn on the device or read ahead on the host."""
