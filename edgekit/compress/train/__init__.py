"""Training of compressed models: on labels or on the original's answers, resumable."""
