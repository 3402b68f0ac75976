"""A trained Keras model in, proven TFLite files out."""
