"""Scoring: what counts as a hit under each paper's protocol, and the counts made of it."""
