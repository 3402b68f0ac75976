"""Image files: whole ones are read, those that are cut off or too large are refused."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.core.errors import DataError
from edgekit.data import images

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
KINDS = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM"]


def encoded(form: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, form)
    return file.getvalue()


@pytest.mark.parametrize("form", KINDS)
def test_an_image_that_is_cut_off_is_refused(tmp_path: Path, form: str) -> None:
    path, content = tmp_path / "a.png", encoded(form)
    path.write_bytes(content)
    whole = images.read(path)
    assert whole.shape == PIXELS.shape
    for part in (0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95):
        path.write_bytes(content[: int(part * len(content))])
        with pytest.raises(DataError, match="could not be decoded") as caught:
            images.read(path)
        assert str(path) in str(caught.value)
    # Behind the pixels there may be nothing but a mark of the end.
    for missing in range(1, 16):
        path.write_bytes(content[:-missing])
        with contextlib.suppress(DataError):
            np.testing.assert_array_equal(images.read(path), whole)


@pytest.mark.parametrize("form", [kind for kind in KINDS if kind != "TIFF"])
def test_a_damaged_image_is_read_or_refused(tmp_path: Path, form: str) -> None:
    path, content = tmp_path / "a.png", encoded(form)
    rng = np.random.default_rng(1)
    for _ in range(200):
        damaged = bytearray(content)
        for place in rng.integers(len(content), size=rng.integers(1, 33)):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(DataError):
            assert images.read(path).ndim == 3


def test_an_image_is_held_against_the_memory_limit_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("1", (4000, 4000)).save(path)
    assert path.stat().st_size < 10_000
    with pytest.raises(DataError, match="memory limit"):
        images.read(path, memory_bytes=2**26)
