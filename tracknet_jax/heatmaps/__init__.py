"""Heatmaps: the maps to learn, the losses between maps, and the balls read from them."""
