"""The Python package of a bundle."""
