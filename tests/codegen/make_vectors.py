"""Makes `vectors.txt`: what every language's preprocessing must compute, bit by bit.

Run it as `python tests/codegen/make_vectors.py` after a change of `edgekit.data.preprocess`, which
is the reference. A case of the file is the lines from `case NAME` to `end`, with keys in any
order:

  kind        image, audio, tabular or text
  size        height and width of the model's image
  resize      bilinear, bicubic, nearest or keras-bilinear
  shorter     what the shorter side becomes before the crop; 0: stretched to `size`, no crop
  channels    rgb, bgr or gray
  window      audio: length of the input, in samples
  length      text: length of the input, in ids
  unknown     text: the id of what is not in the vocabulary
  vocabulary  how many entries follow, one a line: hex of the UTF-8, `-` for an empty one
  mean, std   decimal numbers that round-trip a 32-bit float
  raw         type and shape of the raw sample; the next line is hex of its little-endian bytes
  text        hex of the raw string's UTF-8; `-` for an empty one
  expected    type and count of the result; the next line is hex of its little-endian bytes
  tolerance   how far a result may be off; 0: every bit is the same
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from edgekit.core.records import Preprocessing, Resize, TensorSpec
from edgekit.data.preprocess import preprocess

PATH = Path(__file__).parent / "vectors.txt"
IMAGENET = {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)}
CENTRED = {"mean": (127.5,), "std": (127.5,)}


@dataclass(frozen=True)
class Case:
    """One block of the file."""

    name: str
    rules: Preprocessing
    raw: np.ndarray | str
    shape: tuple[int, ...]
    dtype: str = "float32"


def noise(name: str, shape: tuple[int, ...], dtype: str = "uint8") -> np.ndarray:
    """Numbers that look random and are the same everywhere; floats are within -2 to 2."""
    wanted = np.dtype("int16" if dtype == "float32" else dtype)
    count = int(np.prod(shape)) * wanted.itemsize
    drawn = np.frombuffer(hashlib.shake_256(name.encode()).digest(count), wanted.newbyteorder("<"))
    values = drawn.reshape(shape)
    if dtype == "float32":
        return values.astype(np.float32) / np.float32(16384)
    return values.astype(wanted)


def edges(height: int, width: int) -> np.ndarray:
    """Black and white stripes, where bicubic overshoots and must be clipped; RGB."""
    rows, columns = np.mgrid[:height, :width]
    planes = [(rows // 3) % 2, (columns // 4) % 2, ((rows + columns) // 5) % 2]
    return np.stack(planes, axis=-1).astype(np.uint8) * np.uint8(255)


def image(
    name: str, raw: np.ndarray, size: tuple[int, int], shorter: int | None = None, **keys: Any
) -> Case:
    """A case of kind `image`."""
    given: dict[str, Any] = {"resize_shorter_to": shorter, **keys}
    rules = Preprocessing(kind="image", size=size, **given)
    return Case(name, rules, raw, (1, *size, 1 if rules.channels == "gray" else 3))


def images() -> Iterator[Case]:
    """Every way to resize, crop and order; sizes that are odd, equal, tiny and lopsided."""
    for resize in get_args(Resize):
        up, down = f"IMAGE_{resize.upper()}_UP", f"IMAGE_{resize.upper()}_DOWN"
        yield image(up, noise(up, (5, 7, 3)), (13, 16), resize=resize, **CENTRED)
        yield image(down, noise(down, (37, 23, 3)), (8, 8), resize=resize, **IMAGENET)
        name = f"IMAGE_{resize.upper()}_MIXED"
        yield image(name, noise(name, (29, 4, 3)), (6, 11), resize=resize)
    # Two thirds: sample points fall on the borders of pixels, where the order of adding tells.
    name = "IMAGE_NEAREST_BORDERS"
    yield image(name, noise(name, (14, 20, 3)), (21, 30), resize="nearest", channels="gray")
    name = "IMAGE_NEAREST_SEVENTHS"
    yield image(name, noise(name, (6, 14, 1)), (21, 49), resize="nearest", channels="gray")
    yield image("IMAGE_BICUBIC_CLIPPED", edges(24, 31), (17, 12), resize="bicubic")
    yield image("IMAGE_BICUBIC_CLIPPED_UP", edges(9, 9), (14, 14), resize="bicubic")
    name = "IMAGE_SAME_SIZE"
    yield image(name, noise(name, (9, 9, 3)), (9, 9), std=(255.0,))
    name = "IMAGE_ONE_PIXEL"
    yield image(name, noise(name, (1, 1, 3)), (4, 5), **CENTRED)
    name = "IMAGE_TO_ONE_PIXEL"
    yield image(name, noise(name, (31, 17, 3)), (1, 1), resize="bicubic", **CENTRED)
    name = "IMAGE_WIDE"
    yield image(name, noise(name, (3, 200, 3)), (8, 8))
    name = "IMAGE_ONE_DIRECTION"
    yield image(name, noise(name, (12, 30, 3)), (12, 10), resize="bicubic")
    name = "IMAGE_SHORTER_WIDE"
    yield image(name, noise(name, (20, 33, 3)), (7, 7), 9, **IMAGENET)
    name = "IMAGE_SHORTER_TALL_ODD"
    yield image(name, noise(name, (41, 18, 3)), (10, 11), 12, resize="bicubic")
    name = "IMAGE_SHORTER_UP_NEAREST"
    yield image(name, noise(name, (6, 9, 3)), (10, 13), 14, resize="nearest")
    name = "IMAGE_SHORTER_CROP_ONLY"
    yield image(name, noise(name, (12, 17, 3)), (8, 9), 12)
    name = "IMAGE_GRAY"
    yield image(name, noise(name, (21, 19, 3)), (10, 10), channels="gray", std=(255.0,))
    for channels in ("gray", "bgr"):
        name = f"IMAGE_KERAS_{channels.upper()}"
        keys = {"resize": "keras-bilinear", "channels": channels}
        yield image(name, noise(name, (19, 23, 3)), (7, 9), **keys, std=(255.0,))
    name = "IMAGE_KERAS_SHORTER_RGBA"
    yield image(name, noise(name, (17, 26, 4)), (10, 11), 12, resize="keras-bilinear", **IMAGENET)
    name = "IMAGE_KERAS_FROM_GRAY"
    yield image(name, noise(name, (9, 8, 1)), (14, 3), resize="keras-bilinear")
    name = "IMAGE_KERAS_SAME_SIZE"
    yield image(name, noise(name, (6, 5, 3)), (6, 5), resize="keras-bilinear")
    name = "IMAGE_BGR"
    yield image(name, noise(name, (11, 13, 3)), (6, 6), channels="bgr", **IMAGENET)
    name = "IMAGE_RGBA"
    yield image(name, noise(name, (15, 12, 4)), (7, 7), **CENTRED)
    name = "IMAGE_RGBA_TO_GRAY"
    yield image(name, noise(name, (9, 12, 4)), (7, 7), channels="gray", resize="bicubic")
    name = "IMAGE_FROM_GRAY"
    yield image(name, noise(name, (16, 12, 1)), (7, 9), **IMAGENET)
    name = "IMAGE_FROM_GRAY_TO_GRAY"
    yield image(
        name, noise(name, (16, 12, 1)), (28, 28), channels="gray", mean=(33.318,), std=(78.567,)
    )


def sounds() -> Iterator[Case]:
    """Types, channels, longer and shorter than the window."""

    def sound(name: str, raw: np.ndarray, window: int, **keys: Any) -> Case:
        rules = Preprocessing(kind="audio", sample_rate=16000, window=window, **keys)
        return Case(name, rules, raw, (1, window))

    yield sound("AUDIO_INT16", noise("AUDIO_INT16", (100,), "int16"), 100)
    yield sound("AUDIO_STEREO_LONG", noise("AUDIO_STEREO_LONG", (150, 2), "int16"), 120)
    name = "AUDIO_THREE_SHORT"
    yield sound(name, noise(name, (50, 3), "int16"), 64, mean=(0.0123,), std=(0.37,))
    yield sound("AUDIO_UINT8", noise("AUDIO_UINT8", (40,)), 48, std=(0.5,))
    name = "AUDIO_FLOAT_STEREO"
    yield sound(name, noise(name, (60, 2), "float32"), 64, mean=(-0.1,), std=(1.3,))
    extremes = np.array([-32768, 32767, 0, 1, -1], np.int16)
    yield sound("AUDIO_EXTREMES", extremes, 5)
    yield sound("AUDIO_ONE_COLUMN", noise("AUDIO_ONE_COLUMN", (9, 1), "int16"), 9)


def tables() -> Iterator[Case]:
    """One mean for all columns, and one for each."""

    def table(name: str, raw: np.ndarray, **keys: Any) -> Case:
        return Case(name, Preprocessing(kind="tabular", **keys), raw, (1, len(raw)))

    yield table("TABULAR_PLAIN", noise("TABULAR_PLAIN", (5,), "float32"))
    raw = np.array([5.1, 3.5, 1.4, 0.2], np.float32)
    mean, std = (5.8433, 3.054, 3.7587, 1.1987), (0.8281, 0.4336, 1.7644, 0.7632)
    yield table("TABULAR_COLUMNS", raw, mean=mean, std=std, columns=("a", "b", "c", "d"))
    yield table("TABULAR_INT16", noise("TABULAR_INT16", (6,), "int16"), mean=(3.7,), std=(1e-3,))
    yield table("TABULAR_UINT8", noise("TABULAR_UINT8", (3,)), mean=(1.0, 2.0, 3.0), std=(-2.0,))
    large = np.array([1.5e38, -1.5e38, 1e-40, -0.0], np.float32)
    yield table("TABULAR_RANGE", large, std=(0.5,))


def texts() -> Iterator[Case]:
    """By code point and by word; specials, doubles, empty ones, too long, unknown."""

    def text(name: str, raw: str, length: int, vocabulary: tuple[str, ...], unknown: int) -> Case:
        rules = Preprocessing(kind="text", vocabulary=vocabulary, unknown_id=unknown)
        return Case(name, rules, raw, (1, length), "int32")

    letters = ("", "[UNK]", " ", *"abcdefghijklmnopqrstuvwxyz")
    yield text("TEXT_LETTERS", "hello, world", 16, letters, 1)
    yield text("TEXT_CUT", "the quick brown fox", 7, letters, 1)
    yield text("TEXT_EMPTY", "", 4, letters, 1)
    astral = ("<pad>", "a", "\u0301", "e\u0301"[:1], "\U0001f600", "\u6570", "\U00010348", "\u200d")
    raw = "ae\u0301\U0001f600\u6570\U00010348\u200d\U0001f601\u00e9"
    yield text("TEXT_CODE_POINTS", raw, 12, astral, 9)
    # An accent of its own makes an entry of two code points: a vocabulary of words.
    words = (
        "<pad>",
        "[UNK]",
        "ein",
        "e\u0301",
        "\u00e9",
        "Gr\u00f6\u00dfe",
        "\U0001f600\U0001f600",
    )
    yield text(
        "TEXT_WORDS", "ein  e\u0301 \u00e9\tGr\u00f6\u00dfe\n\U0001f600\U0001f600 EIN", 10, words, 1
    )
    # What Python takes for blanks, and two that look like blanks and are none.
    blanks = "\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"
    raw = "".join(word + blank for word, blank in zip("ab" * 8, blanks, strict=True))
    yield text("TEXT_BLANKS", raw + "a\u200ba \ufeffb b", 24, ("a", "b", "cc"), 7)
    yield text("TEXT_DOUBLES", "a b a", 5, ("zz", "a", "b", "a", "b"), 0)
    yield text("TEXT_SPECIAL_SHORT", "[] [x] a", 8, ("[]", "a", "[x]"), 5)
    yield text("TEXT_SPECIALS_MIXED", "[a>b", 6, ("[a>", "<b]", "a", "b"), 3)


def cases() -> list[Case]:
    """All of them, in the order of the file."""
    return [*images(), *sounds(), *tables(), *texts()]


def _hex(data: bytes) -> str:
    return data.hex() or "-"


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(str(np.float32(value)) for value in values)


def _block(case: Case) -> list[str]:
    rules = case.rules
    spec = TensorSpec(name="x", shape=case.shape, dtype=case.dtype, preprocessing=rules)
    expected = preprocess(np.asarray(case.raw), spec)
    assert expected.dtype == np.dtype(case.dtype) and expected.shape == case.shape[1:]
    lines = [f"case {case.name}", f"kind {rules.kind}"]
    if rules.kind == "image":
        assert rules.size is not None
        lines += [
            f"size {rules.size[0]} {rules.size[1]}",
            f"resize {rules.resize}",
            f"shorter {rules.resize_shorter_to or 0}",
            f"channels {rules.channels}",
        ]
    elif rules.kind == "audio":
        lines += [f"window {rules.window}"]
    if rules.kind == "text":
        lines += [f"length {case.shape[1]}", f"unknown {rules.unknown_id}"]
        lines += [f"vocabulary {len(rules.vocabulary)}"]
        lines += [_hex(entry.encode()) for entry in rules.vocabulary]
    else:
        lines += [f"mean {_numbers(rules.mean)}", f"std {_numbers(rules.std)}"]
    if isinstance(case.raw, str):
        lines += [f"text {_hex(case.raw.encode())}"]
    else:
        raw = case.raw
        lines += [f"raw {raw.dtype} {' '.join(map(str, raw.shape))}"]
        lines += [raw.astype(raw.dtype.newbyteorder("<")).tobytes().hex()]
    little = expected.astype(expected.dtype.newbyteorder("<"))
    lines += [f"expected {expected.dtype} {expected.size}", little.tobytes().hex()]
    return [*lines, "tolerance 0", "end"]


def text() -> str:
    """The whole file."""
    return "\n".join(line for case in cases() for line in _block(case)) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8", newline="\n")
    print(f"{PATH}: {len(cases())} cases, {PATH.stat().st_size} bytes")
