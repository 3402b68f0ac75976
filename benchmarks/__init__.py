"""Measurements on real models, and the corpus prepared for them. Not installed."""
