"""The place of a rendered rally: court, net, cage, boards and stands."""
