"""What it takes to go on with a training that was killed, in one file that is whole or absent."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgekit.core import serde

FILE = "training.npz"
_HEAD = "head"


@dataclass(slots=True, kw_only=True)
class State:
    """A training between two epochs.

    Attributes:
        epoch: Epochs done.
        weights: The student's, in Keras' order.
        optimizer: The optimizer's variables, its step among them.
        best: The weights of the best epoch.
        best_epoch: Which that was; 0 is the start.
        losses: Validation loss by epoch, that of the start first.
        stopped: Why training has ended before its last epoch; empty where it has not.
    """

    epoch: int = 0
    weights: list[np.ndarray] = field(default_factory=list)
    optimizer: list[np.ndarray] = field(default_factory=list)
    best: list[np.ndarray] = field(default_factory=list)
    best_epoch: int = 0
    losses: list[float] = field(default_factory=list)
    stopped: str = ""


_ARRAYS = ("weights", "optimizer", "best")
_VALUES = ("epoch", "best_epoch", "losses", "stopped")


def save_state(folder: Path, key: str, state: State) -> None:
    """Write the state; whatever kills the process, the file is the old or the new one.

    Args:
        folder: Made where absent.
        key: A hash of all that determines this training.
        state: What to write.

    Raises:
        OutputError: No room, or no right to write there.
    """
    head = {"key": key, "counts": {name: len(getattr(state, name)) for name in _ARRAYS}}
    head |= {name: getattr(state, name) for name in _VALUES}
    arrays = {f"{n}/{i}": a for n in _ARRAYS for i, a in enumerate(getattr(state, n))}
    with serde.atomic_path(folder / FILE) as temporary, temporary.open("wb") as file:
        # NumPy's types take any keyword for its one option, allow_pickle.
        np.savez(file, **{_HEAD: np.array(json.dumps(head))}, **arrays)  # type: ignore[arg-type]
    # A process that died while it wrote leaves its unfinished neighbour behind.
    for left in folder.glob(f".{FILE}.*.part"):
        left.unlink(missing_ok=True)


def load_state(folder: Path, key: str) -> State | None:
    """The state that was saved under this key; None where there is none, or it is damaged."""
    try:
        # A damaged file makes np.load leave what it opened itself open.
        with (folder / FILE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            head = json.loads(str(stored[_HEAD]))
            if head["key"] != key:
                return None
            state = State(**{name: head[name] for name in _VALUES})
            for name in _ARRAYS:
                arrays = [stored[f"{name}/{i}"] for i in range(head["counts"][name])]
                setattr(state, name, arrays)
            return state
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
