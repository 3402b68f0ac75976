"""Items of the corpus that self-tests are tried on, converted with labels and preprocessing.

`python -m tests.codegen.corpus_bundles CORPUS FOLDER ITEM...` converts some of them, for `checks/`,
and writes the bundle of each to `FOLDER/ITEM/bundle`: contract, models, golden samples.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import edgekit
from benchmarks.corpus import prepare
from edgekit.core.records import ConvertOptions

_IMAGES = 100
_KWS = "down go left no off on right stop up yes silence unknown".split()
_TOML = {
    "kws_dscnn": """
[input.input_1]
kind = "tabular"
mean = 83.0
std = 1.7102702

[output.dense]
labels = "labels.txt"
""",
    "imagenet_mobilenetv1_025": """
[input.input_2]
kind = "image"
size = [224, 224]
resize = "bicubic"
resize_shorter_to = 224
mean = 127.5
std = 127.5

[output.predictions]
labels = "labels.txt"
""",
    "har_st_cnn1d": """
[input.conv1d_input]
kind = "tabular"
mean = 0.0
std = 4000.0

[output.dense_1]
labels = "labels.txt"
""",
    "magika_bytes_v1": """
[output.target_label]
labels = "labels.txt"
""",
    "speech_dtln_lstm_states": "",
}
ITEMS = tuple(_TOML)
# In int8 this one is none any more: 0.9 dB.
_FLOAT_ONLY = ("magika_bytes_v1",)


def convert_item(item: str, corpus: Path, folder: Path) -> list[Path]:
    """The converted files of an item: float32, and int8 where that works."""
    folder.mkdir(parents=True)
    prepared = prepare(item, folder, corpus)
    calibration = str(prepared.calib)
    model = folder / "source" / prepared.model.name
    model.parent.mkdir()
    copy = shutil.copytree if prepared.model.is_dir() else shutil.copyfile
    copy(prepared.model, model)
    labels = _labels(item, corpus)
    (model.parent / "labels.txt").write_text("\n".join(labels), encoding="utf-8")
    toml = f'model = "{model.name}"\n{_TOML[item]}'
    (model.parent / "edgekit.toml").write_text(toml, encoding="utf-8")
    if item.startswith("imagenet"):
        images = folder / "images"
        images.mkdir()
        for path in sorted((corpus / "imagenet500").glob("*.jpg"))[::5][:_IMAGES]:
            shutil.copyfile(path, images / path.name)
        calibration = str(images)
    recipes = ("float32",) if item in _FLOAT_ONLY else ("float32", "static_wi8_ai8")
    made = edgekit.convert(
        model,
        output=folder / "out",
        name=item,
        calibration=calibration,
        options=ConvertOptions(recipes=recipes),
    )
    return [Path(artifact.path) for artifact in made]


def _labels(item: str, corpus: Path) -> list[str]:
    if item == "kws_dscnn":
        return _KWS
    if item == "har_st_cnn1d":
        return ["stationary", "walking", "running"]
    if item == "magika_bytes_v1":
        return list(json.loads((corpus / item / "labels.json").read_text(encoding="utf-8")))
    names = [f"class {i}" for i in range(1000)]
    with (corpus / "imagenet500" / "labels.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            names[int(row["class_index"])] = row["name"]
    return names


def main(corpus: Path, folder: Path, *items: str) -> None:
    """Convert and bundle, where that has not been done."""
    from edgekit.pipeline.bundle.bundle import bundle

    for item in items:
        if not (folder / item / "bundle" / "contract.json").is_file():
            shutil.rmtree(folder / item, ignore_errors=True)
            bundle(convert_item(item, corpus, folder / item), {"python": folder / item / "bundle"})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
