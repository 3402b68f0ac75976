"""One operator as a model of its own: the same outputs, and nothing else in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.tflite import submodel
from tests.quantize.imported.drawn_files import lstm

MODELS = Path(__file__).parents[1] / "models"


def run(content: bytes, *inputs: np.ndarray) -> list[np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    runtime = Interpreter(model_content=content)
    runtime.allocate_tensors()
    for detail, values in zip(runtime.get_input_details(), inputs, strict=True):
        runtime.set_tensor(detail["index"], values)
    runtime.invoke()
    return [np.array(runtime.get_tensor(d["index"])) for d in runtime.get_output_details()]


@pytest.mark.parametrize(
    "name",
    ["conv_2d.float32", "fully_connected_no_bias.float32", "softmax.float32", "gather.float32"],
)
def test_operators_run_one_by_one_give_what_the_whole_file_gives(name: str) -> None:
    content = (MODELS / f"{name}.tflite").read_bytes()
    model = tflite.read(content)
    main = model.subgraphs[0]
    x = np.random.default_rng(0).uniform(1, 5, main.tensors[main.inputs[0]].shape)
    known = {main.inputs[0]: x.astype(np.float32)}
    for op in tflite.operators(model):
        alone = submodel.single(model, op)
        moving = [t.index for t in op.inputs if not t.is_constant]
        found = run(alone, *(known[i] for i in dict.fromkeys(moving)))
        known.update(zip((t.index for t in op.outputs), found, strict=True))
    (wanted,) = run(content, known[main.inputs[0]])
    np.testing.assert_array_equal(known[main.outputs[0]], wanted)


def test_only_its_own_weights_are_copied_and_the_model_stays_as_it_is() -> None:
    model = tflite.read(MODELS / "conv_2d.int8.tflite")
    before = tflite.to_bytes(model)
    op = next(op for op in tflite.operators(model) if op.name == "CONV_2D")
    alone = tflite.read(submodel.single(model, op))
    assert tflite.to_bytes(model) == before
    (only,) = tflite.operators(alone)
    assert (only.name, only.version) == ("CONV_2D", op.version)
    assert [t.shape for t in only.constants] == [t.shape for t in op.constants]
    assert len(alone.operatorCodes) == 1
    assert len(alone.buffers) == 1 + len(op.constants)
    for old, new in zip(op.constants, only.constants, strict=True):
        np.testing.assert_array_equal(tflite.values(model, old), tflite.values(alone, new))
        assert old.scale == new.scale


def test_an_operand_read_twice_is_one_input() -> None:
    model = tflite.read(MODELS / "add.float32.tflite")
    graph = model.subgraphs[0]
    add = next(i for i, op in enumerate(tflite.operators(model)) if op.name == "ADD")
    graph.operators[add].inputs = [graph.inputs[0]] * 2
    op = list(tflite.operators(model))[add]
    x = np.arange(144, dtype=np.float32).reshape(1, 6, 6, 4)
    (doubled,) = run(submodel.single(model, op), x)
    np.testing.assert_array_equal(doubled, 2 * x)


def test_activations_whose_values_are_given_are_no_inputs() -> None:
    model = tflite.read(MODELS / "add.float32.tflite")
    op = next(op for op in tflite.operators(model) if op.name == "ADD")
    left, right = (t.index for t in op.inputs)
    x = np.random.default_rng(1).normal(size=(1, 6, 6, 4)).astype(np.float32)
    (added,) = run(submodel.single(model, op, {right: np.full_like(x, 3.0)}), x)
    np.testing.assert_array_equal(added, x + 3)
    (added,) = run(submodel.single(model, op, {left: x, right: x}))
    np.testing.assert_array_equal(added, x + x)


def test_a_state_that_an_operator_keeps_is_no_input() -> None:
    model = tflite.read(lstm())
    op = next(op for op in tflite.operators(model) if op.name == "UNIDIRECTIONAL_SEQUENCE_LSTM")
    assert [tensor.name for tensor in op.activations] == ["x"]
    content = submodel.single(model, op)
    alone = tflite.read(content)
    assert sum(tensor.isVariable for tensor in alone.subgraphs[0].tensors) == 2
    x = np.random.default_rng(0).normal(size=(1, 6, 3)).astype(np.float32)
    [found] = run(content, x)
    assert found.shape == (1, 6, 5) and np.abs(found).max() > 0
