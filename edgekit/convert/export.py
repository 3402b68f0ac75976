"""A Keras model to one float `.tflite`, once. Every variant derives from that file.

The model becomes a concrete function with a batch of exactly 1: conversion is then three
times faster than `TFLiteConverter.from_keras_model`, recurrent layers become builtin
operators, and mobile runtimes can create their buffers. Inputs and outputs carry the
names that Keras gave them. `run` is called in a child process (see `isolate`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit import project as projects
from edgekit import serde
from edgekit.convert import load
from edgekit.convert.loaded import LoadedModel
from edgekit.data import draw
from edgekit.errors import ExportError, FlexError, UsageError
from edgekit.names import nearest
from edgekit.records import Contract, TensorSpec

Report = Callable[[str], None]
Shapes = Mapping[str, tuple[int, ...]]


def run(request: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Load, export, and let Keras answer the golden samples.

    Args:
        request: `model`, `out` (where the float file goes), `golden_out` (`.npz`),
            `calibration_out` (`.npz`, written when there is calibration data), and the
            options `project`, `calibration`, `input_shapes`, `golden_samples`,
            `calibration_samples`, `seed`, `unsafe`, `custom_objects`.
        report: Takes one line of progress.

    Returns:
        `contract`, `golden` (`data` or `synthetic`), `calibration_sha256`, `notes`,
        `seconds` by step.
    """
    started = time.perf_counter()
    seconds: dict[str, float] = {}

    def done(step: str) -> None:
        nonlocal started
        now = time.perf_counter()
        seconds[step], started = now - started, now

    report("loading the model")
    loaded = load.load(
        Path(request["model"]),
        unsafe=request["unsafe"],
        custom_objects=request.get("custom_objects"),
    )
    done("load")
    project = projects.load(Path(request["project"])) if request.get("project") else None
    contract = fix_shapes(loaded, request.get("input_shapes") or {})
    if project:
        contract = project.describe(contract)

    report("drawing samples")
    golden, calibration = draw.draw(contract, request, loaded.id_limits)
    if calibration is not None:
        calibration.save(Path(request["calibration_out"]), compress=False)
    done("samples")

    report("exporting the float file")
    Path(request["out"]).write_bytes(export(loaded, contract))
    done("export")

    report("running Keras on the golden samples")
    answered = replace(golden, reference=loaded.predict(golden.inputs))
    answered.save(Path(request["golden_out"]))
    done("golden")
    return {
        "contract": serde.to_dict(contract),
        "golden": "synthetic" if calibration is None else "data",
        "calibration_sha256": calibration.sha256 if calibration is not None else None,
        "notes": [*loaded.notes, *_open_sizes(contract)],
        "seconds": seconds,
    }


def fix_shapes(loaded: LoadedModel, shapes: Shapes) -> Contract:
    """The model's contract with a batch of 1 and the sizes that the user fixed.

    Raises:
        UsageError: An unknown input, a shape of another rank, or one that contradicts
            a size the model already fixes.
    """
    names = [spec.name for spec in loaded.inputs]
    for name in shapes:
        if name not in names:
            raise UsageError(
                f"--input-shape names an input of the model: {', '.join(names)}.",
                received=f"--input-shape {name}=...",
                hint=nearest(name, names),
            )
    inputs = tuple(_fix_shape(spec, shapes.get(spec.name)) for spec in loaded.inputs)
    return Contract(inputs=inputs, outputs=loaded.outputs)


def _fix_shape(spec: TensorSpec, wanted: tuple[int, ...] | None) -> TensorSpec:
    shape = (1, *spec.shape[1:])
    if wanted is not None:
        fits = len(wanted) == len(shape) and all(
            w > 0 and s in (-1, w) for w, s in zip(wanted, shape, strict=True)
        )
        if not fits:
            raise UsageError(
                f"--input-shape {spec.name} fits the model's shape {list(shape)}, "
                "where -1 is free and the batch is 1.",
                received=str(list(wanted)),
            )
        shape = tuple(wanted)
    return replace(spec, shape=shape)


def _open_sizes(contract: Contract) -> list[str]:
    return [
        f"input {spec.name} keeps unknown sizes {list(spec.shape)}: the app must resize it, "
        f"and buffers cannot be planned; fix them with --input-shape "
        f"{spec.name}={','.join('N' if s < 0 else str(s) for s in spec.shape)}."
        for spec in contract.inputs
        if -1 in spec.shape
    ]


def export(loaded: LoadedModel, contract: Contract) -> bytes:
    """The float `.tflite` of `loaded` with the input shapes of `contract`.

    Raises:
        FlexError: The model needs TensorFlow operators; they and their layers are named.
        ExportError: TensorFlow's converter refused the model.
    """
    import tensorflow as tf

    # A signature's names pass through Python arguments: give TensorFlow safe ones, and put
    # the Keras names back into the file.
    inputs = {f"input_{i}": spec for i, spec in enumerate(contract.inputs)}
    outputs = {spec.name: f"output_{i}" for i, spec in enumerate(loaded.outputs)}

    def serve(**tensors: Any) -> dict[str, Any]:
        answers = loaded.call({spec.name: tensors[safe] for safe, spec in inputs.items()})
        # An identity keeps an output apart from an input or another output it may equal.
        return {safe: tf.identity(answers[name], name=safe) for name, safe in outputs.items()}

    specs = {
        safe: tf.TensorSpec([None if s < 0 else s for s in spec.shape], spec.dtype, name=safe)
        for safe, spec in inputs.items()
    }
    try:
        function = tf.function(serve, autograph=False).get_concrete_function(**specs)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], loaded.trackable)
        content = converter.convert()
    except Exception as error:  # TensorFlow raises many kinds here, none of them documented
        _raise_export_error(error, loaded, locals().get("function"))
    names = {safe: spec.name for safe, spec in inputs.items()}
    names.update({safe: name for name, safe in outputs.items()})
    return _rename_signature(content, names)


def _rename_signature(content: bytes, names: Mapping[str, str]) -> bytes:
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    for signature in model.signatureDefs:
        for entry in (*signature.inputs, *signature.outputs):
            entry.name = names[entry.name.decode()].encode()
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


_OPERATOR_LIST = re.compile(r"(?:TF Select|Custom|Flex) ops?: ([\w, .]+)")
_DIALECT_OPERATOR = re.compile(r"'tf\.(\w+)' op|\btf\.(\w+)\(")


def _raise_export_error(error: Exception, loaded: LoadedModel, function: Any) -> None:
    text = str(error)
    operators = {
        name.strip().removeprefix("Flex")
        for found in _OPERATOR_LIST.findall(text)
        for name in found.split(",")
        if name.strip()
    } or {a or b for a, b in _DIALECT_OPERATOR.findall(text)}
    if not operators:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        raise ExportError(
            "TensorFlow's converter accepts the model.",
            received=f"{type(error).__name__}: {lines[-1][:400] if lines else ''}",
            hint="if sizes are unknown, fix them with --input-shape.",
        ) from error
    layers = sorted(_layers_with(operators, function, loaded)) if function is not None else []
    where = f" in layer {', '.join(layers)}" if layers else ""
    raise FlexError(
        "Every operator of the model is one that mobile runtimes have.",
        received=f"{', '.join(sorted(operators))}{where}: TensorFlow-only (Flex) operators, "
        "which run in no LiteRT or tflite-runtime package.",
        hint="fix unknown sizes with --input-shape (recurrent layers need that), move the layer "
        "out of the model into the app's preprocessing, or replace it.",
    ) from error


def _layers_with(operators: set[str], function: Any, loaded: LoadedModel) -> set[str]:
    """The layers in whose graph scope an operator of those types stands."""
    graphs, seen = [function.graph], set()
    found: set[str] = set()
    known = set(loaded.layers)
    while graphs:
        graph = graphs.pop()
        if id(graph) in seen:
            continue
        seen.add(id(graph))
        for node in graph.get_operations():
            if node.type in operators:
                scopes = node.name.split("/")
                found.update(_layer_names(scopes, known))
        graphs.extend(getattr(f, "graph", f) for f in graph._functions.values())
    return found


def _layer_names(scopes: list[str], known: set[str]) -> set[str]:
    # Keras 3 numbers a layer's scope at each call: `hashing_1` is a call of `hashing`.
    named = {s for s in scopes if s in known}
    return named or {base for s in scopes if (base := re.sub(r"_\d+$", "", s)) in known}
