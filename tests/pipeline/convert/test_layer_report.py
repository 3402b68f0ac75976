"""Errors by operator: which samples they are measured on, and what is said beside them."""

from __future__ import annotations

import shutil

import pytest

from edgekit.core.errors import UsageError
from edgekit.core.process import silent
from edgekit.core.records import LayerError, Limits
from edgekit.data.samples import Samples
from edgekit.pipeline.convert import layer_report
from edgekit.quantize.quantize_messages import LAYER_ERRORS, LayerErrorsResult
from tests.fake_children import FakeChildren
from tests.pipeline.convert.steps import NET, inputs

ERROR = LayerError(layer="dense", operator="FULLY_CONNECTED", tensor="y", scheme="int8")
CONV = NET.with_name("conv_2d.float32.tflite")


def measure(path, reference, samples, equalized=None):
    return layer_report.measure_layers(
        path,
        reference,
        samples,
        equalized=equalized,
        seed=4,
        limits=Limits(),
        on_progress=silent,
    )


def test_errors_are_measured_on_some_of_the_samples(children: FakeChildren):
    seen = []

    def answer(request):
        seen.append(Samples.load(request.samples))
        return LayerErrorsResult(errors=(ERROR,), num_samples=50)

    children.answer(LAYER_ERRORS, answer)
    samples = Samples(inputs=inputs(100))
    errors, note = measure(CONV, NET, samples, {"y": (1, 2)})
    assert errors == (ERROR,)
    assert note == (
        "layers of conv_2d.float32.tflite: by LiteRT's kernels, on 50 of 100 samples, drawn with "
        "seed 4."
    )
    [request] = children.requests(LAYER_ERRORS)
    assert (request.quantized, request.float_file) == (CONV.absolute(), NET.absolute())
    assert request.equalized == {"y": (1, 2)}
    [drawn] = seen
    assert len(drawn) == 64
    assert set(drawn.digests()) < set(samples.digests())


@pytest.mark.parametrize("equalized", [None, {}])
def test_no_manifest_is_not_the_same_as_nothing_equalized(equalized, children: FakeChildren):
    children.answer(LAYER_ERRORS, lambda request: LayerErrorsResult(errors=(), num_samples=1))
    measure(CONV, NET, Samples(inputs=inputs(2)), equalized)
    [request] = children.requests(LAYER_ERRORS)
    assert request.equalized == equalized


def test_the_float_file_has_no_errors(tmp_path, children: FakeChildren):
    same = shutil.copy(NET, tmp_path / "copy.tflite")
    errors, note = measure(same, NET, Samples(inputs=inputs(2)))
    assert errors == ()
    assert note == "copy.tflite is the float file: it has no errors by layer."
    assert children.calls == []


def test_a_file_whose_float_file_nobody_knows_is_refused():
    with pytest.raises(UsageError, match="--layers needs the float file") as caught:
        layer_report.check_reference(CONV, None)
    assert "--reference" in caught.value.hint
    assert layer_report.check_reference(CONV, NET) == NET


def test_the_main_graph_is_called_as_the_file_calls_it(tmp_path):
    from edgekit import tflite

    model = tflite.read(NET)
    names = []
    for name in (None, b"", b"serving"):
        model.subgraphs[0].name = name
        (tmp_path / "m.tflite").write_bytes(tflite.to_bytes(model))
        names.append(layer_report.graph_name(tmp_path / "m.tflite"))
    assert names == ["main", "main", "serving"]
