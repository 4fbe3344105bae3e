"""Rectification: the gaps of a track filled by arcs of flight, straight lines or TrackNetV3's InpaintNet."""
