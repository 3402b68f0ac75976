"""Each format: where its honest files lie, how they break, and the door that reads them.

`read_all` runs in a child (`isolate.call`). File number i of a format is always the same one:
`python -m tests.fuzz.doors FORMAT NUMBER HONEST_FOLDER` reads it again and shows what happens.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgekit import tflite
from edgekit.core import artifacts, project
from edgekit.core.errors import EdgekitError
from edgekit.data import sources
from edgekit.data.samples import Samples
from edgekit.pipeline.cache import Cache
from edgekit.pipeline.gate import baseline
from tests.fuzz import damage, honest

_SEED = 20261130
# A network that still loads is exported in one of so many cases: exporting is slow.
_EXPORTED = 25

Damage = Callable[[bytes, np.random.Generator], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format of files.

    Attributes:
        honest: Its folder below that of all honest files.
        broken: How files break, by a pattern of names; each has one damaged file at a time.
        read: The door. It gets the folder and the file that is damaged; False says that it refuses.
        in_command: Whether the command's own process reads it: then it may neither hang nor crash.
    """

    honest: str
    broken: Mapping[str, Damage]
    read: Callable[[Path, Path, np.random.Generator], object]
    in_command: bool = True


def _tflite(folder: Path, file: Path, rng: np.random.Generator) -> None:
    tflite.inspect(file)


def _tflite_source(folder: Path, file: Path, rng: np.random.Generator) -> None:
    from edgekit.quantize.rewrite import import_float

    model = tflite.read(file)
    import_float.prepare(model, file)
    tflite.contract(model)
    tflite.to_bytes(model)


def _samples(kind: str, name: str = "") -> Callable[[Path, Path, np.random.Generator], object]:
    def read(folder: Path, file: Path, rng: np.random.Generator) -> object:
        source = str(folder / name) if name else str(file)
        return sources.load(source, honest.contract(kind), purpose="evaluation")

    return read


def _project(folder: Path, file: Path, rng: np.random.Generator) -> None:
    project.load(folder / "edgekit.toml").describe(honest.contract())


def _manifest(folder: Path, file: Path, rng: np.random.Generator) -> None:
    artifacts.load(folder / "m.float32.tflite")


def _golden(folder: Path, file: Path, rng: np.random.Generator) -> None:
    Samples.load(file)
    sources.load(str(file), honest.contract(), purpose="calibration")


def _baseline(folder: Path, file: Path, rng: np.random.Generator) -> None:
    baseline.load(folder / "baseline.json")


def _cache(folder: Path, file: Path, rng: np.random.Generator) -> bool:
    """A damaged entry is none, and no error either."""
    os.environ["EDGEKIT_HOME"] = str(folder)  # of the child that this runs in
    return Cache().read(honest.CACHED, lambda _: True) is not None


def _model(name: str) -> Callable[[Path, Path, np.random.Generator], object]:
    def read(folder: Path, file: Path, rng: np.random.Generator) -> None:
        from edgekit.frontend.export import export
        from edgekit.frontend.load import load

        loaded = load.load(folder / name)
        if rng.integers(_EXPORTED) == 0:
            export.export(loaded, export.fix_shapes(loaded, {}))

    return read


FORMATS: dict[str, Format] = {
    "tflite": Format(honest="tflite", broken={"*.tflite": damage.odd_bytes}, read=_tflite),
    "tflite as a source": Format(
        honest="tflite",
        broken={"*float32.tflite": damage.odd_bytes, "*float16.tflite": damage.odd_bytes},
        read=_tflite_source,
        in_command=False,
    ),
    "npz": Format(honest="npz", broken={"*.npz": damage.odd_zip}, read=_samples("none")),
    "csv": Format(honest="csv", broken={"*.csv": damage.odd_text}, read=_samples("tabular")),
    "csv, bytes": Format(
        honest="csv", broken={"*.csv": damage.odd_bytes}, read=_samples("tabular")
    ),
    "labels.csv": Format(
        honest="labels_csv",
        broken={"images/labels.csv": damage.odd_text},
        read=_samples("image", "images"),
    ),
    "images": Format(
        honest="images", broken={"images/yes/*": damage.odd_bytes}, read=_samples("image", "images")
    ),
    "wav": Format(
        honest="wav", broken={"sounds/yes/*": damage.odd_bytes}, read=_samples("audio", "sounds")
    ),
    "edgekit.toml": Format(honest="toml", broken={"edgekit.toml": damage.odd_text}, read=_project),
    "edgekit.toml, bytes": Format(
        honest="toml",
        broken={"edgekit.toml": damage.odd_bytes, "labels.txt": damage.odd_bytes},
        read=_project,
    ),
    "manifest": Format(honest="manifest", broken={"*.json": damage.odd_json}, read=_manifest),
    "golden samples": Format(honest="golden", broken={"*.npz": damage.odd_zip}, read=_golden),
    "baseline": Format(
        honest="baseline",
        broken={"*.json": damage.odd_json, "*.npz": damage.odd_zip},
        read=_baseline,
    ),
    "cache entry": Format(
        honest="cache",
        broken={
            "cache/*/*.json": damage.odd_json,
            "cache/*/times.json": damage.odd_bytes,
            "cache/*/*.npz": damage.odd_bytes,
        },
        read=_cache,
    ),
    "Keras 2 .h5": Format(
        honest="keras2_h5",
        broken={"m.h5": damage.odd_hdf5},
        read=_model("m.h5"),
        in_command=False,
    ),
    "Keras 2 .keras": Format(
        honest="keras2_zip",
        broken={"m.keras": damage.odd_zip},
        read=_model("m.keras"),
        in_command=False,
    ),
    "Keras 3 .h5": Format(
        honest="keras3_h5",
        broken={"m.h5": damage.odd_hdf5},
        read=_model("m.h5"),
        in_command=False,
    ),
    "Keras 3 .keras": Format(
        honest="keras3",
        broken={"m.keras": damage.odd_zip},
        read=_model("m.keras"),
        in_command=False,
    ),
    "SavedModel": Format(
        honest="saved_model",
        broken={"m/*.pb": damage.odd_bytes, "m/variables/*": damage.odd_bytes},
        read=_model("m"),
        in_command=False,
    ),
    "TensorFlow.js": Format(
        honest="tfjs",
        broken={"m/model.json": damage.odd_json, "m/shard.bin": damage.odd_bytes},
        read=_model("m"),
        in_command=False,
    ),
    "TensorFlow.js graph": Format(
        honest="tfjs_graph",
        broken={"m/model.json": damage.odd_json, "m/*.bin": damage.odd_bytes},
        read=_model("m"),
        in_command=False,
    ),
}


def read_one(name: str, number: int, honest_files: Path) -> str:
    """Damage file `number` of a format and read it.

    Returns:
        `read` where nobody can see the damage, `refused` where edgekit says so, or a traceback.
    """
    form = FORMATS[name]
    rng = np.random.default_rng([_SEED, *name.encode(), number])
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        folder = Path(scratch) / "files"
        shutil.copytree(honest_files / form.honest, folder)
        patterns = list(form.broken)
        pattern = patterns[rng.integers(len(patterns))]
        files = sorted(folder.glob(pattern))
        file = files[rng.integers(len(files))]
        file.write_bytes(form.broken[pattern](file.read_bytes(), rng))
        try:
            if form.read(folder, file, rng) is False:
                return "refused"
        except EdgekitError as error:
            return _judged(error)
        except Exception:
            return traceback.format_exc()
    return "read"


def _judged(error: EdgekitError) -> str:
    lines = str(error).split("\n")
    if not error.received or any(not line.isprintable() for line in lines) or len(lines) > 3:
        return f"an error that does not say what was received, or holds raw text: {error!s}"
    return "refused"


def read_all(request: Mapping[str, Any], report: Callable[[str], None]) -> None:
    """Read the files `start` to `stop` of `format`; a line of progress says what became of each."""
    for number in range(request["start"], request["stop"]):
        report(json.dumps([number, "begun"]))
        outcome = read_one(request["format"], number, Path(request["honest"]))
        report(json.dumps([number, outcome]))


if __name__ == "__main__":
    print(read_one(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
