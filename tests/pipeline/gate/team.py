"""A project as a team has it, whose files lie there and whose runtimes are fakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.core.gate_rules import GateOptions, GateResult
from edgekit.pipeline.gate.gate import gate
from tests.pipeline.files import dense

INT8 = "static_wi8_ai8"
FLOAT = dense()
HEAD = """
model = "net.tflite"
name = "net"
recipes = ["static_wi8_ai8"]
[data]
calibration = "calibration.npz"
evaluation = "data.npz"
[input.x]
kind = "tabular"
columns = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
std = 2.0
[output.y]
kind = "classes"
labels = ["0", "1", "2", "3", "4", "5", "6", "7"]
[[rule]]
metric = "top1_accuracy"
max_loss = 0.05
against = "baseline"
[[rule]]
metric = "size_bytes"
max_loss = 0.05
against = "baseline"
"""


class Team:
    """A project whose conversions are files that lie there, and whose runtimes are fakes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "net.tflite").write_bytes(b"a model")
        self.save("data.npz", 400, 0)
        self.save("calibration.npz", 60, 1)
        self.write(HEAD)

    def save(self, name: str, count: int, seed: int, array: str = "x", **more: np.ndarray) -> None:
        """Integers, which preprocessing has to turn into what the model takes."""
        x = np.random.default_rng(seed).integers(0, 100, (count, 12))
        np.savez(self.folder / name, **{array: x, "y": x[:, :8].argmax(axis=1), **more})

    def write(self, text: str) -> None:
        (self.folder / "edgekit.toml").write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        text = (self.folder / "edgekit.toml").read_text(encoding="utf-8")
        assert old in text
        self.write(text.replace(old, new))

    def gate(self, *accept: str, update: bool = False, **options: object) -> GateResult:
        return gate(
            self.folder,
            update_baseline=update,
            options=GateOptions(accept=accept, fresh=True),
            **options,
        )

    def update(self, *accept: str) -> GateResult:
        return self.gate(*accept, update=True)

    def files(self) -> dict[str, bytes]:
        return {
            name: (self.folder / name).read_bytes() for name in ("baseline.json", "baseline.npz")
        }


def contract_changes(result: GateResult) -> list[str]:
    """What a gate says of the contract."""
    return [change.text for change in result.verdict("contract").changes]
