"""Sizes of a `.tflite` that were left open, or are to be others."""

from __future__ import annotations

from collections.abc import Mapping

from edgekit import tflite
from edgekit.core.errors import ModelError, UsageError
from edgekit.core.suggest import nearest
from edgekit.tflite import Model
from edgekit.tflite.interpreter import Interpreter
from edgekit.tflite.schema_objects import RawTensor

Shapes = Mapping[str, tuple[int, ...]]


def fix(model: Model, shapes: Shapes) -> None:
    """Give inputs their full shapes, in place; a batch that is open becomes 1.

    Args:
        model: With one graph that has a signature.
        shapes: Full shapes by input, as `--input-shape` gives them.

    Raises:
        UsageError: An unknown input, or a shape that contradicts what the model fixes.
        ModelError: LiteRT cannot run the model in these sizes.
    """
    known = {spec.name: spec.shape for spec in tflite.contract(model).inputs}
    for name, shape in shapes.items():
        if name not in known:
            raise UsageError(
                f"--input-shape must name an input of the model: {', '.join(known)}.",
                received=f"--input-shape {name}=...",
                hint=nearest(name, known),
            )
        if len(shape) != len(known[name]) or any(
            w < 1 or s not in (-1, w) for w, s in zip(shape, known[name], strict=True)
        ):
            raise UsageError(
                f"--input-shape {name} must fit the model's shape {list(known[name])}, where -1 is "
                "free.",
                received=str(list(shape)),
            )
    _close_batch(model)
    resize(model, shapes)


def _close_batch(model: Model) -> None:
    """An open first size of inputs and outputs is 1, as an export from Keras has it."""
    names = tflite.binding(model)
    tensors = model.subgraphs[names.subgraph].tensors
    for index in {*names.inputs.values(), *names.outputs.values()}:
        tensor = tensors[index]
        sizes = stated(tensor)
        if sizes[:1] == [-1]:
            tensor.shape = [max(1, tensor.shape[0]), *tensor.shape[1:]]
            tensor.shapeSignature = [tensor.shape[0], *sizes[1:]]


def resize(model: Model, shapes: Shapes) -> None:
    """Give inputs other shapes, and every tensor of the graph the shape that follows, in place.

    Tensors whose sizes LiteRT learns only while it runs keep what the file says of them.

    Args:
        model: With one graph that has a signature.
        shapes: By the input's name.

    Raises:
        ModelError: LiteRT refuses the model in these sizes.
    """
    if not shapes:
        return
    names = tflite.binding(model)
    graph = model.subgraphs[names.subgraph]
    places = {index: place for place, index in enumerate(graph.inputs)}
    try:
        runner = Interpreter(tflite.to_bytes(model), delegated=False)
        for name, shape in shapes.items():
            runner.resize(places[names.inputs[name]], shape)
        runner.allocate()
        settled = runner.settled_shapes()
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            "LiteRT cannot run the model in these sizes.",
            received=f"{', '.join(f'{n} {list(s)}' for n, s in shapes.items())}: {error}",
            hint="operators within it rely on others: choose other sizes with --input-shape.",
        ) from None
    given = {names.inputs[name] for name in shapes}
    for index, tensor in enumerate(graph.tensors):
        shape = settled.get(index, ())
        if len(shape) != len(tensor.shape) or model.buffers[tensor.buffer].data is not None:
            continue
        # A size that is 1 still may be one that LiteRT learns only while it runs.
        open_ = [
            index not in given and size == -1 and new == old
            for size, new, old in zip(stated(tensor), shape, tensor.shape, strict=True)
        ]
        tensor.shapeSignature = (
            [-1 if o else n for o, n in zip(open_, shape, strict=True)] if any(open_) else None
        )
        tensor.shape = list(shape)


def stated(tensor: RawTensor) -> list[int]:
    """A tensor's sizes with -1 for those that are open: `shape` holds 1 for them."""
    signature = tensor.shapeSignature
    if signature is None or len(signature) != len(tensor.shape):
        return list(tensor.shape)
    return list(map(int, signature))
