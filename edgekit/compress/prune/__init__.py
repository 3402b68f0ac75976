"""Pruning of Keras 3 models: which channels and weights go, and the smaller model."""
