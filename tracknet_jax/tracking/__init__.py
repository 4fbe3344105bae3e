"""Video in, one row a frame out: reading, windows, the compiled detector, tracks, overlays and pictures."""
