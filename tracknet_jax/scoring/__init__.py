"""Scoring: what is right under the protocol of each paper, and the scores that follow."""
