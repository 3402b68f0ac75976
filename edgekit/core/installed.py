"""Versions of installed packages, read without importing them."""

from __future__ import annotations

from importlib import metadata


def installed(distribution: str) -> str:
    """The version of a package in this Python, empty where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
