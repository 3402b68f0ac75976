"""Sound files: WAV, FLAC and OGG to float arrays; those that are cut off are refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Literal

import numpy as np

from edgekit.core import files
from edgekit.core.errors import DataError, reading
from edgekit.core.records import Limits, TensorSpec
from edgekit.data import check_samples, unpacked_size

SUFFIXES = (".wav", ".flac", ".ogg")

_FAULT = "The sound file could not be decoded."
_CUT = "The sound file is cut off."
_HINT = "remove or repair that file."
# What writers put for a size that they do not know yet, into a pipe.
_UNKNOWN_BYTES = 0x7FFF0000
_OGG_PAGE_BYTES = 27 + 255 + 255 * 255  # at most
_OGG_END = 4  # the flag of a stream's last page


def read(path: Path, spec: TensorSpec, *, memory_bytes: int = Limits().memory_bytes) -> np.ndarray:
    """A sound file, float32 `(samples, channels)`, -1 to 1: int16 files divided by 32768.

    Args:
        path: The file.
        spec: The input; its preprocessing says the sample rate.
        memory_bytes: What the process may take; see `unpacked_size.fits`.

    Raises:
        DataError: Not a sound, without a frame, cut off, at another rate, not finite, or larger
            than the memory limit.
    """
    try:
        import soundfile
    except ImportError:
        raise DataError(
            "The package soundfile, which sound files need, is not installed.",
            received=f"{path}",
            hint="pip install 'edgekit-tflite[audio]', or give an .npz of int16 arrays.",
        ) from None
    files.size(path, "sound file", kind=DataError)
    with reading(path, _FAULT, kind=DataError, hint=_HINT):
        about = soundfile.info(path)
    if about.samplerate != spec.preprocessing.sample_rate:
        raise DataError(
            f"Sound files must have the sample rate of [input.{spec.name}], "
            f"{spec.preprocessing.sample_rate}.",
            received=f"{path} at {about.samplerate}",
            hint="resample the files: a phone records at the model's rate too.",
        )
    if about.frames < 1:
        raise DataError("The sound file holds no sound.", received=str(path), hint=_HINT)
    unpacked_size.fits(about.frames * about.channels * 4, memory_bytes, str(path))
    with reading(path, _FAULT, kind=DataError, hint=_HINT):
        values, _ = soundfile.read(path, dtype="float32", always_2d=True)
    found = np.asarray(values)
    if missing := _missing(path, about.frames, len(found)):
        raise DataError(_CUT, received=f"{path}: {missing}", hint=_HINT)
    check_samples.finite(found, f"The sound file {path}")  # a file of floats may hold NaN
    return found


def _missing(path: Path, frames: int, found: int) -> str:
    """What the file lacks of what its header promises, or "": decoders take some for whole."""
    if found < frames:
        return f"{found} of {frames} frames"
    with path.open("rb") as file:
        start = file.read(4)
        if start in (b"RIFF", b"RIFX", b"RF64"):
            lacking = _lacking_of_wav(file, "big" if start == b"RIFX" else "little")
        elif start == b"OggS":
            lacking = _lacking_of_ogg(file)
        else:
            lacking = 0  # of FLAC and others the decoder notices
    return f"{lacking} bytes are missing" if lacking else ""


def _lacking_of_wav(file: IO[bytes], order: Literal["little", "big"]) -> int:
    """How many bytes fewer follow the header of the samples than it says."""
    end = file.seek(0, os.SEEK_END)
    file.seek(12)
    long_size = 0  # RF64 has it in a chunk of its own
    while len(head := file.read(8)) == 8:
        size = int.from_bytes(head[4:], order)
        if head[:4] == b"data":
            size = long_size or (size if size < _UNKNOWN_BYTES else 0)
            return max(0, size - (end - file.tell()))
        if head[:4] == b"ds64":
            long_size = int.from_bytes(file.read(16)[8:], order)
            size -= 16
        file.seek(size + size % 2, os.SEEK_CUR)
    return 0


def _lacking_of_ogg(file: IO[bytes]) -> int:
    """How many bytes of the last page are missing; 1 where none of the pages ends the stream."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 2 * _OGG_PAGE_BYTES))
    tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    segments = page[27 : 27 + page[26]] if len(page) > 26 else b""
    whole = 27 + (page[26] if len(page) > 26 else 0) + sum(segments)
    ends_stream = len(page) > 5 and bool(page[5] & _OGG_END)
    return max(whole - len(page), 0 if ends_stream else 1)
