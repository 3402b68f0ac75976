"""A Keras model made smaller, and trained to recover: pruning, training, training with rounding."""
