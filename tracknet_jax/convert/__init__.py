"""Weights in from PyTorch and Keras, and out again under the references' own tensor names."""
