"""Bundles that are wrong in one way each: their self-tests must fail, in every language.

A mutant is the record and the contents of a bundle, from which the code of any language is
generated as always; the golden samples stay those of the right one, or the other way round.
`weight N` has the weights of one layer changed by 10 % in a file that the contract knows, so that
only its outputs can tell; `file` is such a file beside the right one's contract.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from edgekit import tflite
from edgekit.core.bundle_record import Bundle, BundledModel
from edgekit.core.records import Contract, TensorSpec

Contents = dict[str, bytes]
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def mutants(
    bundle: Bundle, contents: Contents, layers: int = 3
) -> Iterator[tuple[str, Bundle, Contents]]:
    """What each is called, its record, its contents: all models of the bundle are wrong.

    Args:
        bundle: The right record.
        contents: The models and their golden samples, by the names that the record gives them.
        layers: How many layers to change, from the first to the last one.
    """
    if any(spec.preprocessing.kind not in ("none", "text") for spec in _inputs(bundle)):
        yield "mean", _with_inputs(bundle, "mean"), contents
        yield "std", _with_inputs(bundle, "std"), contents
    if any(len(spec.labels) > 1 for spec in bundle.models[0].contract.outputs):
        yield "labels", _with_swapped_labels(bundle), contents
    yield "reversed", *_reversed(bundle, contents)
    if any(spec.columns for spec in bundle.models[0].contract.outputs):
        yield "columns", *_still_columns(bundle, contents)
    changed = [_changed_weights(contents[model.file]) for model in bundle.models]
    count = min(len(each) for each in changed)
    picked = sorted({round(i) for i in np.linspace(0, count - 1, layers)})
    for number in picked:
        files = {m.file: each[number] for m, each in zip(bundle.models, changed, strict=True)}
        if number == picked[-1]:
            yield "file", bundle, contents | files
        models = tuple(
            replace(m, sha256=_sha256(files[m.file]), size_bytes=len(files[m.file]))
            for m in bundle.models
        )
        yield f"weight {number}", replace(bundle, models=models), contents | files


def _inputs(bundle: Bundle) -> tuple[TensorSpec, ...]:
    return bundle.models[0].contract.inputs


def _with_inputs(bundle: Bundle, key: str) -> Bundle:
    def wrong(spec: TensorSpec) -> TensorSpec:
        rules = spec.preprocessing
        if key == "mean":
            mean = tuple(
                value + 0.1 * std
                for value, std in zip(rules.mean, _cycle(rules.std, rules.mean), strict=True)
            )
            return replace(spec, preprocessing=replace(rules, mean=mean))
        std = tuple(value * 1.1 for value in rules.std)
        return replace(spec, preprocessing=replace(rules, std=std))

    return _with_contracts(
        bundle, lambda m: replace(m.contract, inputs=tuple(map(wrong, m.contract.inputs)))
    )


def _cycle(values: tuple[float, ...], like: tuple[float, ...]) -> tuple[float, ...]:
    return values if len(values) == len(like) else values[:1] * len(like)


def _with_swapped_labels(bundle: Bundle) -> Bundle:
    def wrong(spec: TensorSpec) -> TensorSpec:
        *rest, one, other = spec.labels or ("", "")
        return replace(spec, labels=(*rest, other, one)) if spec.labels else spec

    return _with_contracts(
        bundle, lambda m: replace(m.contract, outputs=tuple(map(wrong, m.contract.outputs)))
    )


def _with_contracts(bundle: Bundle, change: Callable[[BundledModel], Contract]) -> Bundle:
    models = tuple(replace(model, contract=change(model)) for model in bundle.models)
    return replace(bundle, models=models)


def _reversed(bundle: Bundle, contents: Contents) -> tuple[Bundle, Contents]:
    """As if the model gave its values from the last to the first."""
    return _with_outputs(bundle, contents, lambda values, _: values[:, ::-1])


def _still_columns(bundle: Bundle, contents: Contents) -> tuple[Bundle, Contents]:
    """As if the columns of one kind, those that vary least, always had their mean.

    The error is all that they vary by; of the whole output, with larger columns, it is next to
    nothing.
    """

    def still(values: np.ndarray, spec: TensorSpec) -> np.ndarray:
        if not spec.columns:
            return values
        rows = values.reshape(-1, spec.shape[-1]).copy()
        slices = [slice(one.start, one.stop) for one in spec.columns]
        least = min(slices, key=lambda columns: float(rows[:, columns].std(axis=0).max()))
        rows[:, least] = rows[:, least].mean(axis=0)
        return rows.reshape(values.shape)

    return _with_outputs(bundle, contents, still)


def _with_outputs(
    bundle: Bundle,
    contents: Contents,
    change: Callable[[np.ndarray, TensorSpec], np.ndarray],
) -> tuple[Bundle, Contents]:
    """Other golden outputs, of stored values `(samples, values)` of each."""
    models, files = [], dict(contents)
    for model in bundle.models:
        golden, data = model.golden, bytearray(contents[model.golden.file])
        size = golden.num_samples * golden.sample_bytes
        records = np.frombuffer(bytes(data[:size]), np.uint8).reshape(golden.num_samples, -1).copy()
        specs = {spec.name: spec for spec in model.contract.outputs}
        for tensor in golden.tensors:
            if tensor.role == "output":
                place = slice(tensor.offset, tensor.offset + tensor.num_bytes)
                stored = np.ascontiguousarray(records[:, place]).view(tensor.dtype)
                changed = change(stored, specs[tensor.name]).astype(tensor.dtype)
                records[:, place] = np.ascontiguousarray(changed).view(np.uint8)
        data[:size] = records.tobytes()
        files[golden.file] = bytes(data)
        models.append(replace(model, golden=replace(golden, sha256=_sha256(bytes(data)))))
    return replace(bundle, models=tuple(models)), files


def _changed_weights(content: bytes) -> list[bytes]:
    """The file, once for each layer, whose weights are 10 % larger."""
    made = []
    for operator in tflite.operators(tflite.read(content)):
        weights = operator.inputs[1] if operator.name in _WEIGHTED else None
        if weights is None or not weights.is_constant or weights.dtype not in ("float32", "int8"):
            continue
        model = tflite.read(content)
        buffer = model.buffers[weights.buffer]
        values = np.frombuffer(bytes(buffer.data), weights.dtype) * np.float32(1.1)
        if weights.dtype == "int8":
            values = np.clip(np.rint(values), -127, 127)
        buffer.data = np.frombuffer(values.astype(weights.dtype).tobytes(), np.uint8)
        made.append(tflite.to_bytes(model))
    return made


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


__all__ = ["BundledModel", "mutants"]
