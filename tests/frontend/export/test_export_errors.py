"""What the converter means when it refuses a model, in terms of layers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from edgekit.core.errors import FlexError
from edgekit.frontend.export import export_errors
from edgekit.frontend.load.loaded import LoadedModel
from tests.frontend.export.fake_graphs import FakeNode


def loaded(kind: Any = "keras3", layers: tuple[str, ...] = ()) -> LoadedModel:
    return LoadedModel(
        kind=kind,
        name="net",
        inputs=(),
        outputs=(),
        trackable=None,
        call=lambda values: {},
        layers=layers,
        id_limits={},
    )


def node(kind: str, name: str, *frames: tuple[str, str]) -> Any:
    trace = [SimpleNamespace(filename=file, name=function) for file, function in frames]
    return FakeNode(kind, name, traceback=trace)


def function(*nodes: Any, inner: tuple[Any, ...] = ()) -> Any:
    """A traced function, with another one that it calls."""
    called = SimpleNamespace(get_operations=lambda: inner, _functions={})
    called._functions["itself"] = SimpleNamespace(graph=called)
    graph = SimpleNamespace(
        get_operations=lambda: nodes, _functions={"f": SimpleNamespace(graph=called)}
    )
    return SimpleNamespace(graph=graph)


@pytest.mark.parametrize(
    ("text", "operators"),
    [
        ("Some ops are not supported\nTF Select ops: Erf, MatrixInverse\nDetails:", ["Erf",
         "MatrixInverse"]),
        ("Flex ops: FlexErf", ["Erf"]),
        ("Custom ops: Mine", ["Mine"]),
        ("error: 'tf.Bucketize' op is neither a custom op nor a flex op", ["Bucketize"]),
        ("TF Select ops: Placeholder, Erf", ["Erf"]),
        ("TF Select ops: Placeholder", ["Placeholder"]),  # the only one that is named
        ("something else went wrong", []),
    ],
)  # fmt: skip
def test_operators_are_read_from_the_message(text: str, operators: list[str]) -> None:
    assert sorted(export_errors.operator_names(text)) == operators


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("first\n\nlast line\n", "ValueError: last line"),
        ("a\nloc: error: the reason\nerror: failed while converting: 'main'\n", "the reason"),
        ("\x1b[31mred error: x\x1b[0m", "ValueError: red error: x"),
        ("what it was\nArguments received by call():\n  x=1", "ValueError: what it was"),
        ("", "ValueError: no message"),
        ("why it failed " + "x" * 999, "ValueError: why it failed " + "x" * 386),
    ],
)
def test_the_last_words_are_the_reason(text: str, words: str) -> None:
    assert export_errors.last_words(ValueError(text)).endswith(words)


def test_a_refused_operator_is_told_by_its_layer() -> None:
    error = ValueError("TF Select ops: Erf")
    where = function(node("Erf", "net/gelu_3/Erf"), node("Add", "net/dense/Add"))
    told = export_errors.explain(error, loaded(layers=("gelu", "dense")), where)
    assert isinstance(told, FlexError)
    assert told.received.startswith("Erf in layer gelu, at the start of the model:")


def test_an_operator_in_a_function_that_is_called_is_found_too() -> None:
    where = function(inner=(node("Erf", "dense/Erf"),))
    told = export_errors.explain(ValueError("Flex ops: FlexErf"), loaded(layers=("dense",)), where)
    assert told.received.startswith("Erf in layer dense:")


def test_an_operator_outside_every_layer_is_told_by_keras_function() -> None:
    keras = "/site/keras/src/backend/tensorflow/math.py"
    wrapper = "/site/keras/src/backend/tensorflow/sparse.py"
    where = function(
        node(
            "Erf",
            "Erf",
            ("/home/me/model.py", "build"),
            (wrapper, "sparse_wrapper"),
            (keras, "_inner"),
            (keras, "erf"),
        )
    )
    told = export_errors.explain(ValueError("Flex ops: FlexErf"), loaded(layers=("dense",)), where)
    assert told.received.startswith("Erf in keras.ops.erf, at the start of the model:")


@pytest.mark.parametrize(
    ("kind", "hint"), [("keras3", "--input-shape"), ("saved_model", "original .keras")]
)
def test_a_loop_of_unknown_sizes_is_a_question_of_the_batch(kind: Any, hint: str) -> None:
    error = ValueError("TF Select ops: TensorListReserve\nelement_shape unknown")
    where = function(node("TensorListReserve", "net/lstm/TensorArrayV2"))
    told = export_errors.explain(error, loaded(kind, ("lstm",)), where)
    assert "unknown sizes in layer lstm" in told.received
    assert hint in str(told.hint)


def test_another_refusal_keeps_the_converters_words() -> None:
    told = export_errors.explain(ValueError("x\nerror: no luck"), loaded(), function())
    assert not isinstance(told, FlexError)
    assert told.received == "ValueError: error: no luck"
