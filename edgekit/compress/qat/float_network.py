"""A float `.tflite` as a Keras model: one small layer for each operator."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgekit import tflite
from edgekit.compress.qat import operator_functions
from edgekit.core.errors import ModelError
from edgekit.frontend.load.loaded import unique
from edgekit.tflite import Model, Operator, Tensor, signal

# A file that cannot be rebuilt this well is not the model that would be trained.
SAME_DB = 80.0

Make = Callable[[Operator, Mapping[int, np.ndarray], str], Any]


def rebuild(content: bytes) -> Any:
    """The main graph of a file as an ordinary functional Keras 3 model.

    Weights and biases of linear operators are trainable, other constants are not. Inputs and
    outputs are dictionaries by the names of the file's signature; the batch is free.

    Args:
        content: A float `.tflite` with a batch of 1.

    Returns:
        A `keras.Model`.

    Raises:
        ModelError: An operator that cannot be trained through, or a batch that is not 1.
    """
    from edgekit.compress.qat.operator_layers import Layer

    return build(content, lambda op, constants, name: Layer(op, constants, name=name))


def build(content: bytes, make: Make) -> Any:
    """The same with layers of another kind.

    Args:
        content: The file.
        make: Gives the layer of an operator, its constants by place, and the layer's name.

    Raises:
        ModelError: As `rebuild`.
    """
    import keras

    model = tflite.read(content)
    bound = tflite.binding(model)
    known = tflite.tensors(model, bound.subgraph)
    steps = tflite.main_operators(model)
    for op in steps:  # before anything is built
        operator_functions.function(op)
    inputs = {name: _input(name, known[index]) for name, index in bound.inputs.items()}
    values: dict[int, Any] = {index: inputs[name] for name, index in bound.inputs.items()}
    names = layer_names(steps)
    for op, name in zip(steps, names, strict=True):
        constants = _constants(model, op, values)
        results = _apply(op, constants, values, name, make)
        for tensor, result in zip(op.outputs, results, strict=True):
            values[tensor.index] = result
    outputs = {name: values.get(index) for name, index in bound.outputs.items()}
    for name, value in outputs.items():
        if not isinstance(value, keras.KerasTensor):
            raise ModelError(
                "Every output of the model must be computed from its inputs.",
                received=f"{name}, which is constant",
                hint=operator_functions.HINT,
            )
    return keras.Model(inputs, outputs, name="rebuilt")


def layer_names(steps: Sequence[Operator]) -> tuple[str, ...]:
    """A name for each operator's layer, from the layer it comes from; Keras wants no slashes."""
    return unique([re.sub(r"[^\w.-]", ".", op.layer) or op.name.lower() for op in steps])


def check(
    model: Any, inputs: Mapping[str, np.ndarray], reference: Mapping[str, np.ndarray]
) -> float:
    """How well a rebuilt model computes what the file computes, in dB.

    Args:
        model: What `rebuild` returned.
        inputs: Samples by input name, `(n, ...)`.
        reference: The file's outputs by name, `(n, ...)`, from an interpreter.

    Raises:
        ModelError: Not well enough to be trained in the file's place.
    """
    import tensorflow as tf

    batch = {name: values.astype(model.input[name].dtype) for name, values in inputs.items()}
    try:
        got = model(batch, training=False)
    except (tf.errors.OpError, ValueError) as error:
        raise _differs(str(error).strip().splitlines()[0][:200]) from error
    worst = float("inf")
    for name, wanted in reference.items():
        output = np.asarray(got[name])
        if output.size != wanted.size:
            raise _differs(f"{name} of shape {output.shape} in place of {wanted.shape}")
        worst = min(worst, signal.sqnr_db(wanted, output))
    if not worst >= SAME_DB:
        raise _differs(f"{worst:.1f} dB")
    return worst


def _differs(what: str) -> ModelError:
    return ModelError(
        f"The trainable copy of the float file must compute the same outputs, to {SAME_DB:g} dB.",
        received=what,
        hint="an operator of it does not take several samples at once; use post-training "
        "quantization: leave --qat out.",
    )


def _input(name: str, tensor: Tensor) -> Any:
    import keras

    if not tensor.shape or tensor.shape[0] not in (1, -1):
        raise ModelError(
            "Quantization-aware training needs inputs with a batch of 1.",
            received=f"{name} of shape {tensor.shape}",
            hint=operator_functions.HINT,
        )
    shape = tuple(None if size < 0 else size for size in tensor.shape[1:])
    return keras.Input(shape, dtype=tensor.dtype, name=re.sub(r"[^\w.-]", ".", name))


def _constants(model: Model, op: Operator, values: Mapping[int, Any]) -> dict[int, np.ndarray]:
    """Its constant operands by place: stored ones, and those computed from constants."""
    found = {}
    for place, tensor in enumerate(op.operands):
        if tensor is None:
            continue
        if tensor.is_constant:
            found[place] = np.array(tflite.constant(model, tensor))
        elif isinstance(values.get(tensor.index), np.ndarray):
            found[place] = values[tensor.index]
        elif tensor.index not in values:
            raise ModelError(
                "Quantization-aware training cannot follow a tensor that no operator computes.",
                received=f"{tensor.name}, which {op.name} of layer {op.layer} reads: a state?",
                hint=operator_functions.HINT,
            )
    return found


def _apply(
    op: Operator,
    constants: Mapping[int, np.ndarray],
    values: Mapping[int, Any],
    name: str,
    make: Make,
) -> list[Any]:
    given = [
        values[tensor.index]
        for place, tensor in enumerate(op.operands)
        if tensor is not None and place not in constants
    ]
    if not given:
        fixed = [constants.get(place) for place in range(len(op.operands))]
        return [np.asarray(result) for result in operator_functions.run(op, fixed)]
    layer = make(op, constants, name)
    try:
        result = layer(given)
    except ModelError:
        raise
    except Exception as error:
        # TensorFlow's own words for shapes that do not go together: of many classes.
        raise ModelError(
            "Quantization-aware training cannot compute an operator for several samples.",
            received=f"{op.name} of layer {op.layer}: {str(error).strip().splitlines()[0][:200]}",
            hint=operator_functions.HINT,
        ) from error
    return list(result) if isinstance(result, (list, tuple)) else [result]
