"""What quantization-aware training found, applied to the file."""
