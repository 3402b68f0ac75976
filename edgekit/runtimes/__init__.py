"""Runtimes: what runs `.tflite` files, always in a process of its own."""
