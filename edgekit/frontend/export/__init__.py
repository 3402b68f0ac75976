"""A loaded model to one float `.tflite`."""
