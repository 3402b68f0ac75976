"""TensorFlow's functions between Keras 2 layers, as what Keras 3 computes."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.convert


def test_each_function_computes_what_tensorflow_computes(frontend: Any) -> None:
    found = frontend("functions")
    assert len(found) == 11
    for name, difference in found.items():
        assert difference is not None, name
        assert difference < 1e-5, name


def test_functions_and_options_that_are_not_known_are_said_to_be_so(frontend: Any) -> None:
    assert frontend("unknown_functions") == [True, True, True]
