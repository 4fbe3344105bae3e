"""The play of a rendered rally: the ball's flight and the players' strokes."""
