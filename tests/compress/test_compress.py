"""The pruning stage, in its real child: what it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit import tflite
from edgekit.compress.compress_messages import (
    PRUNE,
    PRUNE_BY_SPARSITY,
    KerasSource,
    PruneRequest,
    SparsitiesRequest,
)
from edgekit.core import isolate
from edgekit.core.errors import UsageError
from edgekit.core.records import ConvertOptions, Limits, Pruning
from edgekit.data.samples import Samples
from edgekit.search import run_model

pytestmark = [pytest.mark.convert, pytest.mark.slow]


@pytest.fixture(scope="module")
def float_file(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("float")
    [made] = edgekit.convert(
        digits / "digits.keras", output=folder, options=ConvertOptions(recipes=("float32",))
    )
    return Path(made.path)


@pytest.fixture
def request_of(digits: Path, float_file: Path, tmp_path: Path):
    """A request to prune digits, with four samples as proof."""
    contract = tflite.contract(float_file)
    [spec] = contract.inputs
    values = np.random.default_rng(3).random((4, *spec.shape[1:]), np.float32)
    Samples(inputs={spec.name: values}).save(tmp_path / "proof.npz")

    def request(pruning: Pruning) -> PruneRequest:
        return PruneRequest(
            source=KerasSource(model=digits / "digits.keras", contract=contract),
            pruning=pruning,
            proof=tmp_path / "proof.npz",
            float_bytes=float_file.stat().st_size,
            out=tmp_path / "pruned.tflite",
            keras_out=tmp_path / "pruned.keras",
            outputs_out=tmp_path / "outputs.npz",
        )

    return request


def _call(request: PruneRequest):
    folder = request.out.parent
    return isolate.call(PRUNE, request, name="It", limits=Limits(), writable=[folder])


def test_the_file_is_smaller_and_computes_what_the_keras_model_does(request_of, float_file):
    request = request_of(Pruning(method="structured", sparsity=0.25))
    result = _call(request)
    [step] = result.steps
    assert step.name == "prune"
    assert step.numbers["parameters"] < step.numbers["parameters_before"]
    assert f"{int(step.numbers['parameters']):,} parameters" in step.summary
    assert request.out.stat().st_size < float_file.stat().st_size
    assert request.keras_out.is_file()
    model = tflite.read(request.out)
    [output] = tflite.contract(request.out).outputs
    with np.load(request.outputs_out) as outputs:
        assert set(outputs) == {f"prune/{output.name}"}
        expected = outputs[f"prune/{output.name}"]
    samples = Samples.load(request.proof)
    got = run_model.outputs(model, samples)[output.name]
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_a_size_that_weights_alone_cannot_reach_is_refused(request_of):
    with pytest.raises(UsageError, match="only its weights shrink") as caught:
        _call(request_of(Pruning(method="structured", to_size=0.01)))
    assert "to_size 0.01" in caught.value.received
    assert caught.value.hint


def test_sparsities_that_take_the_same_channels_give_one_file(request_of, tmp_path):
    request = request_of(Pruning(method="structured", sparsity=0.5))
    made = isolate.call(
        PRUNE_BY_SPARSITY,
        SparsitiesRequest(
            source=request.source,
            pruning=request.pruning,
            sparsities=(0.25, 0.2501, 0.5),
            folder=tmp_path,
        ),
        name="It",
        limits=Limits(),
        writable=[tmp_path],
    )
    assert [file.sparsity for file in made.files] == [0.25, 0.5]
    sizes = [file.path.stat().st_size for file in made.files]
    assert sizes[0] > sizes[1]
