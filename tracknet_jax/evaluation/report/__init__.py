"""Reports of scores: the table, JSON, curves, the worst errors, and one page that works offline."""
