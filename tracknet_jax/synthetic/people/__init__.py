"""The people of a rendered rally: players, officials and spectators."""
