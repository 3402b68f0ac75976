"""Someone else's float `.tflite`, brought into the form that every step after it takes.

One graph with one signature, float32 weights, and a first size of 1: the batch. Each step is exact,
and says what it did.
"""
