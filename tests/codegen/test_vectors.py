"""The vector file is what the reference computes today."""

from __future__ import annotations

import runpy
from pathlib import Path

HERE = Path(__file__).parent


def test_the_committed_vectors_are_what_the_reference_computes() -> None:
    made = runpy.run_path(str(HERE / "make_vectors.py"))["text"]()
    held = (HERE / "vectors.txt").read_text(encoding="utf-8")
    assert held == made
    assert len(held) < 200_000


def test_the_vectors_cover_every_kind_and_every_way_to_resize() -> None:
    lines = set((HERE / "vectors.txt").read_text(encoding="utf-8").splitlines())
    for kind in ("image", "audio", "tabular", "text"):
        assert f"kind {kind}" in lines
    for resize in ("bilinear", "bicubic", "nearest", "keras-bilinear"):
        assert f"resize {resize}" in lines
    for channels in ("rgb", "bgr", "gray"):
        assert f"channels {channels}" in lines
