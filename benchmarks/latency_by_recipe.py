"""Time of each recipe's file as a multiple of its float file's, on nine trained models.

`python benchmarks/latency_by_recipe.py [--only ITEM] [--out DIR] [--write]`. The corpus' models are
converted, and `edgekit benchmark` times all files of one in turns.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import corpus, results

RECIPES = (
    "float16",
    "dynamic_wi8_afp32",
    "dynamic_wi4b32_afp32",
    "dynamic_wi4_afp32",
    "weight_only_wi8_afp32",
    "weight_only_wi4_afp32",
    "static_wi8_ai8",
    "static_wi4_ai8",
)
ITEMS = ("resnet8_cifar10", "kws_dscnn", "imagenet_mobilenetv1_025", "har_st_cnn1d")
# With data beside the model, and what `convert` wants to know of it.
OTHERS = {
    "segmenter_unet_shapes": ("--raw",),
    "tagger_debtags": (),
    "vit_mnist": ("--raw",),
    "vit_cct_cifar10": ("--raw",),
    "text_transformer_sections": (),
}
NOTE = (
    "Time of each recipe's file as a multiple of its float file's, below 1 is faster: LiteRT, one "
    "thread, three processes of 60 rounds in turns (`edgekit benchmark`), nothing else running."
)


def row(item: str, out: Path, folder: Path) -> list[str]:
    """Float's milliseconds, and the ratio of each recipe."""
    if item in ITEMS:
        prepared = corpus.prepare(item, out / item, folder)
        model, data, words = prepared.model, prepared.calib, ()
    else:
        model, data = folder / item / "model.keras", folder / item / "data.npz"
        words = OTHERS[item]
    recipes = [word for name in RECIPES for word in ("--recipe", name)]
    made = _edgekit("convert", model, "-c", data, "-o", out / item, "--force", *recipes, *words)
    timed = _edgekit("benchmark", *(file["path"] for file in made))
    found = [{m["name"]: m["value"] for m in file["metrics"]} for file in timed]
    cells = [f"{file['latency_ratio']:.2f}" for file in found[1:]]
    return [item, f"{found[0]['latency_p50_ms']:.3f}", *cells]


def _edgekit(verb: str, *words: object) -> list[dict]:
    command = [sys.executable, "-m", "edgekit", verb, *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):  # 1: a file that is wrecked, whose time counts all the same
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=(*ITEMS, *OTHERS), metavar="ITEM")
    parser.add_argument("--out", type=Path, default=Path("out/latency"))
    parser.add_argument("--write", action="store_true", help="write it into RESULTS.md as well")
    given = parser.parse_args()
    folder = corpus.find_corpus()
    rows = [row(item, given.out.resolve(), folder) for item in given.only or (*ITEMS, *OTHERS)]
    body = f"{NOTE}\n\n{results.table(['item', 'float, ms', *RECIPES], rows)}"
    if given.write:
        results.write_section("Latency by recipe", body)
    else:
        print(body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
