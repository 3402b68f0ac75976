"""From `.tflite` to `.tflite`: calibration, the quantizer, and the check of what it did.

Nothing here needs TensorFlow.
"""
