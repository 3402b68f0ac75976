"""Operator versions: TensorFlow's own where it is right, and what old runtimes make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core.records import Target
from edgekit.tflite import enums, versions
from tests.tflite.old_runtime import ask

MODELS = Path(__file__).parents[1] / "models"


def run(content: bytes) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    runtime = Interpreter(model_content=content)
    runtime.allocate_tensors()
    detail = runtime.get_input_details()[0]
    data = np.random.default_rng(7).normal(size=detail["shape"]).astype("float32")
    runtime.set_tensor(detail["index"], data)
    runtime.invoke()
    return np.array(runtime.get_tensor(runtime.get_output_details()[0]["index"]))


def quantize(name: str, scheme: str, bits: int) -> bytes:
    from litert_quantizer import quantizer
    from litert_quantizer.algorithm_manager import AlgorithmName

    engine = quantizer.Quantizer((MODELS / f"{name}.float32.tflite").read_bytes())
    if scheme == "dynamic":
        engine.add_dynamic_config(".*", "*", bits)
    elif bits == 16:
        engine.add_weight_only_config(".*", "*", 16, algorithm_key=AlgorithmName.FLOAT_CASTING)
    else:
        engine.add_weight_only_config(".*", "*", bits)
    result = engine.quantize(None, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def finished(content: bytes) -> bytes:
    contract = tflite.contract(content)
    return tflite.finish(content, contract=contract, name="m", description="d")


def stated(content: bytes) -> dict[str, int]:
    return {op.name: op.version for op in tflite.operators(tflite.read(content))}


@pytest.mark.parametrize(
    ("name", "scheme", "bits", "versions_wanted", "runtime"),
    [
        ("fully_connected", "dynamic", 8, {"FULLY_CONNECTED": 12}, "2.17.0"),
        ("fully_connected_no_bias", "dynamic", 8, {"FULLY_CONNECTED": 12}, "2.17.0"),
        ("fully_connected", "dynamic", 4, {"FULLY_CONNECTED": 12}, "2.17.0"),
        ("conv_2d", "dynamic", 8, {"CONV_2D": 5}, "2.4.0"),
        ("conv_2d", "dynamic", 4, {"CONV_2D": 8}, "2.15.0"),
        ("conv_2d_grouped", "dynamic", 4, {"CONV_2D": 8}, "2.15.0"),
        ("depthwise_conv_2d", "dynamic", 8, {"DEPTHWISE_CONV_2D": 6}, "2.3.0"),
        ("conv_2d", "weight_only", 8, {"CONV_2D": 1, "DEQUANTIZE": 5}, "2.7.0"),
        ("conv_2d", "weight_only", 4, {"CONV_2D": 1, "DEQUANTIZE": 6}, "2.18.0"),
        ("fully_connected", "weight_only", 4, {"FULLY_CONNECTED": 1, "DEQUANTIZE": 6}, "2.18.0"),
        ("conv_2d", "float16", 16, {"CONV_2D": 1, "DEQUANTIZE": 3}, "1.15.0"),
    ],
)
def test_what_the_quantizer_wrote_gets_its_versions_and_computes_the_same(
    name: str, scheme: str, bits: int, versions_wanted: dict[str, int], runtime: str
) -> None:
    raw = quantize(name, scheme, bits)
    assert max(stated(raw).values()) < max(versions_wanted.values())
    content = finished(raw)
    assert stated(content) == versions_wanted
    model = tflite.read(content)
    assert tflite.oldest_runtime(model) == runtime
    entry = next(e for e in model.metadata if e.name == b"min_runtime_version")
    assert bytes(model.buffers[entry.buffer].data) == runtime.encode().ljust(16, b"\0")
    np.testing.assert_array_equal(run(content), run(raw))


def test_a_version_that_the_file_states_is_never_lowered() -> None:
    model = tflite.read(MODELS / "softmax.float32.tflite")
    model.operatorCodes[0].version = 3
    tflite.set_versions(model)
    assert [op.version for op in tflite.operators(model)] == [3]


def test_operators_of_one_kind_may_need_different_versions() -> None:
    import copy

    model = tflite.read(quantize("fully_connected", "dynamic", 8))
    graph = model.subgraphs[0]
    second = copy.deepcopy(graph.operators[0])
    float_weight = copy.deepcopy(graph.tensors[second.inputs[1]])
    float_weight.type, float_weight.quantization, float_weight.buffer = 0, None, 0
    graph.tensors.append(float_weight)
    second.inputs[1] = len(graph.tensors) - 1
    graph.operators.append(second)
    tflite.set_versions(model)
    assert [op.version for op in tflite.operators(model)] == [12, 1]
    assert len(model.operatorCodes) == 2
    once = tflite.to_bytes(model)
    tflite.set_versions(model)
    assert tflite.to_bytes(model) == once


def test_versions_compare_by_number() -> None:
    assert versions.parts("2.9.0") < versions.parts("2.17.0")
    assert max(["2.9.0", "2.17.0", "1.14.0"], key=versions.parts) == "2.17.0"


def test_a_custom_operator_keeps_its_version_and_asks_for_no_runtime() -> None:
    model = tflite.read(MODELS / "softmax.float32.tflite")
    model.operatorCodes[0].builtinCode = enums.operator_numbers()["CUSTOM"]
    model.operatorCodes[0].customCode = b"FlexErf"
    tflite.set_versions(model)
    (op,) = tflite.operators(model)
    assert (op.name, op.is_custom, op.version) == ("FlexErf", True, 1)
    assert tflite.oldest_runtime(model) == "1.5.0"


@pytest.mark.tflite_runtime
def test_the_old_runtime_refuses_exactly_what_it_cannot_compute(
    tflite_runtime: Target, tmp_path: Path
) -> None:
    cases = [
        (name, scheme, bits)
        for name in (
            "conv_2d",
            "conv_2d_grouped",
            "fully_connected",
            "depthwise_conv_2d",
            "transpose_conv",
        )
        for scheme, bits in (("dynamic", 8), ("dynamic", 4), ("weight_only", 8), ("float16", 16))
        if bits != 4 or name not in ("depthwise_conv_2d", "transpose_conv")  # no int4 kernel
    ]
    expected = {}
    for name, scheme, bits in cases:
        content = finished(quantize(name, scheme, bits))
        path = tmp_path / f"{name}.{scheme}.{bits}.tflite"
        path.write_bytes(content)
        expected[path] = content
    answers = ask(tflite_runtime, list(expected))
    refused = {path.stem for path in expected if isinstance(answers[str(path)], str)}
    assert refused == {
        "conv_2d.dynamic.4",
        "conv_2d_grouped.dynamic.4",
        "fully_connected.dynamic.4",
        "fully_connected.dynamic.8",
        "transpose_conv.dynamic.8",
    }
    for path, content in expected.items():
        needs = versions.parts(tflite.oldest_runtime(tflite.read(content)))
        assert (path.stem in refused) == (needs > (2, 14, 0))
        if path.stem not in refused:
            np.testing.assert_allclose(answers[str(path)], run(content), atol=1e-5)
        else:
            assert "Didn't find op" in answers[str(path)]


@pytest.mark.tflite_runtime
def test_without_the_versions_the_old_runtime_computes_garbage(
    tflite_runtime: Target, tmp_path: Path
) -> None:
    raw = quantize("fully_connected", "dynamic", 8)
    path = tmp_path / "raw.tflite"
    path.write_bytes(raw)
    wrong = np.array(ask(tflite_runtime, [path])[str(path)])
    assert np.abs(wrong - run(raw)).max() > 0.1


def test_weights_that_the_quantizer_put_outside_come_back_inside() -> None:
    from ai_edge_litert import schema_py_generated as generated
    from litert_quantizer import quantizer

    model = tflite.read(MODELS / "fully_connected_no_bias.float32.tflite")
    weights = np.random.default_rng(0).normal(size=(30_000, 12)).astype(np.float32)
    graph = model.subgraphs[0]
    operator = graph.operators[0]
    graph.tensors[operator.inputs[1]].shape = list(weights.shape)
    model.buffers[graph.tensors[operator.inputs[1]].buffer].data = weights.reshape(-1).view("u1")
    graph.tensors[operator.outputs[0]].shape = [1, 30_000]
    graph.tensors[operator.outputs[0]].shapeSignature = None
    engine = quantizer.Quantizer(tflite.to_bytes(model))
    engine.add_dynamic_config(".*", "*", 8)
    result = engine.quantize(None, enable_progress_bar=False, enable_progress_report=False)
    raw = bytes(result.quantized_model)

    def offsets(content: bytes) -> list[int]:
        root = generated.Model.GetRootAs(content, 0)
        return [root.Buffers(i).Offset() for i in range(root.BuffersLength())]

    assert any(offsets(raw))
    content = finished(raw)
    assert not any(offsets(content))
    np.testing.assert_array_equal(run(content), run(raw))


@pytest.mark.corpus
def test_a_real_network_computes_the_same_when_finished(corpus: Path) -> None:
    from litert_quantizer import quantizer

    model = tflite.read(corpus / "resnet8_cifar10" / "pretrainedResnet.tflite")
    tflite.ensure_signature(model)
    engine = quantizer.Quantizer(tflite.to_bytes(model))
    engine.add_dynamic_config(".*", "*", 8)
    result = engine.quantize(None, enable_progress_bar=False, enable_progress_report=False)
    raw = bytes(result.quantized_model)
    content = finished(raw)
    np.testing.assert_array_equal(run(content), run(raw))
    assert stated(raw)["FULLY_CONNECTED"] == 1
    assert stated(content)["FULLY_CONNECTED"] == 12
    assert tflite.oldest_runtime(tflite.read(content)) == "2.17.0"
