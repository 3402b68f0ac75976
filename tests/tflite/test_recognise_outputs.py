"""What outputs are, by the operators that compute them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from edgekit import tflite
from edgekit.core.records import Contract, TensorSpec
from edgekit.tflite import recognise_outputs
from edgekit.tflite.graph import Operator, Tensor
from edgekit.tflite.recognise_outputs import with_kinds
from tests.pipeline.files import MODELS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("softmax.float32", "classes"),
        ("softmax.int8", "classes"),
        ("softmax.int16x8", "classes"),
        ("logistic.int8", "tags"),
        ("fully_connected.float32", None),
        ("fully_connected.int8", None),
        ("mean.int8", None),
    ],
)
def test_of_files(name: str, kind: str | None) -> None:
    model = tflite.read(MODELS / f"{name}.tflite")
    [output] = with_kinds(tflite.contract(model), model).outputs
    assert output.kind == kind


def test_what_is_stated_stays() -> None:
    model = tflite.read(MODELS / "softmax.float32.tflite")
    contract = tflite.contract(model)
    stated = replace(contract, outputs=(replace(contract.outputs[0], kind="values"),))
    assert with_kinds(stated, model) == stated


class Graph:
    """Operators one after another; the last one makes the output `y`."""

    def __init__(self) -> None:
        self.operators: list[Operator] = []
        self._count = 0

    def tensor(self, *shape: int, is_constant: bool = False) -> Tensor:
        self._count += 1
        return Tensor(
            index=self._count,
            name=f"t{self._count}",
            shape=shape,
            dtype="float32",
            quantization=None,
            buffer=0,
            weight_bytes=4 if is_constant else 0,
        )

    def add(self, name: str, *inputs: Tensor, shape: tuple[int, ...]) -> Tensor:
        output = self.tensor(*shape)
        self.operators.append(
            Operator(
                subgraph=0,
                index=len(self.operators),
                name=name,
                is_custom=False,
                version=1,
                operands=inputs,
                outputs=(output,),
                options=None,
            )
        )
        return output

    def spec(self, monkeypatch: pytest.MonkeyPatch) -> TensorSpec:
        last = self.operators[-1].outputs[0]
        places = SimpleNamespace(outputs={"y": last.index})
        monkeypatch.setattr(recognise_outputs, "binding", lambda _: places)
        monkeypatch.setattr(recognise_outputs, "main_operators", lambda _: self.operators)
        output = TensorSpec(name="y", shape=last.shape, dtype="float32")
        return with_kinds(Contract(inputs=(), outputs=(output,)), object()).outputs[0]


@pytest.fixture
def graph() -> Graph:
    return Graph()


def parts(spec: TensorSpec) -> list[tuple[str, int, int]]:
    return [(one.kind, one.start, one.stop) for one in spec.columns]


def test_boxes_beside_scores_are_columns(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    box = graph.add("MUL", graph.tensor(1, 64, 4), shape=(1, 64, 4))
    score = graph.add("LOGISTIC", graph.tensor(1, 64, 3), shape=(1, 64, 3))
    graph.add("CONCATENATION", box, score, shape=(1, 64, 7))
    spec = graph.spec(monkeypatch)
    assert spec.kind is None
    assert parts(spec) == [("boxes", 0, 4), ("scores", 4, 7)]


def test_neighbours_of_one_kind_are_one(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    centre, size = (graph.add("MUL", graph.tensor(1, 9, 2), shape=(1, 9, 2)) for _ in range(2))
    one, two = (graph.add("LOGISTIC", graph.tensor(1, 9, w), shape=(1, 9, w)) for w in (1, 3))
    graph.add("CONCATENATION", centre, size, one, two, shape=(1, 9, 8))
    assert parts(graph.spec(monkeypatch)) == [("boxes", 0, 4), ("scores", 4, 8)]


def test_sigmoids_behind_a_reshape_of_the_last_axis_are_not_followed(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = graph.add("LOGISTIC", graph.tensor(1, 6), shape=(1, 6))
    graph.add("RESHAPE", inner, shape=(1, 2, 3))
    assert graph.spec(monkeypatch).kind is None


def test_casts_are_passed(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = graph.add("LOGISTIC", graph.tensor(1, 1), shape=(1, 1))
    graph.add("DEQUANTIZE", graph.add("QUANTIZE", inner, shape=(1, 1)), shape=(1, 1))
    assert graph.spec(monkeypatch).kind == "binary"


@pytest.mark.parametrize("shape", [(1, 7), (1, 8, 8, 7)])
def test_only_rows_of_detections_are_taken_apart(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]
) -> None:
    box = graph.add("MUL", graph.tensor(*shape[:-1], 4), shape=(*shape[:-1], 4))
    score = graph.add("LOGISTIC", graph.tensor(*shape[:-1], 3), shape=(*shape[:-1], 3))
    graph.add("CONCATENATION", box, score, shape=shape)
    assert parts(graph.spec(monkeypatch)) == []


def test_parts_of_one_kind_stay_whole(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = [graph.add("MUL", graph.tensor(1, 9, 3), shape=(1, 9, 3)) for _ in range(2)]
    graph.add("CONCATENATION", *pair, shape=(1, 9, 6))
    spec = graph.spec(monkeypatch)
    assert (spec.kind, parts(spec)) == (None, [])
