"""Releases: folders of weights, config and model card; those of finished runs too."""
