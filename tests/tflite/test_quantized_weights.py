"""Grids of a quantized file: scales of ranges, and a record that another process reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import QuantizeError
from edgekit.tflite.quantized_weights import Grid, Group, from_range

ENDS = st.floats(-1e6, 1e6, width=32)


@given(ENDS, ENDS)
def test_eight_bits_hold_zero_and_the_whole_range(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    scale, zero = from_range(low, high, 8)
    assert -128 <= zero <= 127
    smallest, largest = scale * (-128 - zero), scale * (127 - zero)
    # Zero itself is a code; the ends may be half a step off.
    assert smallest <= min(low, 0) + 0.51 * scale
    assert largest >= max(high, 0) - 0.51 * scale


@given(ENDS, ENDS)
def test_sixteen_bits_are_symmetric(one: float, other: float) -> None:
    scale, zero = from_range(min(one, other), max(one, other), 16)
    assert zero == 0
    assert 32767 * scale >= max(abs(min(one, other, 0)), max(one, other, 0)) * (1 - 1e-6)


def test_a_range_of_the_quantizer() -> None:
    assert from_range(-1.0, 1.55, 8) == (float(np.float32(0.01)), -28)
    assert from_range(0.5, 2.55, 8) == (float(np.float32(0.01)), -128)  # zero is in every range
    assert from_range(-3.2767, 1.0, 16) == (float(np.float32(1e-4)), 0)
    scale, zero = from_range(0.0, 0.0, 8)
    assert scale > 0 and zero == -128


@pytest.mark.parametrize(
    ("bits", "limits"), [(8, (-128, 127)), (4, (-8, 7)), (16, (-32767, 32767))]
)
def test_the_limits_of_codes(bits: int, limits: tuple[int, int]) -> None:
    group = Group(scale=1.0, zero_point=0, bits=bits, low=0.0, high=1.0)
    assert group.limits == limits


def test_another_process_reads_the_grid_that_was_written(tmp_path: Path) -> None:
    groups = (
        Group(scale=0.5, zero_point=-3, bits=8, low=-1.0, high=2.0, names=("a", "b")),
        Group(scale=1 / 128, zero_point=0, bits=8, low=-1.0, high=1.0, fixed=True),
    )
    values = np.linspace(-1, 1, 5, dtype=np.float32)
    written = Grid(
        groups=groups,
        outputs={3: 0, 7: 1},
        operands={(2, 0): 1},
        constants={(5, 1): values},
    )
    written.save(tmp_path / "grid.bin")
    assert [path.name for path in tmp_path.iterdir()] == ["grid.bin"]
    found = Grid.load(tmp_path / "grid.bin")
    assert found.groups == groups
    assert (found.outputs, found.operands) == (written.outputs, written.operands)
    np.testing.assert_array_equal(found.constants[5, 1], values)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all"])
def test_a_file_that_is_no_grid_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "grid.npz").write_bytes(content)
    with pytest.raises(QuantizeError):
        Grid.load(tmp_path / "grid.npz")
