"""The networks: one file an idea, composed in `tracknet.py`, named in `registry.py`."""
