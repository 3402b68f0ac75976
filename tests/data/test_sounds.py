"""Sound files: whole ones are read, those that hold less than they say are refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.records import Preprocessing, TensorSpec
from edgekit.data import sounds

soundfile = pytest.importorskip("soundfile", reason="the extra `audio` is not installed")

SPEC = TensorSpec(
    name="x",
    shape=(1, 3000),
    dtype="float32",
    preprocessing=Preprocessing(kind="audio", sample_rate=8000, window=3000),
)
WAVE = (np.random.default_rng(0).standard_normal(3000) * 0.1).astype(np.float32)
KINDS = [
    *(("wav", "WAV", subtype) for subtype in ("PCM_16", "PCM_U8", "FLOAT", "ULAW", "IMA_ADPCM")),
    ("wav", "RF64", "PCM_16"),
    ("flac", "FLAC", "PCM_16"),
    ("ogg", "OGG", "VORBIS"),
    ("ogg", "OGG", "OPUS"),
]


def encoded(form: str, subtype: str, frames: int = 3000, **options: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, WAVE[:frames], 8000, format=form, subtype=subtype, **options)
    return file.getvalue()


@pytest.mark.parametrize(("suffix", "form", "subtype"), KINDS)
def test_a_sound_that_is_cut_off_is_refused(
    tmp_path: Path, suffix: str, form: str, subtype: str
) -> None:
    path, whole = tmp_path / f"a.{suffix}", encoded(form, subtype)
    path.write_bytes(whole)
    assert len(sounds.read(path, SPEC)) >= 3000
    cuts = np.random.default_rng(1).integers(0, len(whole) - 1, 40)
    for length in (0, 1, 12, 44, len(whole) // 2, len(whole) - 1, *cuts):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"cut off|decoded|holds no sound"):
            sounds.read(path, SPEC)


@pytest.mark.parametrize(("suffix", "form", "subtype"), KINDS)
def test_a_damaged_sound_is_read_or_refused(
    tmp_path: Path, suffix: str, form: str, subtype: str
) -> None:
    path, whole = tmp_path / f"a.{suffix}", encoded(form, subtype)
    rng = np.random.default_rng(2)
    for _ in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(min(len(whole), 200), size=rng.integers(1, 9)):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            assert sounds.read(path, SPEC, memory_bytes=2**24).size
        except DataError as error:
            assert error.received


def test_headers_of_another_byte_order_and_of_pipes_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(encoded("WAV", "PCM_16", endian="BIG"))
    assert len(sounds.read(path, SPEC)) == 3000
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="cut off"):
        sounds.read(path, SPEC)
    # What ffmpeg writes into a pipe: it does not know the sizes when it writes the header.
    content = bytearray(encoded("WAV", "PCM_16"))
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert len(sounds.read(path, SPEC)) == 3000


def test_sounds_of_nothing_of_another_rate_and_of_too_much_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(encoded("WAV", "PCM_16", frames=0))
    with pytest.raises(DataError, match="holds no sound"):
        sounds.read(path, SPEC)
    soundfile.write(path, WAVE, 16000)
    with pytest.raises(DataError, match="8000"):
        sounds.read(path, SPEC)
    path.write_bytes(encoded("WAV", "PCM_16"))
    with pytest.raises(DataError, match="memory limit"):
        sounds.read(path, SPEC, memory_bytes=20_000)
