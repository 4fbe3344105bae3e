"""Inspection: what a folder of clips holds, and what is wrong with its labels."""
