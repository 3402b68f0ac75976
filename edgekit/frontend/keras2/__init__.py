"""Models of Keras 2, rebuilt of Keras 3 layers."""
