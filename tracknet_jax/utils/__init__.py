"""Utilities that know nothing of balls: errors, files, images, threads, coordinates, Markdown."""
