"""Tracks: one row a frame, their CSV file, and how they are drawn."""
