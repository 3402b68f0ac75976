"""Conversion: edgekit beside the usual path through TensorFlow's converter.

`python benchmarks/conversion.py [--out DIR]`. Both sides run as whole commands, from
importing to written files, with the same 100 calibration samples, alternating.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import corpus, results, watch
from edgekit.core import isolate
from edgekit.core.recipes import RECIPES
from edgekit.core.records import Limits
from edgekit.data.export_messages import EXPORT, DrawRequest, ExportRequest

PEER = Path(__file__).with_name("peers") / "tensorflow_usual_path.py"
VARIANTS = ("float32", "float16", "dynamic", "int8")
REPEATS = 3


def resnet50(out: Path) -> Path:
    """ResNet50 with random weights whose batch statistics were re-estimated on images."""
    path = out / "resnet50.keras"
    if not path.exists():
        watch.run([sys.executable, str(Path(__file__).with_name("make_resnet50.py")), str(out)])
    return path


def edgekit_export_seconds(model: Path, work: Path) -> float:
    """Seconds of the export step alone: conversion to the float file."""
    request = ExportRequest(
        model=model,
        draw=DrawRequest(
            calibration=None,
            golden_samples=1,
            calibration_samples=1,
            golden_out=work / "export.npz",
            calibration_out=work / "calibration.npz",
            training_out=work / "training.npz",
        ),
        out=work / "export.tflite",
    )
    answer = isolate.call(EXPORT, request, name="the exporter", limits=Limits(), writable=[work])
    return answer.seconds["export"]


def measure(name: str, model: Path, calibration: Path, work: Path) -> list[object]:
    work.mkdir(parents=True, exist_ok=True)
    recipes = [part for recipe in RECIPES for part in ("--recipe", recipe)]
    ours = [sys.executable, "-m", "edgekit.cli.main", "convert", str(model), *recipes]
    ours += ["--calibration", str(calibration), "-o", str(work), "--force", "--fresh", "--json"]
    # The peer rounds each weight for itself; what better weights cost, quantization.py measures.
    ours += ["--rounding", "nearest", "--no-bias-correction"]
    theirs = [sys.executable, str(PEER), str(model), str(calibration), str(work), *VARIANTS]
    env = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    mine, peer, steps, exports = [], [], [], []
    for _ in range(REPEATS):
        peer.append(watch.run(theirs, env))
        steps.append(json.loads(peer[-1].output.splitlines()[-1])["float32"])
        mine.append(watch.run(ours, env))
        exports.append(edgekit_export_seconds(model, work))
    whole = statistics.median(a.seconds / b.seconds for a, b in zip(mine, peer, strict=True))
    step = statistics.median(a / b for a, b in zip(exports, steps, strict=True))
    memory = [statistics.median(c.peak_bytes for c in costs) / 2**20 for costs in (mine, peer)]
    return [
        name,
        f"{statistics.median(exports):.1f} / {statistics.median(steps):.1f} s",
        f"**{step:.2f}x** (0.45x)",
        f"{statistics.median(c.seconds for c in mine):.1f} / "
        f"{statistics.median(c.seconds for c in peer):.1f} s",
        f"**{whole:.2f}x** (0.35x)",
        f"{memory[0]:.0f} / {memory[1]:.0f} MiB",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    out = parser.parse_args().out.resolve()
    folder = corpus.find_corpus()
    prepared = corpus.prepare("imagenet_efficientnet_lite0", out / "efficientnet", folder)
    rows = [
        measure("EfficientNet-Lite0", prepared.model, prepared.calib, out / "efficientnet"),
        measure("ResNet50", resnet50(out), prepared.calib, out / "resnet50"),
    ]
    body = (
        "Float export is the conversion step alone; the rest are whole commands, imports and\n"
        f"loading on both sides: edgekit's {len(RECIPES)} recipes, rounded as the peer rounds\n"
        "(`--rounding nearest --no-bias-correction`), with every file run on golden samples,\n"
        "against four `TFLiteConverter.from_keras_model` conversions (float32, float16, dynamic,\n"
        f"int8) in one process. 100 calibration images, medians of {REPEATS} alternating runs;\n"
        "memory is the peak over the whole process tree. In parentheses: the bar.\n\n"
    )
    heads = (
        "model",
        "float export",
        "ratio",
        f"{len(RECIPES)} recipes / TensorFlow's 4",
        "ratio",
        "peak memory",
    )
    results.write_section("Conversion", body + results.table(heads, rows))


if __name__ == "__main__":
    main()
