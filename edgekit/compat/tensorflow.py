"""What TensorFlow does not document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgekit.compat import fallbacks


def freeze_variables(function: Any, *, inline: bool = False) -> Any:
    """A concrete function with its variables as constants; loops and branches stay as they are.

    Read in TensorFlow 2.21.0 (`convert_variables_to_constants_v2`). There is no public way.
    Without it no input is known to hold ids (`id_limits`), and a SavedModel with recurrent layers
    cannot be exported.

    Args:
        function: A concrete function.
        inline: Put the functions that it calls in their places.
    """
    from tensorflow.python.framework import convert_to_constants

    return convert_to_constants.convert_variables_to_constants_v2(
        function, lower_control_flow=False, aggressive_inlining=inline
    )


def frozen_graph(function: Any) -> tuple[Any, list[Any], list[Any], Any]:
    """The graph of `freeze_variables` as the converter takes it, with no function made of it again.

    Read in TensorFlow 2.21.0 (`_FunctionConverterDataInEager`, `_replace_variables_by_constants`,
    `FuncGraph.internal_captures`). Without it `convert_directly` gives up.

    Returns:
        The graph's definition, its inputs, its outputs, and the function.
    """
    from tensorflow.python.framework import convert_to_constants

    data = convert_to_constants._FunctionConverterDataInEager(
        func=function, lower_control_flow=False, aggressive_inlining=False
    )
    graph, _ = convert_to_constants._replace_variables_by_constants(converter_data=data)
    captured = {id(tensor) for tensor in function.graph.internal_captures}
    inputs = [tensor for tensor in function.inputs if id(tensor) not in captured]
    return graph, inputs, list(function.outputs), function


def convert_directly(function: Any, trackable: Any) -> bytes | None:
    """The `.tflite` of a concrete function, without two detours of the converter.

    By itself the converter writes a SavedModel, reads it back and traces it again: more than
    half of its time (EfficientNet-Lite0: 4.6 s against 1.9 s, and the same operators). And of the
    frozen graph it makes a function again, which nobody calls. Read in TensorFlow 2.21.0
    (`TFLiteConverter.experimental_lower_to_saved_model`, `_freeze_concrete_function`). Without
    them `convert_by_saved_model` does the same.

    Args:
        function: A concrete function.
        trackable: What holds its variables.

    Returns:
        The file without a signature; None where the function cannot be frozen (it has tables, or
        variables that change) or a name is gone: then
        `convert_by_saved_model` says what is wrong, if anything is.
    """
    converter = _converter(function, trackable)
    try:
        _require(converter, "experimental_lower_to_saved_model", "_freeze_concrete_function")
        converter.experimental_lower_to_saved_model = False
        converter._freeze_concrete_function = lambda: frozen_graph(function)
        return bytes(converter.convert())
    except Exception as error:  # TensorFlow raises many kinds here, none of them documented
        fallbacks.note("convert_directly", error)
        return None


def convert_by_saved_model(function: Any, trackable: Any) -> bytes:
    """The `.tflite` of a concrete function with a signature, by the public converter alone."""
    return bytes(_converter(function, trackable).convert())


def _converter(function: Any, trackable: Any) -> Any:
    import tensorflow as tf

    return tf.lite.TFLiteConverter.from_concrete_functions([function], trackable)


def _require(value: Any, *names: str) -> None:
    """Raise AttributeError unless `value` has them: to set one that is unknown changes nothing."""
    for name in names:
        getattr(value, name)


def graph_functions(graph: Any) -> Iterator[Any]:
    """The functions that a graph knows, as graphs (see `named_functions`)."""
    yield from named_functions(graph).values()


def named_functions(graph: Any) -> dict[str, Any]:
    """The functions that a graph knows by name, those with a graph of their own as graphs.

    Read in TensorFlow 2.21.0 (`Graph._functions`). Without it operators within loops and calls
    are not seen: an error names fewer layers, and samples are drawn before an export that fails.
    """
    try:
        functions = graph._functions
    except AttributeError as error:
        fallbacks.note("graph_functions", error)
        return {}
    return {
        (name if isinstance(name, str) else name.decode()): function.graph
        for name, function in functions.items()
        if hasattr(function, "graph")
    }


def is_operator(name: str) -> bool:
    """Whether TensorFlow has an operator of this name.

    Read in TensorFlow 2.21.0 (`op_def_registry.get`). `tf.raw_ops`, which is public, lacks some.
    Without it no SavedModel is loaded that holds an operator off edgekit's lists; it is refused.
    """
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(name) is not None


def parse_saved_model(folder: Path) -> Any:
    """The `SavedModel` message of a folder, by TensorFlow's own reader.

    So what is checked is what `tf.saved_model.load` loads, whichever of two files it prefers.
    Read in TensorFlow 2.21.0 (`tf.__internal__.saved_model.parse_saved_model`). Without it no
    SavedModel can be checked, hence none loaded.
    """
    import tensorflow as tf

    return tf.__internal__.saved_model.parse_saved_model(str(folder))


def variable_initializer(variable: bytes) -> str:
    """The operator that initializes a variable of an old SavedModel, of its `VariableDef`.

    Read in TensorFlow 2.21.0 (`tensorflow.core.framework.variable_pb2`). Without it no SavedModel
    with local variables is loaded; it is refused.
    """
    from tensorflow.core.framework import variable_pb2

    return str(variable_pb2.VariableDef.FromString(variable).initializer_name)


def graph_of_definition(definition: Any) -> Any | None:
    """The graph of a function within a graph (the body of a loop), with the shapes written there.

    Read in TensorFlow 2.21.0 (`function_def_to_graph`). Without it operators within loops and
    branches are not rewritten, and such models are refused.

    Args:
        definition: A `FunctionDef`.
    """
    try:
        from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

        return function_def_to_graph(definition)
    except Exception as error:  # TensorFlow raises many kinds here, none of them documented
        fallbacks.note("graph_of_definition", error)
        return None
