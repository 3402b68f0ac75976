"""Modules that every Python bundle carries: Python 3.9 and later, NumPy, Pillow for images."""

LABELS: dict[str, tuple[str, ...]] = {}  # the generated module has its own
