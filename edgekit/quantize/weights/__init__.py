"""The integers of quantized weights: rounded, refined, and put into a file."""
