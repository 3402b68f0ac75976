"""Keras to float `.tflite`: the only part of edgekit that imports TensorFlow."""
