"""The people of a rendered rally: players, officials and the crowd."""
