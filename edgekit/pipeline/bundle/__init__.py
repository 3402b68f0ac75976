"""Converted files as bundles for apps."""
