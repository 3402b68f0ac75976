"""Operators that static files leave to floats, so that no channel loses its content to another."""
