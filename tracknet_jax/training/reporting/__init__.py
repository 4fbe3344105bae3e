"""What a run reports while it works: metrics, a progress line, pictures of predictions."""
