"""Which operators of a quantized file cause its errors."""
