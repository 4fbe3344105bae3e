"""Utilities that know nothing of balls: arrays, coordinates, errors, files, images, Markdown, threads."""
