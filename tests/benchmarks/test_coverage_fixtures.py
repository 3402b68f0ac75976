"""What a `.tflite` computes as it came, beside samples in edgekit's form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import coverage_fixtures
from tests.quantize.imported.drawn_files import File


def added(shape: tuple[int, ...], keys: tuple[str, ...] = ()) -> File:
    """`a + b` of one shape, with a graph for each signature."""
    file = File()
    for key in keys or ("",):
        graph = file.graph()
        a, b = file.input("a", shape), file.input("b", shape)
        y = file.binary("ADD", a, b, "y", shape)
        file.output(y)
        if key:
            file.sign(key, graph, {"a": a, "b": b}, {"y": y})
    return file


@pytest.mark.parametrize(
    ("shape", "keys", "signature", "sample"),
    [
        ((1, 3), (), None, (1, 3)),
        ((10, 3), (), None, (1, 3)),  # a batch: samples fill it
        ((4,), (), None, (1, 4)),  # none: a sample is fed without its axis
        ((), ("one",), None, (1,)),
        ((10, 3), ("one", "two"), "two", (1, 3)),
    ],
)
def test_the_untouched_file_is_fed_what_edgekit_feeds(
    shape: tuple[int, ...],
    keys: tuple[str, ...],
    signature: str | None,
    sample: tuple[int, ...],
    tmp_path: Path,
) -> None:
    path = tmp_path / "drawn.tflite"
    path.write_bytes(added(shape, keys).bytes())
    source = coverage_fixtures._tflite(path, signature, tmp_path)
    assert source.samples is not None and source.expected is not None
    samples, expected = np.load(source.samples), np.load(source.expected)
    assert expected["y"].shape == (40, *sample)
    total = (samples["a"] + samples["b"]).reshape(expected["y"].shape)
    np.testing.assert_allclose(expected["y"], total, rtol=1e-6)


def test_a_file_that_edgekit_refuses_has_no_samples(tmp_path: Path) -> None:
    path = tmp_path / "drawn.tflite"
    path.write_bytes(added((1, 3), ("one", "two")).bytes())
    assert coverage_fixtures._tflite(path, None, tmp_path).samples is None
    [case, *signatures] = coverage_fixtures._of_file(path)
    assert case.recipes == ("float32",)
    assert [one.options for one in signatures] == [("--signature", "one"), ("--signature", "two")]
