"""Weights from PyTorch, Keras and others, and back under the references' own tensor names."""
