"""What the host computes, for Kotlin to equal: arithmetic, images, and two more models.

`cases.py FOLDER` writes `FOLDER/cases.txt`, `FOLDER/drawn.txt` (more test vectors of any size)
and Android bundles: `FOLDER/int8` of a file that is int8 from end to end, `FOLDER/twins` of a
model of two inputs and two outputs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import twins  # beside this script

from edgekit import ConvertOptions, convert
from edgekit.core.records import Preprocessing, Resize
from edgekit.pipeline.bundle.bundle import bundle
from edgekit.runtimes.worker.worker_tensors import Tensor
from tests.codegen import make_vectors

_DEMO = Path(__file__).parents[2]
_FLOAT = _DEMO / "digits/src/main/assets/edgekit/digits/digits.float32.tflite"
_DTYPES = ("int8", "uint8", "int32", "uint32")


def main() -> None:
    """Write all of it."""
    folder = Path(sys.argv[1])
    rng = np.random.default_rng(6)
    lines = [*_quantized(rng), *_statistics(rng), *_tops(rng)]
    (folder / "cases.txt").write_text("\n".join(lines) + "\n")
    vectors = [line for case in _drawn(rng) for line in make_vectors._block(case)]
    (folder / "drawn.txt").write_text("\n".join(vectors) + "\n")
    options = ConvertOptions(recipes=("static_wi8_ai8",), io_dtype="int8")
    with np.load(_DEMO.parent / "sample_models/digits/data.npz") as data:
        scaled = data["calibration_x"].astype(np.float32) / np.float32(255)
    np.savez(folder / "scaled.npz", x=scaled)
    convert(
        _FLOAT,
        output=folder / "converted",
        name="digits",
        options=options,
        calibration=str(folder / "scaled.npz"),
    )
    made = next((folder / "converted").glob("*.static_wi8_ai8.tflite"))
    bundle([made], {"android": folder / "int8"}, name="digitsInt8")

    source = folder / "source.tflite"
    source.write_bytes(twins.twins(_FLOAT.read_bytes()))
    options = ConvertOptions(recipes=("float32", "dynamic_wi8_afp32"))
    convert(source, output=folder / "converted", name="twins", options=options)
    both = sorted((folder / "converted").glob("twins.*.tflite"))
    bundle(both, {"android": folder / "twins"})


def _quantized(rng: np.random.Generator) -> Iterator[str]:
    for number in range(60):
        dtype = np.dtype(_DTYPES[number % len(_DTYPES)])
        bounds = np.iinfo(dtype)
        scale = np.float32(rng.uniform(1e-4, 2) if number % 3 else 2.0 ** rng.integers(-8, 2))
        zero = int(rng.integers(-100, 101)) if bounds.min < 0 else int(rng.integers(0, 256))
        tensor = Tensor(
            "x",
            {
                "index": 0,
                "dtype": dtype,
                "shape": (24,),
                "quantization_parameters": {
                    "scales": [scale],
                    "zero_points": [zero],
                    "quantized_dimension": 0,
                },
            },
        )
        # Halves too, where rounding to even shows, and values beyond the range.
        codes = rng.integers(-300, 300, 24) + rng.choice([0, 0.5, 0.25, 0.499], 24)
        real = (codes * scale).astype(np.float32)
        real[:2] = -1e6, 1e6
        stored = tensor.store(real)
        yield (
            f"quantize {dtype.name.upper()} {_bits(scale)} {zero} : {_bits(real)} : "
            f"{' '.join(str(code) for code in stored)} : {_bits(tensor.real(stored))}"
        )


def _statistics(rng: np.random.Generator) -> Iterator[str]:
    for count in (1, 2, 3, 10, 59, 60):
        values = rng.lognormal(size=count)
        spelled = " ".join(repr(float(value)) for value in values)
        yield f"median 50 : {spelled} : {float(np.median(values))!r}"
        for q in (0, 10, 37.5, 90, 99, 100):
            yield f"percentile {q} : {spelled} : {float(np.percentile(values, q))!r}"


def _tops(rng: np.random.Generator) -> Iterator[str]:
    for count in (1, 2, 10, 50):
        scores = rng.integers(0, 6, count) / np.float32(4)  # many are equal
        if count > 2:
            scores[1] = np.nan
        order = np.argsort(-scores, kind="stable")  # NaN last
        for k in (0, 1, 3, count + 1):
            yield (
                f"top {k} : {' '.join(str(score).replace('nan', 'NaN') for score in scores)} : "
                f"{' '.join(str(index) for index in order[:k])}"
            )


def _drawn(rng: np.random.Generator) -> Iterator[make_vectors.Case]:
    """Images of any two sizes, near where the order of Pillow's passes changes too; sound."""
    for number in range(200):
        height, width, to_height, to_width = (int(side) for side in rng.integers(1, 60, 4))
        if number % 3 == 0 and to_height < height:
            to_width = max(1, width - (height - to_height) // 2 + int(rng.integers(-1, 2)))
        name = f"DRAWN_{number}_{height}x{width}_TO_{to_height}x{to_width}"
        yield make_vectors.image(
            name,
            make_vectors.noise(name, (height, width, 3)),
            (to_height, to_width),
            max(to_height, to_width) + int(rng.integers(0, 9)) if number % 5 == 0 else None,
            resize=get_args(Resize)[number % 4],
            channels=("rgb", "gray")[number % 2],
        )
    for channels in range(2, 21):
        name = f"DRAWN_SOUND_OF_{channels}"
        rules = Preprocessing(kind="audio", window=40, std=(0.7,))
        raw = make_vectors.noise(name, (37, channels), "float32")
        yield make_vectors.Case(name, rules, raw, (1, 40))


def _bits(values: np.ndarray | np.float32) -> str:
    return " ".join(str(bits) for bits in np.atleast_1d(np.asarray(values)).view(np.int32))


if __name__ == "__main__":
    main()
