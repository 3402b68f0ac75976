"""The Android module of a bundle."""
