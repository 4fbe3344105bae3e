"""The camera of a rendered rally: perspective, exposure, compression, graphics."""
