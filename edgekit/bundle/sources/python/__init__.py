"""Modules that every Python bundle carries: Python 3.9 and later, NumPy, Pillow for images."""
