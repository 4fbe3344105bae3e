"""Scoring as the papers' codes do it, with their decoders, windows and ensembles."""
