"""What it takes to go on with a training that was killed, in one file that is whole or absent."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgekit.core import npz_record
from edgekit.core.errors import EdgekitError

FILE = "training.npz"
_ENTRY = "head"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What of a `State` is no array, the key of its training, and how many arrays there are."""

    key: str
    counts: dict[str, int]
    epoch: int
    best_epoch: int
    losses: tuple[float, ...]
    stopped: str


def save_state(folder: Path, key: str, state: State) -> None:
    """Write the state; whatever kills the process, the file is the old or the new one.

    Args:
        folder: Made where absent.
        key: A hash of all that determines this training.
        state: What to write.

    Raises:
        OutputError: No room, or no right to write there.
    """
    head = _Head(
        key=key,
        counts={name: len(getattr(state, name)) for name in _ARRAYS},
        epoch=state.epoch,
        best_epoch=state.best_epoch,
        losses=tuple(state.losses),
        stopped=state.stopped,
    )
    arrays = {f"{n}/{i}": a for n in _ARRAYS for i, a in enumerate(getattr(state, n))}
    npz_record.write_record(folder / FILE, head, arrays, entry=_ENTRY)
    # A process that died while it wrote leaves its unfinished neighbour behind.
    for left in folder.glob(f".{FILE}.*.part"):
        left.unlink(missing_ok=True)


def load_state(folder: Path, key: str) -> State | None:
    """The state that was saved under this key; None where there is none, or it is damaged."""
    try:
        head, arrays = npz_record.read_record(_Head, folder / FILE, entry=_ENTRY)
        if head.key != key:
            return None
        return State(
            epoch=head.epoch,
            best_epoch=head.best_epoch,
            losses=list(head.losses),
            stopped=head.stopped,
            **{n: [arrays[f"{n}/{i}"] for i in range(head.counts[n])] for n in _ARRAYS},
        )
    except (EdgekitError, OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
