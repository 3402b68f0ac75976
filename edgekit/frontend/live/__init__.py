"""Keras models that live in the person's own process: nothing of them is changed."""
