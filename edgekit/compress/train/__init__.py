"""Training of compressed models: on labels or on the original's outputs, resumable."""
