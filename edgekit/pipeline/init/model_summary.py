"""What `init` knows of a model, and what follows from it without a doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgekit import tflite
from edgekit.core import files, isolate, onednn, output_kinds
from edgekit.core.errors import DataError
from edgekit.core.process import Progress
from edgekit.core.records import Contract, Limits, Preprocessing, TensorSpec
from edgekit.data.usual_scalings import is_image as is_image
from edgekit.frontend import describe as describing
from edgekit.frontend.load.recognise import Recognised
from edgekit.frontend.own_scaling import Scaling
from edgekit.pipeline.inspect import TfliteFile, read_in_child
from edgekit.quantize.rewrite import import_float
from edgekit.tflite import recognise_outputs

# Files that name classes, one a line, in the order in which they are looked for.
_LABEL_FILES = ("labels.txt", "class_names.txt", "classes.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A model's inputs and outputs, and the scaling that it does by itself, by input.

    `contract` has the activations that the model tells. `id_limits` is of inputs that hold ids.
    """

    recognised: Recognised
    contract: Contract
    scaling: Mapping[str, Scaling] = field(default_factory=dict)
    id_limits: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def describe(
    recognised: Recognised, source: describing.Source, *, limits: Limits, on_progress: Progress
) -> Described:
    """Read a model, in a child process.

    Args:
        recognised: What the file is.
        source: The same, as Keras loads it.
        limits: Of the process.
        on_progress: Takes one line at each step.

    Raises:
        ModelError: It cannot be loaded, or it is a `.tflite` that is quantized already.
        RunError: The child crashed, took too long or too much memory.
    """
    if recognised.format == "tflite":
        contract = read_in_child(FLOAT_CONTRACT, recognised.path, limits)
        return Described(recognised=recognised, contract=contract)
    notes: list[str] = []
    found = onednn.call(
        describing.DESCRIBE,
        source,
        name="The loader",
        limits=limits,
        on_progress=on_progress,
        notes=notes,
        own_code=source.own_code,
    )
    return Described(
        recognised=recognised,
        contract=found.contract,
        scaling=found.scaling,
        id_limits=found.id_limits,
        notes=(*notes, *found.notes),
    )


def run(request: TfliteFile, report: Progress) -> Contract:
    """The contract of a float `.tflite`, with the activations that its last operators compute."""
    del report
    model = tflite.read(request.path)
    import_float.prepare(model, request.path)
    places = tflite.binding(model)
    activations = {
        tensor.index: op.facts.output_activation
        for op in tflite.main_operators(model)
        for tensor in op.outputs
    }
    contract = tflite.contract(model)
    inputs = tuple(
        replace(spec, shape=(1, *spec.shape[1:]) if spec.shape[:1] == (-1,) else spec.shape)
        for spec in contract.inputs
    )
    outputs = tuple(
        replace(spec, activation=activations.get(places.outputs[spec.name]))
        for spec in contract.outputs
    )
    return recognise_outputs.with_kinds(Contract(inputs=inputs, outputs=outputs), model)


FLOAT_CONTRACT = isolate.Stage(f"{__name__}:run", TfliteFile, Contract)


def certain(spec: TensorSpec, scaling: Scaling | None) -> Preprocessing | None:
    """The preprocessing of an input where the model leaves no doubt of it, else None.

    That is an image whose pixels go in as they are: the model scales them itself, or takes
    8-bit integers.
    """
    raw = (scaling is not None and scaling.takes_pixels) or (
        spec.dtype == "uint8" and not spec.scale
    )
    if not (raw and is_image(spec) and min(spec.shape[1:3]) > 0):
        return None
    size = (spec.shape[1], spec.shape[2])
    return Preprocessing(kind="image", size=size, channels="gray" if spec.shape[3] == 1 else "rgb")


def stated(described: Described) -> Contract:
    """The contract with the preprocessing that is certain."""
    inputs = []
    for spec in described.contract.inputs:
        found = certain(spec, described.scaling.get(spec.name))
        inputs.append(replace(spec, preprocessing=found) if found else spec)
    return replace(described.contract, inputs=tuple(inputs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Names of the classes of one output, and the file that they lie in, if they do."""

    output: str
    names: tuple[str, ...]
    file: Path | None = None


def labels_beside(folder: Path, contract: Contract) -> tuple[Labels | None, list[str]]:
    """The file of labels beside a model, and what to say of one that does not fit.

    A file fits where exactly one output has as many values as it has lines.
    """
    for name in _LABEL_FILES:
        path = folder / name
        if not path.is_file():
            continue
        try:
            lines = tuple(files.read_text(path, "file of labels", kind=DataError).splitlines())
        except DataError as error:
            return None, [f"{name} cannot be read as UTF-8 text: {error.received}"]
        output = _output_of(len(lines), contract)
        if output is not None and all(map(str.strip, lines)):
            return Labels(output=output, names=lines, file=path), []
        sizes = ", ".join(str(width(spec)) for spec in contract.outputs)
        return None, [
            f"{name} was left out: it has {len(lines)} lines, the outputs have {sizes} values."
        ]
    return None, []


def labels_of_folders(names: tuple[str, ...], contract: Contract) -> Labels | None:
    """Folders by class as labels, where they are as many as the values of one output."""
    output = _output_of(len(names), contract)
    return None if output is None else Labels(output=output, names=names)


def _output_of(count: int, contract: Contract) -> str | None:
    fitting = [spec.name for spec in contract.outputs if spec.shape and width(spec) == count]
    return fitting[0] if len(fitting) == 1 and count > 1 else None


def with_labels(contract: Contract, labels: Labels | None) -> Contract:
    """The contract with the labels of their output, and what they tell of it."""
    if labels is None:
        return contract
    outputs = tuple(
        _named(replace(spec, labels=labels.names)) if spec.name == labels.output else spec
        for spec in contract.outputs
    )
    return replace(contract, outputs=outputs)


def _named(spec: TensorSpec) -> TensorSpec:
    if spec.kind or spec.columns:
        return spec
    kind = output_kinds.recognised(
        spec.shape,
        spec.dtype,
        quantized=bool(spec.scale),
        activation=spec.activation,
        labelled=True,
    )
    return replace(spec, kind=kind)


def with_values(contract: Contract, metrics: Sequence[str]) -> Contract:
    """The contract in which outputs whose labels are numbers of their own form are values.

    Args:
        contract: With what else is known of the outputs.
        metrics: That their labels ask for, with `@OUTPUT` where there are several.
    """
    errors = {
        metric.partition("@")[2] or contract.outputs[0].name
        for metric in metrics
        if metric.partition("@")[0] == "mae"
    }
    outputs = tuple(
        replace(spec, kind="values")
        if spec.name in errors and spec.kind is None and not spec.columns and len(spec.shape) < 3
        else spec
        for spec in contract.outputs
    )
    return replace(contract, outputs=outputs)


def with_columns(contract: Contract, exported: Contract) -> Contract:
    """The contract with the columns that the exported graph tells, where nothing else is known."""
    columns = {spec.name: spec.columns for spec in exported.outputs}
    outputs = tuple(
        spec if spec.kind or spec.columns else replace(spec, columns=columns.get(spec.name, ()))
        for spec in contract.outputs
    )
    return replace(contract, outputs=outputs)


def width(spec: TensorSpec) -> int:
    """How many values the last axis of an output has; -1 where that is unknown."""
    return spec.shape[-1] if spec.shape else 1
