"""Prepare an item of the corpus: its model, calibration samples and evaluation samples.

```
python benchmarks/corpus.py ITEM OUT/ [--corpus DIR]
```

writes `OUT/calib.npz` and `OUT/eval.npz`: arrays named as the model's inputs, or `x` where
there is one input, and labels `y`. Values are model inputs as they are (uint8 pixels where
the model takes raw 0..255). Calibration samples never occur in evaluation: an item that has
no calibration set of its own gives up some samples, drawn with a fixed seed, and `notes`
says how many. The same corpus gives the same bytes. The corpus is `--corpus`, or the
environment variable EDGEKIT_CORPUS, or `shared/corpus` beside the checkout.

`prepare` and `ITEMS` serve other scripts and tests, and the metrics of
`corpus_metrics.py` have names here too: `benchmarks.corpus:within_50_cents`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

if __package__ in (None, ""):  # run as a script, Python knows this folder only
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import corpus_data as data
from benchmarks.corpus_metrics import (
    frames_si_sdr_db,
    masked_si_sdr_db,
    max_abs_difference,
    pitch_hz,
    psnr_db,
    within_50_cents,
)
from edgekit.core import serde
from edgekit.core.errors import DataError, EdgekitError, UsageError
from edgekit.core.suggest import nearest

__all__ = [
    "ITEMS",
    "Item",
    "Prepared",
    "find_corpus",
    "frames_si_sdr_db",
    "main",
    "masked_si_sdr_db",
    "max_abs_difference",
    "pitch_hz",
    "prepare",
    "psnr_db",
    "within_50_cents",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One model of the corpus.

    `metric` is what `edgekit.toml` would say, None where there are no labels; `measured`
    what `corpus.json` says the float model scored with Keras on all labelled samples, those
    that are drawn for calibration among them. None where it says nothing of this model: no
    labels, or a core of DTLN, whose figure belongs to both cores in a stream.
    """

    folder: str
    model: str
    make: Callable[[Path], data.Split]
    metric: str | None = "top1_accuracy"
    better: Literal["higher", "lower"] = "higher"
    measured: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What `prepare` wrote and found; see `Item` for `metric`, `better` and `measured`."""

    item: str
    model: Path
    calib: Path
    eval: Path
    metric: str | None
    better: Literal["higher", "lower"]
    measured: float | None
    notes: str


ITEMS: dict[str, Item] = {
    "resnet8_cifar10": Item(
        folder="resnet8_cifar10", model="pretrainedResnet.h5", make=data.resnet8, measured=0.8708
    ),
    "kws_dscnn": Item(
        folder="kws_dscnn",
        model="kws_ref_model",
        make=data.labelled(200, lambda x: (x.astype(np.float32) - 83) * np.float32(0.5847029)),
        measured=0.913,
    ),
    "sww_1dconv": Item(
        folder="sww_1dconv", model="str_ww_ref_model.h5", make=data.labelled(15), measured=0.9111
    ),
    "imagenet_mobilenetv1_025": Item(
        folder="imagenet_mobilenetv1_025",
        model="mobilenet_v1_0.25_224.h5",
        make=data.imagenet(127.5, 127.5),
        measured=0.566,
    ),
    "imagenet_efficientnet_lite0": Item(
        folder="imagenet_efficientnet_lite0",
        model="efficientnet_lite0.keras",
        make=data.imagenet(127.0, 128.0),
        measured=0.866,
    ),
    "har_st_cnn1d": Item(
        folder="har_st_cnn1d",
        model="model.h5",
        make=data.labelled(200, lambda x: x.astype(np.float32) / np.float32(4000)),
        measured=0.9883,
    ),
    "crepe_tiny_pitch": Item(
        folder="crepe_tiny_pitch",
        model="crepe_tiny_keras3.keras",
        make=data.labelled(200, labels="hz"),
        metric="benchmarks.corpus:within_50_cents",
        measured=1.0,
    ),
    "magika_bytes_v1": Item(
        folder="magika_bytes_v1", model="model.h5", make=data.labelled(50), measured=1.0
    ),
    "quickdraw_doodlenet_tfjs": Item(
        folder="quickdraw_doodlenet_tfjs", model="model.json", make=data.quickdraw, metric=None
    ),
    "speech_dtln_lstm_states": Item(
        folder="speech_dtln_lstm_states",
        model="dtln1_keras3.keras",
        make=data.dtln_core("first"),
        metric="benchmarks.corpus:masked_si_sdr_db",
    ),
    "speech_dtln_lstm_states_2": Item(
        folder="speech_dtln_lstm_states",
        model="dtln2_keras3.keras",
        make=data.dtln_core("second"),
        metric="benchmarks.corpus:frames_si_sdr_db",
    ),
    "basic_pitch_savedmodel": Item(
        folder="basic_pitch_savedmodel",
        model="nmp",
        make=data.basic_pitch,
        metric="benchmarks.corpus:max_abs_difference",
        better="lower",
        measured=1.4e-06,
    ),
    "superres_upscaler_2x": Item(
        folder="superres_upscaler_2x",
        model="upscaler_default.h5",
        make=data.labelled(6, lambda x: x.astype(np.float32) / np.float32(255)),
        metric="benchmarks.corpus:psnr_db",
        measured=28.62,
    ),
}


def find_corpus(given: Path | None = None) -> Path:
    """The corpus' folder: as given, as EDGEKIT_CORPUS says, or beside the checkout.

    Raises:
        DataError: It is none of them, or holds no `corpus.json`.
    """
    variable = os.environ.get("EDGEKIT_CORPUS")
    named = given or (Path(variable) if variable else None)
    folder = named or data.ROOT.parent / "shared" / "corpus"
    if not (folder / "corpus.json").is_file():
        raise DataError(
            "The corpus is a folder that holds corpus.json.",
            received=str(folder) if named else "no --corpus, and EDGEKIT_CORPUS is unset",
            hint="pass --corpus DIR or set EDGEKIT_CORPUS.",
        )
    return folder


def prepare(item: str, out: Path, corpus: Path) -> Prepared:
    """Write `calib.npz` and `eval.npz` of an item of `corpus` into the folder `out`.

    Raises:
        UsageError: No such item.
        DataError: The corpus lacks the item's files.
    """
    chosen = ITEMS.get(item)
    if chosen is None:
        raise UsageError(
            f"An item of the corpus is one of {', '.join(ITEMS)}.",
            received=item,
            hint=nearest(item, ITEMS),
        )
    folder = corpus / chosen.folder
    model = folder / chosen.model
    if not model.exists():
        raise DataError(
            "The corpus holds the item's model.",
            received=f"no {model}",
            hint="--corpus (or EDGEKIT_CORPUS) names the folder that holds corpus.json.",
        )
    split = chosen.make(folder)
    paths = {}
    for name, arrays in (("calib", split.calib), ("eval", split.eval)):
        paths[name] = out / f"{name}.npz"
        with serde.atomic_path(paths[name]) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
    return Prepared(
        item=item,
        model=model,
        calib=paths["calib"],
        eval=paths["eval"],
        metric=chosen.metric,
        better=chosen.better,
        measured=chosen.measured,
        notes=split.notes,
    )


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("item", metavar="ITEM", help=", ".join(ITEMS))
    parser.add_argument("out", metavar="OUT", type=Path, help="folder to write")
    parser.add_argument("--corpus", type=Path, help="folder that holds corpus.json")
    given = parser.parse_args(arguments)
    try:
        prepared = prepare(given.item, given.out, find_corpus(given.corpus))
    except EdgekitError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    print(serde.dumps({**serde.to_dict(prepared), **_paths(prepared)}), end="")
    return 0


def _paths(prepared: Prepared) -> dict[str, str]:
    return {name: str(getattr(prepared, name)) for name in ("model", "calib", "eval")}


if __name__ == "__main__":
    sys.exit(main())
