"""Keras's networks, run by Keras itself on PyTorch."""
