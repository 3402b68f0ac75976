"""Pruning, distillation and quantization-aware training, beside TensorFlow's toolkit.

```
python benchmarks/pruning.py [--corpus DIR] [--items ITEM ...] [--methods METHOD ...] [--out DIR]
```

Each row is one command, a file, and what the file scores on evaluation samples that took no part
in pruning, training or any choice. Trained on are an item's calibration samples, without labels,
and the training images of `sample_models/digits`. TensorFlow's toolkit
(tensorflow-model-optimization, for Keras 2) has no distillation: as targets it is given what the
original model answers for the same samples. It is installed beside the output, not into edgekit's
environment. Rows are kept in `DIR/ITEM/measured.json`, so that some items or methods can be
measured again; once every row is there, the section "Pruning and training" of RESULTS.md is
written.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import corpus, results, watch
from edgekit import tflite
from edgekit.core import artifacts, serde
from edgekit.core import project as projects
from edgekit.core.errors import EdgekitError
from edgekit.core.records import Measurement
from edgekit.pipeline.benchmark import benchmark
from edgekit.pipeline.validate import ValidateOptions, validate

PEER = Path(__file__).with_name("peers") / "train_tfmot.py"
TFMOT = ("tensorflow-model-optimization==0.8.1", "dm-tree==0.1.10")
DIGITS = Path(__file__).parents[1] / "sample_models" / "digits"
MAX_SECONDS = 1800.0
FLOAT, INT8, INT4 = "float32", "static_wi8_ai8", "weight_only_wi4_afp32"
ITEMS = ("digits", "resnet8_cifar10", "kws_dscnn", "imagenet_mobilenetv1_025")


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One command of edgekit, or of the peer, and the recipe of the file that is looked at."""

    flags: tuple[str, ...]
    recipe: str = FLOAT
    trains: bool = False
    peer: bool = False
    inner: bool = False
    items: tuple[str, ...] = ITEMS


_QUARTER = ("--prune", "structured", "--sparsity", "0.25")
# The channels within residual blocks; other models have no others.
INNER = {"resnet8_cifar10": ("--prune-layer", "conv2d_[136]")}
_HALF = ("--prune", "structured", "--sparsity", "0.5")
_ZEROS = ("--prune", "unstructured", "--sparsity", "0.5")
METHODS: dict[str, Method] = {
    "50 % zeros by magnitude": Method(flags=(*_ZEROS, "--no-reconstruct")),
    "50 % zeros, reconstructed": Method(flags=_ZEROS),
    "50 % zeros, reconstructed, distilled": Method(flags=_ZEROS, trains=True),
    "50 % zeros, tfmot": Method(flags=("prune", "0.5"), peer=True),
    "2:4, reconstructed": Method(flags=("--prune", "2:4")),
    "25 % of inner channels": Method(flags=_QUARTER, inner=True),
    "25 % of inner channels, distilled": Method(flags=_QUARTER, trains=True, inner=True),
    "25 % of inner channels, distilled for 150 epochs": Method(
        flags=(*_QUARTER, "--epochs", "150"), trains=True, inner=True, items=("resnet8_cifar10",)
    ),
    "50 % of channels, distilled": Method(flags=_HALF, trains=True),
    "int8": Method(flags=(), recipe=INT8),
    "int8, trained": Method(flags=("--qat",), recipe=INT8, trains=True),
    "int8, tfmot": Method(flags=("qat", "0"), peer=True, recipe=INT8),
    "int4": Method(flags=(), recipe=INT4),
    "int4, trained": Method(flags=("--qat",), recipe=INT4, trains=True),
    "25 % of inner channels, distilled, int8, trained": Method(
        flags=(*_QUARTER, "--qat"), recipe=INT8, trains=True, inner=True
    ),
    "25 % of inner channels, distilled, int4, trained": Method(
        flags=(*_QUARTER, "--qat"), recipe=INT4, trains=True, inner=True
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One model, the samples to compress it by, and those that judge it."""

    item: str
    model: Path
    calib: Path
    eval: Path
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one method made of one item; nothing but `failure` where it made nothing."""

    method: str
    accuracy: float = float("nan")
    float_accuracy: float = float("nan")
    num_samples: int = 0
    size: float = float("nan")
    download: float = float("nan")
    latency: tuple[float, float, float] | None = None
    seconds: float = float("nan")
    failure: str = ""


def prepare(item: str, out: Path, folder: Path | None) -> Task:
    """The model and its samples, in files."""
    place = out / item
    if item == "digits":
        data = DIGITS / "data.npz"
        return Task(item=item, model=DIGITS / "digits.keras", calib=data, eval=data, folder=place)
    folder = corpus.find_corpus(folder)
    found = corpus.prepare(item, place, folder)
    calib = found.calib
    if item == "resnet8_cifar10":  # other benchmarks use 200 of its 500 calibration images
        calib = place / "all.npz"
        with np.load(folder / item / "data.npz") as data:
            np.savez(calib, x=data["calib_x"])
    return Task(item=item, model=found.model, calib=calib, eval=found.eval, folder=place)


def run(task: Task, name: str, method: Method, site: Path) -> Row:
    """Make one file, and measure it beside the float file of the original model."""
    place = task.folder / name.replace(" ", "_").replace(",", "").replace("%", "pc")
    place.mkdir(parents=True, exist_ok=True)
    try:
        cost = _peer(task, method, place, site) if method.peer else _edgekit(task, method, place)
        [file] = [
            path
            for path in place.glob(f"*.{method.recipe}.tflite")
            if path.name != "m.float32.tflite"
        ]
        return _measured(task, name, place / "m.float32.tflite", file, cost.seconds)
    except (watch.Failed, EdgekitError) as error:
        return Row(method=name, failure=" ".join(str(error).split())[-200:])


def _edgekit(task: Task, method: Method, place: Path) -> watch.Cost:
    command = [sys.executable, "-m", "edgekit.cli.main", "convert", str(task.model)]
    command += ["--name", "m", "-o", str(place), "--force", "--json", "--recipe", method.recipe]
    command += ["--calibration", str(task.calib), "--calibration-samples", "500", *method.flags]
    command += INNER.get(task.item, ()) if method.inner else ()
    if method.trains:
        command += ["--finetune", str(task.calib), "--distill"]
    return watch.run(command, timeout=MAX_SECONDS)


def _peer(task: Task, method: Method, place: Path, site: Path) -> watch.Cost:
    """The float file is edgekit's: it is what both are compared with."""
    float_only = Method(flags=())
    _edgekit(task, float_only, place)
    out = place / f"tfmot.{method.recipe}.tflite"
    command = [sys.executable, str(PEER), str(task.model), str(task.calib), *method.flags, str(out)]
    env = {**os.environ, "PYTHONPATH": str(site), "TF_USE_LEGACY_KERAS": "1"}
    cost = watch.run(command, env, timeout=MAX_SECONDS)
    _name_outputs(out, place / "m.float32.tflite")
    return cost


def _name_outputs(path: Path, original: Path) -> None:
    """The original's names for the one input and output: the toolkit renames layers."""
    model = tflite.read(path)
    [signature], contract = model.signatureDefs, tflite.contract(original)
    for entries, specs in (
        (signature.inputs, contract.inputs),
        (signature.outputs, contract.outputs),
    ):
        [entry], [spec] = entries, specs
        entry.name = spec.name.encode()
    path.write_bytes(tflite.to_bytes(model))


def _measured(task: Task, name: str, original: Path, file: Path, seconds: float) -> Row:
    project = projects.load(DIGITS / "edgekit.toml") if task.item == "digits" else None
    before, after = validate(
        [original, file],
        data=str(task.eval),
        metric="top1_accuracy",
        options=ValidateOptions(reference=original, project=project, jobs=2),
    )
    _, timed = benchmark([original, file], reference=original)
    latency = timed.metric("latency_ratio")
    assert latency is not None and latency.low is not None and latency.high is not None
    content = [path.read_bytes() for path in (original, file)]
    download = [artifacts.compressed_bytes(one) for one in content]
    return Row(
        method=name,
        accuracy=_value(after),
        float_accuracy=_value(before),
        num_samples=after.num_samples,
        size=len(content[1]) / len(content[0]),
        download=download[1] / download[0],
        latency=(latency.value, latency.low, latency.high),
        seconds=seconds,
    )


def _value(measured: Measurement) -> float:
    metric = measured.metric("top1_accuracy")
    assert metric is not None
    return metric.value


def install_peer(out: Path) -> Path:
    """TensorFlow's toolkit in a folder of its own; made once."""
    site = out / "tfmot"
    if not (site / "tensorflow_model_optimization").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        watch.run([*pip, "--disable-pip-version-check", "--target", str(site), *TFMOT])
    return site


def methods_of(item: str) -> tuple[str, ...]:
    """What is done to an item; the peer cannot load Keras 3 models."""
    return tuple(
        name
        for name, one in METHODS.items()
        if item in one.items and not (one.peer and item == "digits")
    )


def stored(out: Path, item: str) -> dict[str, Row]:
    """The rows of an item that have been measured, by method."""
    path = out / item / "measured.json"
    if not path.is_file():
        return {}
    rows = serde.loads(tuple[Row, ...], path.read_text(encoding="utf-8"), str(path))
    return {row.method: row for row in rows}


def keep(out: Path, item: str, row: Row) -> None:
    """Put one row in place of an older one."""
    rows = {**stored(out, item), row.method: row}
    serde.write_atomic(out / item / "measured.json", serde.dumps(tuple(rows.values())))


def body(rows: Mapping[str, Mapping[str, Row]]) -> str:
    """One table for each item."""
    parts = []
    for item, by_method in rows.items():
        found = [by_method[name] for name in methods_of(item) if name in by_method]
        done = next((row for row in found if not row.failure), None)
        if done is None:
            parts.append(f"**{item}**: nothing could be measured.")
        else:
            parts.append(
                f"**{item}**: float {done.float_accuracy:.4f} on {done.num_samples} samples."
            )
        heads = ("", "accuracy", "points lost", "size", "download", "time", "command")
        parts.append(results.table(heads, [_cells(row) for row in found]))
    return "\n\n".join([_READING, *parts])


_READING = (
    "Size, download (DEFLATE) and time (LiteRT, one thread, interleaved, 95 % interval) are "
    "multiples of the float file; `command` is the whole command in seconds, TensorFlow's "
    "start and the export of the original among it. Of ResNet8 the channels within residual blocks "
    "are called inner; of the others a quarter of all channels goes."
)


def _cells(row: Row) -> list[str]:
    if row.failure:
        return [row.method, f"failed: {row.failure}", "", "", "", "", ""]
    assert row.latency is not None
    value, low, high = row.latency
    return [
        row.method,
        f"{row.accuracy:.4f}",
        f"{100 * (row.float_accuracy - row.accuracy):.2f}",
        f"{row.size:.2f}x",
        f"{row.download:.2f}x",
        f"{value:.2f}x [{low:.2f} {high:.2f}]",
        f"{row.seconds:.0f} s",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", nargs="+", choices=ITEMS, default=list(ITEMS), metavar="ITEM")
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD"
    )
    parser.add_argument("--out", type=Path, default=Path("out/pruning"))
    parser.add_argument("--corpus", type=Path, help="folder that holds corpus.json")
    given = parser.parse_args(arguments)
    out = given.out.resolve()
    try:
        site = install_peer(out)
        for item in given.items:
            task = prepare(item, out, given.corpus)
            for name in given.methods:
                if name not in methods_of(item):
                    continue
                row = run(task, name, METHODS[name], site)
                print(item, " | ".join(_cells(row)), flush=True)
                keep(out, item, row)
    except EdgekitError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    rows = {item: stored(out, item) for item in ITEMS}
    if all(set(found) >= set(methods_of(item)) for item, found in rows.items()):
        results.write_section("Pruning and training", body(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
