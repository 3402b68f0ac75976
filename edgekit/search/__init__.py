"""Precisions for single operators, searched until a bound on the loss holds."""
