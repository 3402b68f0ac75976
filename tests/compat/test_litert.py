"""What is used of LiteRT and its quantizer beside their documented names. No TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import interpreter

from edgekit.compat import litert

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def conv() -> bytes:
    return (MODELS / "conv_2d.float32.tflite").read_bytes()


def test_schema_has_the_classes_and_numbers():
    schema = litert.schema()
    assert schema.BuiltinOperator.CONV_2D == 3
    assert schema.TensorType.INT8 == 9
    assert schema.BufferT(data=b"x").data == b"x"


def test_unpack_makes_what_can_be_changed(conv: bytes):
    model = litert.unpack(conv)
    operator = model.subgraphs[0].operators[0]
    assert isinstance(operator.inputs, list)
    operator.inputs[0] = operator.inputs[0]
    assert litert.schema().BuiltinOperator.CONV_2D in [c.builtinCode for c in model.operatorCodes]


def test_extremes_are_those_of_all_samples_and_no_moving_average(conv: bytes):
    runner = interpreter.Interpreter(model_content=conv)
    runner.allocate_tensors()
    [input_], [output] = runner.get_input_details(), runner.get_output_details()
    [signature] = runner.get_signature_list().values()
    [name] = signature["inputs"]
    rng = np.random.default_rng(0)
    samples = [(k * rng.normal(size=input_["shape"])).astype(np.float32) for k in (1, 5, 0.1)]
    outputs = []
    for sample in samples:
        runner.set_tensor(input_["index"], sample)
        runner.invoke()
        outputs.append(runner.get_tensor(output["index"]))
    ranges = litert.extremes(conv, [{name: sample} for sample in samples])[output["name"]]
    assert ranges["min"].shape == ranges["max"].shape == (1,)
    assert ranges["min"][0] == pytest.approx(min(o.min() for o in outputs), rel=1e-5, abs=1e-6)
    assert ranges["max"][0] == pytest.approx(max(o.max() for o in outputs), rel=1e-5, abs=1e-6)


def test_the_quantizer_quantizes_what_read_by_gives(conv: bytes):
    """Another operator in its place is what comes out."""
    from litert_quantizer import quantizer

    engine = quantizer.Quantizer(conv)
    model = litert.read_by(engine)
    codes = [code.builtinCode for code in model.operatorCodes]
    assert litert.schema().BuiltinOperator.CONV_2D in codes
    model.subgraphs[0].tensors[0].name = b"renamed"
    engine.add_weight_only_config(".*", "CONV_2D", 8)
    made = litert.unpack(bytearray(engine.quantize().quantized_model))
    assert b"renamed" in [tensor.name for tensor in made.subgraphs[0].tensors]


def test_none_of_it_imports_tensorflow():
    code = (
        "import sys; from edgekit.compat import litert; litert.schema();"
        "import litert_quantizer.calibrator, ai_edge_litert.tools.flatbuffer_utils;"
        "sys.exit(bool({'tensorflow', 'keras', 'tf_keras'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_compat_imports_none_of_those_packages():
    code = (
        "import sys; from edgekit.compat import fallbacks, keras, litert, tensorflow, tf_keras;"
        "heavy = {'tensorflow', 'keras', 'tf_keras', 'ai_edge_litert', 'litert_quantizer'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
