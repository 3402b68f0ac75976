"""The exceptions that edgekit raises, and the exit codes they end a command with.

```
EdgekitError                 exit 2: what happened, what was received, the next step
├── UsageError               options that contradict each other, an unknown name
│   └── ArgumentError        a wrong argument in Python; a TypeError, too
├── OutputError              a result cannot be written: no room, no right, a file in the way
├── ProjectError             edgekit.toml, a manifest or another record cannot be read
├── DataError                samples are missing, of the wrong shape, or not finite
├── ModelError               a model file cannot be recognised or loaded
│   └── UnsafeModelError     it holds code, and nobody passed --unsafe
├── ExportError              Keras to float .tflite failed
│   ├── FlexError            it needs TensorFlow operators that no mobile runtime has
│   └── FidelityError        the float file does not compute what Keras computes
├── QuantizeError            .tflite to .tflite failed, or changed nothing
├── BoundNotHeld             exit 1: no choice of precisions loses as little as was asked
├── BudgetNotReached         exit 1: none is as small or as fast as was asked
├── RunError                 an interpreter could not run a file
│   ├── WorkerCrashed        it died (a signal, an abort)
│   ├── WorkerTimeout        it did not answer in time
│   ├── WorkerOutOfMemory    it passed its memory limit
│   └── UnsupportedOperator  the runtime lacks an operator or its version
└── EnvironmentFailure       a runtime's own environment cannot be made or used
InternalError                exit 70: a mistake of edgekit itself
```

A conversion whose files are written but have lost what the model computes raises nothing: its
artifacts say `wrecked`, and the command ends with 1 (`EXIT_WRECKED`).

An error that arises in a worker process crosses to the parent as a dictionary
(`to_dict`, `from_dict`) and is raised there again, as the same class.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.text import printable

if TYPE_CHECKING:
    from edgekit.core.json_values import Json

EXIT_OK = 0
EXIT_GATE_FAILED = 1
EXIT_WRECKED = 1
EXIT_USAGE = 2
EXIT_INCONCLUSIVE = 3
EXIT_INTERNAL = 70


class EdgekitError(Exception):
    """A mistake that the person at the keyboard can fix.

    Args:
        rule: What happened or must be, as one sentence: "The model file was not found."
        received: What was found.
        hint: The next step, preferably a command.
    """

    exit_code = EXIT_USAGE

    def __init__(self, rule: str, *, received: str | None = None, hint: str | None = None) -> None:
        super().__init__(rule)
        self.rule = rule
        self.received = received
        self.hint = hint

    def __str__(self) -> str:
        """One line for each part, whatever the names from files in them hold."""
        lines = [self.rule]
        if self.received:
            lines.append(f"  Received: {self.received}")
        if self.hint:
            lines.append(f"  Hint: {self.hint}")
        return "\n".join(map(printable, lines))

    @property
    def brief(self) -> str:
        """What happened and what was received, on one line and as it is."""
        return " ".join(filter(None, (self.rule, self.received)))

    def to_dict(self) -> dict[str, str | None]:
        """The error as plain JSON types, for crossing a process boundary or `--json`."""
        return {
            "type": type(self).__name__,
            "rule": self.rule,
            "received": self.received,
            "hint": self.hint,
        }


class UsageError(EdgekitError):
    """Options contradict each other, or a name is unknown."""


class ArgumentError(UsageError, TypeError):
    """An argument in Python is unknown, or of a type that is not taken."""


class OutputError(EdgekitError):
    """A result cannot be written: no room, no right, something in the way."""


class ProjectError(EdgekitError):
    """`edgekit.toml`, a manifest or another stored record cannot be read."""


class DataError(EdgekitError):
    """Samples are missing, of the wrong shape or type, or not finite."""


class ModelError(EdgekitError):
    """A model file cannot be recognised or loaded."""


class UnsafeModelError(ModelError):
    """The model holds code that would run while loading, and nobody allowed it."""


class ExportError(EdgekitError):
    """The Keras model could not become a float `.tflite`."""


class FlexError(ExportError):
    """The model needs TensorFlow operators that no mobile runtime has."""


class FidelityError(ExportError):
    """The float file does not compute what Keras computes."""


class QuantizeError(EdgekitError):
    """A float `.tflite` could not be quantized, or nothing in it changed."""


class BoundNotHeld(EdgekitError):
    """No choice of precisions that was tried loses as little as was asked for."""

    exit_code = EXIT_GATE_FAILED


class BudgetNotReached(EdgekitError):
    """No choice of precisions is as small or as fast as was asked for."""

    exit_code = EXIT_GATE_FAILED


class RunError(EdgekitError):
    """An interpreter could not run a file."""


class WorkerCrashed(RunError):
    """The worker process died: a signal, an abort, a missing Python.

    Attributes:
        signal: The number of the signal that ended it; 0 where none did, or nobody knows.
    """

    signal: int = 0


class WorkerTimeout(RunError):
    """The worker process did not answer within its time limit."""


class WorkerOutOfMemory(RunError):
    """The worker process passed its memory limit."""


class UnsupportedOperator(RunError):
    """The runtime lacks an operator, or the version of it that the file asks for."""


class EnvironmentFailure(EdgekitError):
    """A runtime's own Python environment cannot be made or used."""


class InternalError(Exception):
    """Something that should be impossible: a mistake of edgekit itself."""

    exit_code = EXIT_INTERNAL


def of_system(error: OSError) -> EdgekitError:
    """What the system refused (room, rights, open files), as an error that can be fixed."""
    return OutputError(
        "The system did not let edgekit read or write its files.",
        received=str(error),
        hint="look at free space and permissions, also those of the temporary folder (TMPDIR).",
    )


@contextmanager
def reading(
    path: Path | str, fault: str, *, kind: type[EdgekitError], hint: str | None = None
) -> Iterator[None]:
    """The door of a file: whatever a library raises while it reads one is the file's fault.

    Libraries raise almost anything for a damaged file (h5py RuntimeError, OSError, KeyError or
    ValueError, Pillow SyntaxError, json RecursionError), and another kind in the next release: so
    no list is kept. Keep the block to the library's calls, or mistakes of edgekit hide in it.

    Args:
        path: What is read, for the message.
        fault: What happened, as a sentence.
        kind: The error that it becomes.
        hint: The next step.

    Raises:
        EdgekitError: Of class `kind`. An EdgekitError, ImportError or MemoryError of the
            block passes as it is.
    """
    try:
        yield
    except (EdgekitError, InternalError, ImportError, MemoryError):
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        received = f"{printable(str(path))}: {printable(' '.join(str(reason).split()))[:300]}"
        raise kind(fault, received=received, hint=hint) from None


def check_least(record: object, **least: int) -> None:
    """Refuse a record with a number below the least one; None is no number.

    Args:
        record: Whose attributes are looked at.
        least: By the attribute's name.

    Raises:
        UsageError: One of them; it says which.
    """
    for name, minimum in least.items():
        value = getattr(record, name)
        if value is not None and value < minimum:
            raise UsageError(f"{name} must be at least {minimum}.", received=str(value))


def _tree(root: type[EdgekitError]) -> dict[str, type[EdgekitError]]:
    kinds = {root.__name__: root}
    for child in root.__subclasses__():
        kinds.update(_tree(child))
    return kinds


def from_dict(payload: Json) -> EdgekitError:
    """Rebuild an error that `EdgekitError.to_dict` took apart in another process."""
    fields = payload if isinstance(payload, dict) else {"rule": str(payload)}
    texts = {key: str(value) for key, value in fields.items() if value is not None}
    kind = _tree(EdgekitError).get(texts.get("type", ""), EdgekitError)
    return kind(texts["rule"], received=texts.get("received"), hint=texts.get("hint"))
