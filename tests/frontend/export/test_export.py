"""A Keras model becomes one float `.tflite` that computes the same, name by name."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import convert, tflite
from edgekit.core import isolate, serde
from edgekit.core.errors import (
    DataError,
    ExportError,
    FidelityError,
    FlexError,
)
from edgekit.core.process import Process
from edgekit.core.records import ConvertOptions, Limits
from edgekit.data.export_messages import EXPORT, ExportRequest
from edgekit.data.samples import Samples
from edgekit.measure.fidelity import sqnr_db

pytestmark = pytest.mark.convert
HERE = Path(__file__).parent
QUIET = {
    **os.environ,
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
}

Export = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="module")
def export(folder: Path) -> Iterator[Export]:
    """`export(name, **request)`: build that model and export it, in one child for all."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    command = [sys.executable, str(HERE / "export_worker.py"), str(folder)]
    with Process(command, name="the export worker", limits=Limits(seconds=200), env=QUIET) as child:

        def run(name: str, **request: Any) -> dict[str, Any]:
            result: dict[str, Any] = child.request({"name": name, **request})
            assert "internal_error" not in result, result["internal_error"]
            return result

        yield run


def answers(path: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What LiteRT computes, by the signature's names; unknown sizes follow the sample."""
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_path=path).get_signature_runner()
    rows = [
        run(**{k: v[i : i + 1] for k, v in inputs.items()})
        for i in range(len(next(iter(inputs.values()))))
    ]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def operators(result: dict[str, Any]) -> set[str]:
    return {op.name for op in tflite.operators(tflite.read(Path(result["out"])))}


def agreement(result: dict[str, Any]) -> float:
    """The lowest SQNR of any output on the golden samples; names and types must be equal."""
    golden = Samples.load(Path(result["golden_out"]))
    got = answers(result["out"], golden.inputs)
    assert sorted(got) == sorted(golden.reference)
    assert all(got[name].dtype == golden.reference[name].dtype for name in got)
    return min(sqnr_db(golden.reference[name], got[name]) for name in got)


@pytest.mark.parametrize(
    "name",
    [
        *("masked", "embedding_any", "subclassed", "mixed", "mixed_k2", "image_k2", "slash_k2"),
        *("lstm", "lstm_k2", "gru", "gru_k2", "bidirectional", "states", "states_k2"),
        *("embedding", "embedding_k2", "attention", "attention_k2"),
        *("convolutions", "convolutions_k2", "unet", "unet_k2"),
        *("preprocessing", "preprocessing_k2", "nested", "nested_k2"),
        *("lstm_export", "lstm_k2_saved", "states_export", "states_k2_saved"),
        "bidirectional_export",
    ],
)
def test_a_model_agrees_with_keras_in_builtin_operators(export: Export, name: str) -> None:
    result = export(name)
    # States of a fused LSTM would outlive a sample: the second one would differ from Keras.
    assert not {op for op in operators(result) if "Flex" in op or "SEQUENCE" in op}
    assert agreement(result) > 100
    assert all(spec["shape"][0] == 1 for spec in result["contract"]["inputs"])


@pytest.mark.parametrize("name", ["pair", "pair_k2", "pair_export", "pair_k2_saved"])
def test_inputs_and_outputs_are_bound_by_name(export: Export, folder: Path, name: str) -> None:
    result = export(name)
    kept = np.load(folder / f"{name}.keras.npz")
    inputs = {key[3:]: kept[key] for key in kept.files if key.startswith("in:")}
    got = answers(result["out"], inputs)
    # `model.export` names outputs by number, in the model's order: odd, even.
    odd, even = ("output_0", "output_1") if name == "pair_export" else ("odd", "even")
    assert sqnr_db(kept["out:0"], got[odd]) > 100
    assert sqnr_db(kept["out:1"], got[even]) > 100
    swapped = answers(result["out"], {"zebra": inputs["ant"], "ant": inputs["zebra"]})
    assert sqnr_db(kept["out:0"], swapped[odd]) < 20


def test_names_that_are_no_identifiers_survive(export: Export) -> None:
    result = export("names")
    contract = tflite.contract(Path(result["out"]))
    assert {spec.name for spec in contract.inputs} == {"my input", "größe"}
    assert {spec.name for spec in contract.outputs} == {"the.output", "9_lives"}
    assert agreement(result) > 100
    slashes = tflite.contract(Path(export("slash_k2")["out"]))
    assert [spec.name for spec in (*slashes.inputs, *slashes.outputs)] == ["x/y", "a/b"]


@pytest.mark.parametrize(("name", "sizes"), [("image", (9, 14)), ("embedding_any", (3, 11))])
def test_unknown_sizes_stay_open(export: Export, name: str, sizes: tuple[int, int]) -> None:
    result = export(name)
    (note,) = [note for note in result["notes"] if "unknown sizes" in note]
    assert "--input-shape x=1,N" in note
    (spec,) = tflite.contract(Path(result["out"])).inputs
    assert -1 in spec.shape
    rng = np.random.default_rng(0)
    for size in sizes:
        shape = [1, *(size if n == -1 else n for n in spec.shape[1:])]
        x = rng.integers(0, 11, shape) if spec.dtype == "int32" else rng.normal(size=shape)
        (got,) = answers(result["out"], {"x": x.astype(spec.dtype)}).values()
        fixed = export(name, stem=f"{name}_{size}", input_shapes={"x": shape})
        (same,) = answers(fixed["out"], {"x": x.astype(spec.dtype)}).values()
        assert fixed["notes"] == []
        assert tflite.contract(Path(fixed["out"])).inputs[0].shape == tuple(shape)
        assert sqnr_db(same, got) > 100


def test_synthetic_ids_stay_inside_the_table(export: Export) -> None:
    golden = Samples.load(Path(export("embedding")["golden_out"]))
    assert golden.inputs["x"].dtype == np.int32
    assert 2 < golden.inputs["x"].max() < 11


@pytest.mark.parametrize("name", ["twice", "twice_k2"])
def test_an_output_may_be_an_input_or_appear_twice(export: Export, name: str) -> None:
    result = export(name)
    assert agreement(result) > 100
    golden = Samples.load(Path(result["golden_out"]))
    got = answers(result["out"], golden.inputs)
    assert len(got) == 3
    np.testing.assert_array_equal(got["x"], golden.inputs["x"])
    np.testing.assert_array_equal(got["y"], got["y_1"])


@pytest.mark.parametrize("name", ["integers", "integers_k2"])
def test_integer_outputs_keep_their_type(export: Export, name: str) -> None:
    result = export(name)
    (spec,) = tflite.contract(Path(result["out"])).outputs
    assert (spec.name, spec.dtype) == ("square", "int32")
    x = np.array([[1, -2, 3, 40]], np.int32)
    np.testing.assert_array_equal(answers(result["out"], {"x": x})["square"], x * x)


@pytest.mark.parametrize("name", ["unused", "unused_k2"])
def test_an_unused_input_stays_in_the_signature(export: Export, name: str) -> None:
    result = export(name)
    assert {s.name for s in tflite.contract(Path(result["out"])).inputs} == {"x", "spare"}
    assert agreement(result) > 100


@pytest.mark.parametrize("name", ["argmax", "erf", "inverse", "pool3d", "bicubic"])
def test_what_tflite_has_no_operator_for_is_computed_by_others(export: Export, name: str) -> None:
    result = export(name)
    assert not {op for op in operators(result) if "Flex" in op}
    assert agreement(result) > 80


@pytest.mark.parametrize(
    ("name", "operator_names", "where"),
    [
        ("spectrum", {"Svd"}, "layer my_spectrum"),
        ("two_flex", {"SelfAdjointEigV2", "Svd"}, "layer first, second"),
        ("hashing", {"AsString", "StringToHashBucketFast"}, "layer buckets"),
        ("integer_sum", {"BiasAdd"}, "layer sum"),
    ],
)
def test_flex_operators_are_refused_with_their_layer(
    export: Export, name: str, operator_names: set[str], where: str
) -> None:
    with pytest.raises(FlexError) as caught:
        export(name)
    received = caught.value.received or ""
    place = r"(?:, (?:at|in) the |$)"  # of what works on text nothing more is said
    named = re.match(r"([\w, ]+) in (layer [\w, ]+?)(?: \([\w., ]+\))?" + place, received)
    assert named, received
    assert set(named[1].split(", ")) == operator_names
    assert named[2] == where


def test_text_vectorization_is_refused_by_its_layer(export: Export) -> None:
    with pytest.raises(FlexError, match=r"StringSplitV2 in layer tokens"):
        export("vectorized")


def test_nobody_can_make_up_text(export: Export) -> None:
    with pytest.raises(DataError, match="cannot be made for an input of text"):
        export("strings")


def test_a_name_that_tensorflow_cannot_trace_is_no_flex_operator(export: Export) -> None:
    with pytest.raises(ExportError, match="'two words' is not a valid scope name") as caught:
        export("bad_scope")
    assert not isinstance(caught.value, FlexError)


def test_the_same_model_gives_the_same_bytes_in_every_process(export: Export) -> None:
    first = export("unet")
    again = export("unet", stem="again")
    digests = {hashlib.sha256(Path(r["out"]).read_bytes()).hexdigest() for r in (first, again)}
    request = serde.from_dict(ExportRequest, first["request"])
    other = Path(first["out"] + ".other")
    request = replace(request, out=other, custom_objects=None)
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = "12345"
    try:
        isolate.call(
            EXPORT,
            request,
            name="the exporter",
            limits=Limits(seconds=200),
            writable=[other.parent],
        )
    finally:
        del os.environ["PYTHONHASHSEED"]
        if before is not None:
            os.environ["PYTHONHASHSEED"] = before
    digests.add(hashlib.sha256(other.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_model_that_is_random_at_inference_is_refused(
    export: Export, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The export alone succeeds: only the comparison with Keras shows it.
    assert "RANDOM_STANDARD_NORMAL" in operators(export("noisy"))
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    with pytest.raises(FidelityError, match=r"at least 80 dB(.|\n)*random at inference"):
        convert(
            folder / "noisy.keras",
            output=tmp_path,
            custom_objects="export_layers:OBJECTS",
            options=ConvertOptions(recipes=("float32",)),
        )
    assert not list(tmp_path.iterdir())


def test_the_signature_has_tensorflows_usual_key(export: Export) -> None:
    (signature,) = tflite.read(Path(export("names")["out"])).signatureDefs
    assert signature.signatureKey == b"serving_default"


# The layers that the file's operators come from.
LAYERS = {
    # Nothing but an output comes from `odd` and `even`: no weight tells them.
    "pair": {"even", "lean", "odd"},
    "pair_k2": {"even", "lean", "odd"},
    "pair_export": {"even", "lean", "odd"},
    "pair_k2_saved": {"even", "lean", "odd"},
    # Keras 3 numbers calls: `dense_1` is the first of `dense`, `dense_1_2` that of `dense_1`.
    "nested": {"dense", "dense_1", "y"},
    "nested_k2": {"dense", "dense_1", "y"},
    "unet": {"conv2d", "max_pooling2d", "conv2d_1", "up_sampling2d", "concatenate", "mask"},
    "unet_k2": {"conv2d", "max_pooling2d", "conv2d_1", "up_sampling2d", "concatenate", "mask"},
    # Layers made of layers: the person named the outer one.
    "attention": {"heads", "skip", "y"},
    "attention_k2": {"heads", "skip", "y"},
    "bidirectional": {"bidirectional", "y"},
    "bidirectional_k2": {"bidirectional", "y"},
    # A SavedModel names no layer in its loops.
    "states_k2_saved": {"cell", "y"},
    "states_export": {"cell", "y"},
    "subclassed": {"first", "last"},
    "names": {"the.output", "9_lives"},
    "slash_k2": {"a/b"},
    "convolutions": {"c1", "c2", "c3", "up1", "up2", "up3"},
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_operator_is_told_by_the_layer_that_the_person_named(
    export: Export, name: str
) -> None:
    model = tflite.read(Path(export(name)["out"]))
    assert {op.layer for op in tflite.operators(model)} == LAYERS[name]


def test_operators_between_layers_are_the_models(export: Export) -> None:
    model = tflite.read(Path(export("masked")["out"]))
    found = {op.layer for op in tflite.operators(model)}
    # Keras computes the mask outside of any layer. Its names number the models it made.
    assert {re.sub(r"_\d+$", "", layer) for layer in found} == {"mask", "gru", "functional", "y"}


@pytest.mark.parametrize("name", ["nested", "states", "attention_k2"])
def test_computed_tensors_have_names_of_their_own(export: Export, name: str) -> None:
    model = tflite.read(Path(export(name)["out"]))
    names = [t.name for op in tflite.operators(model) for t in op.outputs]
    assert len(names) == len(set(names))


def test_quantized_files_name_the_same_layers(export: Export) -> None:
    from edgekit.core.recipes import RECIPES
    from edgekit.quantize.rewrite import engine

    content = Path(export("unet")["out"]).read_bytes()
    quantized = engine.quantize(content, RECIPES["dynamic_wi8_afp32"], None)
    before, after = (
        [(op.name, op.layer) for op in tflite.operators(tflite.read(file))]
        for file in (content, quantized)
    )
    assert before == after
