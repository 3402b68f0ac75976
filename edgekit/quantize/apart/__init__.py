"""Operators that static files leave to floats: for the sake of a channel's content, or of time."""
