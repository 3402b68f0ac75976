"""Quantization-aware training of what a float `.tflite` computes."""
