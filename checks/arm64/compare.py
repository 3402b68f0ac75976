"""Compare what two machines computed of a bundle, and print the one line of the check.

    python compare.py BUNDLE ARM64 HOST

ARM64 and HOST are folders of `run_bundle.py`. Of the golden samples, arm64's outputs are compared
with those in the bundle; a model of integer activations must meet them to the last bit, a float one
within `FLOAT_TOLERANCE`. On drawn samples, arm64 is compared with this host: the kernels of two
processors may round a value between two integers to either (measured for digits: 1 of 1,280 int8
outputs), so that the tolerance there is the one that the app's self-test has, one step. Where a
rule is broken the exit status is 1.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FLOAT_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Difference:
    """How far one set of outputs is from another.

    `worst` is in real units, `steps` in the contract's tolerance of that output.
    """

    outputs: int
    equal: int
    worst: float
    steps: float

    def __str__(self) -> str:
        return f"{self.equal} of {self.outputs} equal, worst {self.worst:.2g}"


def main() -> None:
    """Compare all variants of the bundle named on the command line."""
    bundle, arm64, host = (Path(argument) for argument in sys.argv[1:4])
    contract = json.loads((bundle / "contract.json").read_text(encoding="utf-8"))
    said, holds = [], True
    for model in contract["models"]:
        text, held = _judge(model, bundle, arm64, host)
        said.append(text)
        holds &= held
    print(f"{'ok' if holds else 'FAILED'} arm64: {'; '.join(said)}")
    raise SystemExit(0 if holds else 1)


def _judge(model: dict[str, Any], bundle: Path, arm64: Path, host: Path) -> tuple[str, bool]:
    variant, golden = model["variant"], model["golden"]
    there = np.load(arm64 / f"{variant}.npy")
    here = np.load(host / f"{variant}.npy")
    if there.shape != here.shape:
        raise SystemExit(f"FAILED arm64: {variant}: {there.shape} and {here.shape} outputs")
    specs = {spec["name"]: spec for spec in model["contract"]["outputs"]}
    tensors = [tensor for tensor in golden["tensors"] if tensor["role"] == "output"]
    wanted = _golden_outputs(bundle, golden, tensors)
    count = len(wanted)
    exact = _is_integer(variant)
    golden_found = _difference(there[:count], wanted, tensors, specs)
    drawn_found = _difference(there[count:], here[count:], tensors, specs)
    held = golden_found.worst <= (0.0 if exact else FLOAT_TOLERANCE) and drawn_found.steps <= 1.0
    rule = "bit-exact" if exact else f"within {FLOAT_TOLERANCE:g}"
    return f"{variant} golden ({rule}) {golden_found}, drawn {drawn_found}", held


def _is_integer(variant: str) -> bool:
    """Whether activations are integers: then no order of additions can change a result."""
    return "_ai" in variant


def _golden_outputs(
    bundle: Path, golden: dict[str, Any], tensors: list[dict[str, Any]]
) -> np.ndarray:
    content = next(iter(sorted(bundle.rglob(golden["file"])))).read_bytes()
    size = golden["num_samples"] * golden["sample_bytes"]  # raw data and labels follow
    records = np.frombuffer(content[:size], np.uint8).reshape(golden["num_samples"], -1)
    return np.concatenate(
        [records[:, t["offset"] : t["offset"] + t["num_bytes"]] for t in tensors], axis=1
    )


def _difference(
    left: np.ndarray,
    right: np.ndarray,
    tensors: list[dict[str, Any]],
    specs: dict[str, dict[str, Any]],
) -> Difference:
    """Compare rows of stored outputs; integers with a scale count in real units."""
    outputs = equal = at = 0
    worst = steps = 0.0
    for tensor in tensors:
        dtype = np.dtype(tensor["dtype"]).newbyteorder("<")
        one, other = (
            np.ascontiguousarray(rows[:, at : at + tensor["num_bytes"]]).view(dtype)
            for rows in (left, right)
        )
        at += tensor["num_bytes"]
        scale = (specs[tensor["name"]].get("scale") or [1.0])[0]
        same = (one == other) | ((one != one) & (other != other))  # NaN is not equal to itself
        apart = np.full(one.shape, np.inf)  # what is not finite is near nothing but itself
        finite = np.isfinite(one) & np.isfinite(other)
        apart[finite] = np.abs(one[finite].astype(np.float64) - other[finite]) * scale
        apart[same] = 0.0
        outputs += one.size
        equal += int(same.sum())
        furthest = float(apart.max(initial=0.0))
        worst = max(worst, furthest)
        if furthest:
            tolerance = float(tensor["tolerance"]["worst"])
            steps = max(steps, furthest / tolerance if tolerance else np.inf)
    return Difference(outputs, equal, worst, steps)


if __name__ == "__main__":
    main()
