"""Video in and out: files, image folders, cameras and streams read; overlays written and shown."""
