"""The graph of a model, and what is said of one that cannot be traced."""

from __future__ import annotations

from typing import Any


def test_unknown_sizes_that_a_trace_lacks_are_told_and_work(frontend: Any):
    found = frontend("unknown_sizes")
    assert found["hint"] == "fix the unknown sizes, as in --input-shape image=1,64,64,3."
    assert "Using a symbolic" in found["received"]
    assert found["db"] > 80
