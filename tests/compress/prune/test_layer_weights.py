"""Dense and convolution layers as groups of matrices."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgekit.compress.prune.layer_weights import Linear

Do = Callable[..., dict[str, Any]]


@pytest.mark.convert
def test_a_view_computes_what_the_layer_computes_and_writes_back(child: Do) -> None:
    for name, (read, stored) in child("views").items():
        assert read < 1e-5, name
        assert stored < 1e-5, name


@pytest.mark.convert
def test_what_is_no_plain_layer_has_no_view(child: Do) -> None:
    assert all(child("unviewable").values())


def convolution(kind: str, kernel: np.ndarray, groups: int = 1, **how: Any) -> Linear:
    """A view of a convolution that needs no Keras."""
    layer = SimpleNamespace(
        kernel=SimpleNamespace(shape=kernel.shape),
        **{"strides": (1, 1), "dilation_rate": (1, 1), "padding": "same", **how},
    )
    *size, inputs, outputs = kernel.shape
    taps = int(np.prod(size))
    if kind == "depthwise":
        weights = kernel.reshape(taps, inputs, outputs).transpose(1, 0, 2)
    else:
        flat = kernel.reshape(taps * inputs, groups, outputs // groups)
        weights = flat.transpose(1, 0, 2)
    return Linear(layer=layer, kind=kind, weights=weights, bias=None, taps=taps)


@pytest.mark.parametrize("kind", ["convolution", "depthwise"])
@pytest.mark.parametrize("how", [{}, {"strides": (2, 1)}, {"padding": "valid"},
                                 {"padding": "valid", "dilation_rate": (2, 1)}])  # fmt: skip
def test_rows_times_matrices_are_a_convolution(kind: str, how: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 6, 5, 3)).astype(np.float32)
    kernel = rng.normal(size=(3, 3, 3, 4 if kind == "convolution" else 2)).astype(np.float32)
    view = convolution(kind, kernel, **how)
    got = view.rows(x, np.arange(view.num_places(x))) @ view.weights
    wanted = by_hand(x, kernel, kind, **how)
    np.testing.assert_allclose(
        got.transpose(1, 0, 2).reshape(wanted.shape), wanted, rtol=1e-4, atol=1e-5
    )


def by_hand(
    x: np.ndarray,
    kernel: np.ndarray,
    kind: str,
    strides: tuple[int, int] = (1, 1),
    padding: str = "same",
    dilation_rate: tuple[int, int] = (1, 1),
) -> np.ndarray:
    """A convolution as its definition says it, position by position."""
    reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape[:2], dilation_rate, strict=True)]
    sizes = x.shape[1:3]
    if padding == "same":
        outs = [-(-n // s) for n, s in zip(sizes, strides, strict=True)]
        totals = [max(0, (o - 1) * s + r - n)
                  for o, s, r, n in zip(outs, strides, reach, sizes, strict=True)]  # fmt: skip
        x = np.pad(x, [(0, 0), *[(t // 2, t - t // 2) for t in totals], (0, 0)])
    else:
        outs = [(n - r) // s + 1 for n, r, s in zip(sizes, reach, strides, strict=True)]
    rows = []
    for i in range(outs[0]):
        for j in range(outs[1]):
            at = [a * s for a, s in zip((i, j), strides, strict=True)]
            patch = x[:, at[0] : at[0] + reach[0] : dilation_rate[0],
                      at[1] : at[1] + reach[1] : dilation_rate[1]]  # fmt: skip
            if kind == "depthwise":
                rows.append(np.einsum("nhwc,hwcm->ncm", patch, kernel).reshape(len(x), -1))
            else:
                rows.append(np.einsum("nhwc,hwco->no", patch, kernel))
    return np.stack(rows, axis=1).reshape(len(x), *outs, -1)


@pytest.mark.parametrize("kind", ["convolution", "depthwise"])
def test_a_kernel_is_written_back_in_its_own_order(kind: str) -> None:
    kernel = np.random.default_rng(1).normal(size=(3, 2, 4, 6)).astype(np.float32)
    view = convolution(kind, kernel, groups=1)
    np.testing.assert_array_equal(view.as_kernel(view.weights), kernel)
    assert view.channels == (4 if kind == "convolution" else 1)


def test_rows_of_a_dense_layer_are_what_it_reads_and_parts_are_all_of_them() -> None:
    view = Linear(
        layer=None, kind="dense", weights=np.zeros((1, 4, 2), np.float32), bias=None, taps=1
    )
    x = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    assert view.num_places(x) == 6
    np.testing.assert_array_equal(view.rows(x, np.array([5, 0]))[0], x.reshape(6, 4)[[5, 0]])
    wide = Linear(
        layer=None, kind="dense", weights=np.zeros((1, 1 << 18, 1), np.float32), bias=None, taps=1
    )
    parts = list(wide.chunks(np.arange(200)))
    assert len(parts) > 1
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(200))
