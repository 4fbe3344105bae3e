"""The camera of a rendered rally: perspective, sway, exposure and graphics."""
