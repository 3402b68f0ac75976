"""Ranges of activations, from calibration samples."""
