"""The camera of a rendered rally: perspective, sway, exposure, broadcast quality and graphics."""
