"""The place of a rendered rally: court, net, walls and stands."""
