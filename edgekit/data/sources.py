"""Where samples come from: `.npz`, `.csv`, a folder by class, or `module:function`.

What counts as raw: files of images, sounds and tables are always preprocessed as the
contract says. Arrays of an `.npz` or a function are preprocessed where they hold
integers (or strings, for text) and the contract states a preprocessing; float arrays are
model inputs already and are taken as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from edgekit.core.errors import DataError
from edgekit.core.project import is_callable_name
from edgekit.core.records import Contract, Limits
from edgekit.data import (
    annotated_images,
    box_labels,
    callables,
    check_samples,
    coco_annotations,
    folders,
    in_memory,
    masks,
    npz,
    pick_arrays,
    preprocess,
    split,
    tables,
)
from edgekit.data.pick_arrays import HEAD, Picked
from edgekit.data.pick_arrays import Purpose as Purpose
from edgekit.data.samples import Samples, label_arrays
from edgekit.data.split import draw


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

    - `FILE.npz`: arrays `(n, ...)` named as the model's inputs (or `x` where it has one),
      with labels in `y`, or by output in arrays named as the outputs. Those of the purpose
      win: `calibration_NAME` or `calib_NAME`, `evaluation_`, `eval_` or `test_`, `training_`
      or `train_`, or such a word behind (see `pick_arrays`). Other arrays are left alone. A
      golden file works too.
    - `FOLDER`: images or sounds, `FOLDER/CLASS/FILE`, or `images` beside `masks` (see
      `folders.read`), or images beside boxes in COCO's JSON (see `coco_annotations`).
    - `FILE.csv`: a header row, one sample a line (see `tables.read`).
    - `module:function`: called with those of `purpose`, `limit` and `seed` that it takes
      by name; returns Samples, a dictionary of arrays as in an `.npz`, or `(x, y)`, each an
      array or a dictionary by input or output. The working folder is importable.

    An input that an output feeds need not be there: it is carried from sample to sample.

    Args:
        source: One of the above.
        contract: Names, shapes, dtypes and preprocessing of the inputs.
        purpose: What the samples are for.
        limit: Draw at most so many, without replacement, stratified by class. For a file that
            keeps state these are the first ones, in their order.
        seed: Of that draw; the same seed draws the same samples.
        memory_bytes: What the process may take: larger samples are refused before they are
            read (see `unpacked_size.fits`).

    Raises:
        DataError: No such source, or its samples do not fit the model.
        ProjectError: The contract's preprocessing makes no sense.
        UsageError: The limit is below 1.
    """
    path = Path(source).expanduser()
    if carried := _carried(path, contract):
        given = tuple(spec for spec in contract.inputs if spec.name not in carried)
        without = replace(contract, inputs=given, kept_state=tuple(carried))
        samples = load(
            source, without, purpose=purpose, limit=limit, seed=seed, memory_bytes=memory_bytes
        )
        return replace(samples, carried=carried)
    if path.is_dir() and (annotations := coco_annotations.beside(path)):
        return annotated_images.read(
            path, annotations, contract, limit, seed, memory_bytes=memory_bytes
        )
    if path.is_dir():
        return folders.read(path, contract, limit, seed, memory_bytes=memory_bytes)
    if not path.exists() and is_callable_name(source):
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
        table = tables.read(path, contract, memory_bytes=memory_bytes)
        found = Found(inputs=table.inputs, labels=table.labels, heads=table.heads)
        return _finish(found, contract, str(path), limit, seed, raw=True)
    else:
        raise DataError(
            "A data source must be an .npz, a .csv, a folder by class, or module:function.",
            received=source,
            hint="save arrays with numpy.savez_compressed(path, x=inputs, y=labels).",
        )
    return _finish(found, contract, found.source or source, limit, seed, raw=False)


def _carried(path: Path, contract: Contract) -> dict[str, str]:
    """Inputs that an output feeds, and that output; none where the source has them as arrays."""
    known = {spec.name for spec in contract.inputs}
    feeds = {spec.feeds: spec.name for spec in contract.outputs if spec.feeds in known}
    if feeds and path.is_file() and path.name.endswith(".npz"):
        held = {name.removeprefix("input/") for name in npz.names(path)}
        return {} if held >= feeds.keys() else feeds
    return feeds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Arrays as they were found, before any check.

    Attributes:
        inputs: By input.
        labels: That name no output.
        heads: Labels by output.
        reference: Reference outputs.
        ignored: Names of arrays that are for nothing.
        source: What messages call it; empty for the name that it was found by.
    """

    inputs: dict[str, np.ndarray]
    labels: np.ndarray | None = None
    heads: dict[str, np.ndarray] = field(default_factory=dict)
    reference: dict[str, np.ndarray] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    source: str = ""


def _from_npz(path: Path, contract: Contract, purpose: Purpose, memory_bytes: int) -> Found:
    every = npz.names(path)
    if any(name.startswith("input/") for name in every):
        golden = Samples.load(path, memory_bytes=memory_bytes)
        return _from_samples(golden, contract, purpose, str(path))
    source, names = in_memory.arrays_of(path, every)
    picked = pick_arrays.pick(names, contract, purpose, source)
    wanted = [*picked.inputs.values(), *picked.heads.values()]
    wanted += [*picked.boxes, *([picked.labels] if picked.labels else [])]
    arrays = npz.read(path, wanted, memory_bytes=memory_bytes)
    if in_memory.ELEMENTS in every:
        arrays = in_memory.join_batches(arrays, picked.inputs, contract)
    return replace(_picked(arrays, picked, contract, source), source=source)


def _from_function(
    source: str, contract: Contract, purpose: Purpose, limit: int | None, seed: int
) -> Found:
    function = callables.resolve(source)
    options: dict[str, object] = {"purpose": purpose, "limit": limit, "seed": seed}
    with callables.blaming(source):
        takes = inspect.signature(function).parameters
        result = function(**{name: value for name, value in options.items() if name in takes})
    if isinstance(result, Samples):
        return _from_samples(result, contract, purpose, source)
    if isinstance(result, tuple) and len(result) == 2:
        x, y = result
        inputs = dict(x) if isinstance(x, Mapping) else {"x": x}
        heads = isinstance(y, Mapping)
        result = inputs | ({f"{HEAD}{name}": y[name] for name in y} if heads else {"y": y})
    if not isinstance(result, Mapping):
        raise DataError(
            f"{source} must return Samples, a dictionary of arrays, or (x, y).",
            received=type(result).__name__,
        )
    arrays = {str(k): _array(v, f"{source} {k!r}") for k, v in result.items() if v is not None}
    picked = pick_arrays.pick(tuple(arrays), contract, purpose, source)
    return _picked(arrays, picked, contract, source)


def _picked(
    arrays: Mapping[str, np.ndarray], picked: Picked, contract: Contract, source: str
) -> Found:
    inputs = {name: arrays[array] for name, array in picked.inputs.items()}
    labels = arrays[picked.labels] if picked.labels else None
    heads = {name: arrays[array] for name, array in picked.heads.items()}
    boxes = [arrays[name] for name in picked.boxes] or box_labels.in_one(labels, heads, contract)
    return Found(
        inputs=inputs,
        labels=None if boxes and not picked.boxes and not heads else labels,
        heads=heads | box_labels.by_output(boxes, inputs, contract, source),
        ignored=picked.ignored,
    )


def _from_samples(samples: Samples, contract: Contract, purpose: Purpose, source: str) -> Found:
    picked = pick_arrays.pick(tuple(samples.inputs), contract, purpose, source)
    pick_arrays.check_heads(samples.head_labels, contract, source)
    return Found(
        inputs={name: samples.inputs[array] for name, array in picked.inputs.items()},
        labels=samples.labels,
        heads=samples.head_labels,
        reference=samples.reference,
    )


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


def _finish(
    found: Found, contract: Contract, source: str, limit: int | None, seed: int, *, raw: bool
) -> Samples:
    """Check everything, draw, preprocess what is raw, and fit it to the model."""
    for spec in contract.inputs:
        check_samples.finite(found.inputs[spec.name], f"Input {spec.name!r} in {source}")
    labels = label_arrays(found.labels, found.heads)
    for name, array in labels.items():
        check_samples.finite(array, f"{name[0].upper()}{name[1:]} in {source}")
    count = check_samples.lengths(found.inputs | labels, source)
    every = Samples(
        inputs={"": np.arange(count)},
        labels=found.labels,
        reference=found.reference,
        head_labels=found.heads,
        ignored=found.ignored,
    )
    stateful = bool(contract.kept_state)
    chosen = draw(split.strata(every), count, limit, seed)
    if stateful:
        chosen = np.arange(len(chosen))
    drawn = every.take(chosen)
    inputs = {}
    for spec in contract.inputs:
        given = found.inputs[spec.name]
        array = given if len(chosen) == count else given[chosen]
        with np.errstate(over="ignore"):  # what overflows is infinite, and refused below
            if raw or preprocess.takes_raw(array, spec):
                drawn = masks.resized_with(array, drawn, spec, contract)
                array = preprocess.preprocess_batch(array, spec)
            inputs[spec.name] = check_samples.fit(array, spec)
        made = inputs[spec.name]
        if made.dtype != given.dtype:
            check_samples.finite(made, f"Input {spec.name!r} in {source}, taken as {made.dtype},")
    return replace(drawn, inputs=inputs, source=source, is_sequence=stateful)
