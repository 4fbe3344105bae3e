"""Labelled clips in any known layout, datasets built from them, and the windows that training reads."""
