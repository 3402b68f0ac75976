"""Where samples come from: `.npz`, `.csv`, a folder by class, or `module:function`.

What counts as raw: files of images, sounds and tables are always preprocessed as the
contract says. Arrays of an `.npz` or a function are preprocessed where they hold
integers (or strings, for text) and the contract states a preprocessing; float arrays are
model inputs already and are taken as they are.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from edgekit.core.errors import DataError
from edgekit.core.records import Contract, Limits
from edgekit.data import callables, check_samples, folders, npz, preprocess, tables
from edgekit.data.samples import Samples
from edgekit.data.split import draw, overlap, split

__all__ = ["Purpose", "load", "overlap", "split"]

Purpose = Literal["calibration", "evaluation", "training"]

_PREFIXES: dict[Purpose, tuple[str, ...]] = {
    "calibration": ("calibration", "calib"),
    "evaluation": ("evaluation", "eval", "test"),
    "training": ("training", "train"),
}
_Arrays = Mapping[str, np.ndarray]


def load(
    source: str,
    contract: Contract,
    *,
    purpose: Purpose,
    limit: int | None = None,
    seed: int = 0,
    memory_bytes: int = Limits().memory_bytes,
) -> Samples:
    """Samples that fit the model.

    - `FILE.npz`: arrays `(n, ...)` named as the model's inputs (or `x` where it has one)
      and `y` for labels. Those of the purpose win: `calibration_NAME` or `calib_NAME`,
      `evaluation_`, `eval_` or `test_`, `training_` or `train_`, or such a word behind
      (`x_train`); their labels are those of the same word only. Calibration falls back
      to training arrays. Other arrays are left alone. A golden file works too.
    - `FOLDER`: images or sounds, `FOLDER/CLASS/FILE` (see `folders.read`).
    - `FILE.csv`: a header row, one sample a line (see `tables.read`).
    - `module:function`: called with those of `purpose`, `limit` and `seed` that it takes
      by name; returns Samples, a dictionary of arrays as in an `.npz`, or `(x, y)`. The
      working folder is importable.

    Args:
        source: One of the above.
        contract: Names, shapes, dtypes and preprocessing of the inputs.
        purpose: What the samples are for.
        limit: Draw at most so many, without replacement, stratified by class.
        seed: Of that draw; the same seed draws the same samples.
        memory_bytes: What the process may take: larger samples are refused before they are
            read (see `unpacked_size.fits`).

    Raises:
        DataError: No such source, or its samples do not fit the model.
        ProjectError: The contract's preprocessing makes no sense.
        UsageError: The limit is below 1.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return folders.read(path, contract, limit, seed, memory_bytes=memory_bytes)
    if not path.exists() and callables.is_callable_name(source):
        found = _from_function(source, contract, purpose, limit, seed)
    elif not path.exists():
        raise DataError(
            "The data source was not found.",
            received=source,
            hint="give an .npz, a .csv, a folder by class, or module:function.",
        )
    elif path.name.endswith(".npz"):
        found = _from_npz(path, contract, purpose, memory_bytes)
    elif path.suffix.lower() == ".csv":
        inputs, labels = tables.read(path, contract, memory_bytes=memory_bytes)
        return _finish(Found(inputs, labels), contract, str(path), limit, seed, raw=True)
    else:
        raise DataError(
            "A data source must be an .npz, a .csv, a folder by class, or module:function.",
            received=source,
            hint="save arrays with numpy.savez_compressed(path, x=inputs, y=labels).",
        )
    return _finish(found, contract, source, limit, seed, raw=False)


class Found:
    """Arrays as they were found, before any check: inputs, labels, reference outputs."""

    def __init__(
        self, inputs: _Arrays, labels: np.ndarray | None, reference: _Arrays | None = None
    ) -> None:
        self.inputs = dict(inputs)
        self.labels = labels
        self.reference = dict(reference or {})


def _from_npz(path: Path, contract: Contract, purpose: Purpose, memory_bytes: int) -> Found:
    names = npz.names(path)
    if any(name.startswith("input/") for name in names):
        golden = Samples.load(path, memory_bytes=memory_bytes)
        inputs, _ = _pick(tuple(golden.inputs), contract, purpose, str(path))
        return Found(
            {n: golden.inputs[k] for n, k in inputs.items()}, golden.labels, golden.reference
        )
    inputs, label = _pick(names, contract, purpose, str(path))
    wanted = [*inputs.values(), *([label] if label else [])]
    arrays = npz.read(path, wanted, memory_bytes=memory_bytes)
    return Found({n: arrays[k] for n, k in inputs.items()}, arrays[label] if label else None)


def _from_function(
    source: str, contract: Contract, purpose: Purpose, limit: int | None, seed: int
) -> Found:
    function = callables.resolve(source)
    options: dict[str, object] = {"purpose": purpose, "limit": limit, "seed": seed}
    with callables.blaming(source):
        takes = inspect.signature(function).parameters
        result = function(**{name: value for name, value in options.items() if name in takes})
    if isinstance(result, Samples):
        inputs, _ = _pick(tuple(result.inputs), contract, purpose, source)
        return Found(
            {n: result.inputs[k] for n, k in inputs.items()}, result.labels, result.reference
        )
    if isinstance(result, tuple) and len(result) == 2:
        x, y = result
        result = {**x, "y": y} if isinstance(x, Mapping) else {"x": x, "y": y}
    if not isinstance(result, Mapping):
        raise DataError(
            f"{source} must return Samples, a dictionary of arrays, or (x, y).",
            received=type(result).__name__,
        )
    arrays = {str(k): _array(v, f"{source} {k!r}") for k, v in result.items() if v is not None}
    inputs, label = _pick(tuple(arrays), contract, purpose, source)
    return Found({n: arrays[k] for n, k in inputs.items()}, arrays[label] if label else None)


def _array(value: object, what: str) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError:  # ragged
        array = np.empty(0, object)
    if array.dtype.hasobject:
        raise DataError(
            f"{what} must be an array of numbers or strings.",
            received="Python objects, or rows of different lengths",
        )
    return array


def _pick(
    names: tuple[str, ...], contract: Contract, purpose: Purpose, source: str
) -> tuple[dict[str, str], str | None]:
    """Which array feeds which input, and which holds the labels."""
    inputs = [spec.name for spec in contract.inputs]
    words: list[str] = [*_PREFIXES[purpose], ""]
    if purpose == "calibration":
        words += _PREFIXES["training"]
    for word in words:
        picked = {n: k for n in inputs if (k := _spelled(n, word, names, len(inputs) == 1))}
        if len(picked) == len(inputs):
            return picked, _first(("y", "labels", "label"), word, names)
        if picked and word:
            break  # half of the inputs under the purpose's name is a slip, not a choice
    raise _missing(names, inputs, purpose, source)


def _missing(names: tuple[str, ...], inputs: list[str], purpose: Purpose, source: str) -> DataError:
    """The inputs without an array, and the one change that would help."""
    alone = len(inputs) == 1
    bare = {n: _spelled(n, "", names, alone) for n in inputs}
    lacking = [name for name in inputs if bare[name] is None] or inputs
    hint: str | None = None
    for word in _PREFIXES[purpose]:
        some = {n: k for n in inputs if (k := _spelled(n, word, names, alone))}
        if some:
            lacking = [name for name in inputs if name not in some]
            given = next(iter(some.values()))
            before = given.startswith(f"{word}_")
            rest = ", ".join(f"{word}_{n}" if before else f"{n}_{word}" for n in lacking)
            hint = f"{given!r} is for {purpose}, so all inputs are: add {rest}."
            break
    free = [name for name in names if name not in bare.values()]
    if hint is None and "x" in names and not alone:
        hint = "x feeds a model with one input; with several, name each array as its input."
    if hint is None:
        near = difflib.get_close_matches(lacking[0].lower(), [n.lower() for n in free], 1, 0.5)
        meant = next((n for n in free if near and n.lower() == near[0]), None)
        hint = f"rename {meant!r} to {lacking[0]!r}." if meant else None
    if all(name.isidentifier() for name in inputs):
        arguments = ", ".join(f"{name}=..." for name in inputs)
    else:
        arguments = "**{" + ", ".join(f"{name!r}: ..." for name in inputs) + "}"
    wanted = ", ".join(inputs) + (" (or x)" if alone else "")
    return DataError(
        f"{source} must have an array for each input of the model: {wanted}.",
        received=f"arrays {', '.join(names) or '(none)'}; none for {', '.join(lacking)}",
        hint=hint or f"name them so: numpy.savez_compressed(path, {arguments}).",
    )


def _spelled(name: str, word: str, names: tuple[str, ...], alone: bool) -> str | None:
    return _first((name, "x") if alone else (name,), word, names)


def _first(bases: tuple[str, ...], word: str, names: tuple[str, ...]) -> str | None:
    for base in bases:
        for spelled in (f"{word}_{base}", f"{base}_{word}") if word else (base,):
            if spelled in names:
                return spelled
    return None


def _finish(
    found: Found, contract: Contract, source: str, limit: int | None, seed: int, *, raw: bool
) -> Samples:
    """Check everything, draw, preprocess what is raw, and fit it to the model."""
    for spec in contract.inputs:
        check_samples.finite(found.inputs[spec.name], f"Input {spec.name!r} in {source}")
    if found.labels is not None:
        check_samples.finite(found.labels, f"Labels in {source}")
    count = check_samples.lengths(found.inputs, found.labels, source)
    chosen = draw(found.labels, count, limit, seed)
    inputs = {}
    for spec in contract.inputs:
        given = found.inputs[spec.name]
        array = given if len(chosen) == count else given[chosen]
        with np.errstate(over="ignore"):  # what overflows is infinite, and refused below
            if raw or preprocess.takes_raw(array, spec):
                array = preprocess.preprocess_batch(array, spec)
            inputs[spec.name] = check_samples.fit(array, spec)
        made = inputs[spec.name]
        if made.dtype != given.dtype:
            check_samples.finite(made, f"Input {spec.name!r} in {source}, taken as {made.dtype},")
    every = Samples(inputs={"": np.arange(count)}, labels=found.labels, reference=found.reference)
    return replace(every.take(chosen), inputs=inputs, source=source)
