"""Scoring a release, or another tracker's CSV files, on labelled clips: tables, JSON, the worst errors."""
