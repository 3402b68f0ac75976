"""What Keras 3 does not document: above all the graph that it keeps of a model's calls."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from edgekit.compat import fallbacks

_OPS_SOURCE = ("ops/", "backend/tensorflow/")


@contextmanager
def without_scikit_learn() -> Iterator[None]:
    """Keras, where it is imported within, does without scikit-learn, as where that is missing.

    Keras imports it for `keras.wrappers`, which no file can name; where it is installed that is a
    fifth of what importing TensorFlow and Keras takes. Read in Keras 3.15.1
    (`keras.src.wrappers`). Afterwards whoever wants scikit-learn has it.
    """
    if "sklearn" in sys.modules:
        yield
        return
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # documented: it stops an import
    try:
        yield
    finally:
        if sys.modules.get("sklearn") is None:
            sys.modules.pop("sklearn", None)


class Arguments(Protocol):
    """What a call was given; `keras.src.ops.symbolic_arguments.SymbolicArguments`."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    keras_tensors: list[Any]


class Call(Protocol):
    """One call of a layer or operation; `keras.src.ops.node.Node`."""

    operation: Any
    arguments: Arguments
    outputs: list[Any]


class History(NamedTuple):
    """Which call made a symbolic tensor.

    Attributes:
        operation: The layer (of either Keras) or operation that was called.
        node_index: Which of its calls.
        tensor_index: Which output of that call.
    """

    operation: Any
    node_index: int
    tensor_index: int


def history(tensor: Any) -> History | None:
    """Where a symbolic tensor of Keras 3 or tf_keras comes from; None for any other value.

    Read in Keras 3.15.1 and tf_keras 2.21.0 (`_keras_history`). There is no public way. Without
    it no model can be pruned, `init` knows no activations and no scaling of a model, and an output
    counts as values where it is a softmax.
    """
    found = getattr(tensor, "_keras_history", None)
    return None if found is None else History(*found)


def call_that_made(tensor: Any) -> Call:
    """The call of Keras 3 that made a symbolic tensor.

    Read in Keras 3.15.1 (`_keras_history`, `_inbound_nodes`). There is no public way. Without it
    no model can be pruned.
    """
    operation, node_index, _ = tensor._keras_history
    call: Call = operation._inbound_nodes[node_index]
    return call


def input_name(tensor: Any) -> str:
    """The name of a Keras 3 model's input: its tensor's, or its layer's where that has none.

    Keras numbers tensors without a name anew in every process and at every load
    (`keras_tensor_30`), so that samples could not be named after them; saved models name such an
    input after its layer. Read in Keras 3.15.1 (`_keras_history`).
    """
    name = str(tensor.name)
    return str(tensor._keras_history[0].name) if name.startswith("keras_tensor") else name


def calls_that_read(operation: Any) -> list[Any]:
    """The calls that read an output of a layer, of Keras 3 or tf_keras; none for None.

    Read in Keras 3.15.1 and tf_keras 2.21.0 (`_outbound_nodes`). Without it `init` does not see
    that a model scales its own inputs.
    """
    return list(getattr(operation, "_outbound_nodes", ()))


def all_layers(model: Any) -> list[Any]:
    """A model, its layers, theirs, and so on, each before those within it; of either Keras.

    Read in Keras 3.15.1 and tf_keras 2.21.0 (`_flatten_layers`). `model.layers`, which is public,
    lacks what wrappers (`Bidirectional`) hold. Without it no Keras 2 model can be exported or
    pruned, and none can be fine-tuned.
    """
    return list(model._flatten_layers())


def lambda_output_shape(layer: Any) -> Any:
    """The `output_shape` that a Lambda layer was made with.

    Read in Keras 3.15.1 (`Lambda._output_shape`). Without it, the old layer's own
    `compute_output_shape`: the same shapes, but such a layer cannot be saved.
    """
    try:
        return layer._output_shape
    except AttributeError as error:
        fallbacks.note("lambda_output_shape", error)
        return layer.compute_output_shape


def set_student_loss(distiller: Any, losses: dict[str, Any]) -> None:
    """Give a compiled `keras.distillation.Distiller` its loss of each output by name.

    Read in Keras 3.15.1 (`Distiller._student_loss`): it keeps the dict as one of its own kind, and
    then finds that it does not match the plain one of the labels. Without it a student is not
    trained on labels beside its teacher.

    Raises:
        AttributeError: The distiller keeps its loss elsewhere.
    """
    kept = vars(distiller)
    if "_student_loss" not in kept:
        raise AttributeError("a compiled Distiller of this Keras has no _student_loss")
    kept["_student_loss"] = dict(losses)  # Keras replaces what is set as an attribute


def kept_logits(tensor: Any) -> Any | None:
    """What Keras 3 gave to the softmax or sigmoid that computed a tensor; None if it kept nothing.

    Read in Keras 3.15.1 (`_keras_logits`). Without it `losses.scores` looks in TensorFlow's graph,
    and otherwise takes logarithms of the probabilities.
    """
    return getattr(tensor, "_keras_logits", None)


def traced_function(frames: Iterable[Any]) -> str | None:
    """The public function of Keras 3 in whose code an operator was traced: `keras.ops.argmax`.

    Read in Keras 3.15.1 (functions of `keras/src/ops` and `keras/src/backend/tensorflow` are called
    as those of `keras.ops`; `backend/tensorflow/sparse.py` wraps them). Without it an error does
    not say which function of `keras.ops` to avoid.

    Args:
        frames: The operator's traceback, outermost first.
    """
    ops = getattr(sys.modules.get("keras"), "ops", None)
    for frame in frames:
        _, found, file = frame.filename.replace("\\", "/").rpartition("/keras/src/")
        if not found or not file.startswith(_OPS_SOURCE) or file.endswith("/sparse.py"):
            continue
        group = "image." if file.endswith("/image.py") else ""
        home = getattr(ops, "image", None) if group else ops
        # Helpers beside them have names of their own.
        if not frame.name.startswith("_") and (ops is None or hasattr(home, frame.name)):
            return f"keras.ops.{group}{frame.name}"
    return None
