"""Converted files to bundle, as the tests of generated code have them."""

from tests.codegen.conftest import net

__all__ = ["net"]
