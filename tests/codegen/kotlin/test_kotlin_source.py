"""The typed wrapper in Kotlin: what `run` takes, what a result gives, what is copied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit.codegen.kotlin import kotlin_source
from edgekit.codegen.kotlin.kotlin_identifiers import Naming
from edgekit.core.bundle_record import Bundle
from edgekit.core.records import Preprocessing, TensorSpec
from tests.codegen import small_bundle as small


def sources(bundle: Bundle) -> dict[str, str]:
    assets = {path: path for one in bundle.models for path in (one.file, one.golden.file)}
    return kotlin_source.sources(bundle, Naming.of(bundle), assets, "edgekit/pets")


def with_inputs(*inputs: TensorSpec) -> str:
    return sources(small.of(small.model(inputs=inputs)))["Pets.kt"]


@pytest.mark.parametrize(
    ("rules", "raw"),
    [
        (small.IMAGE, "RgbImage"),
        (Preprocessing(kind="audio", window=4), "Sound"),
        (Preprocessing(kind="tabular"), "FloatArray"),
        (Preprocessing(kind="text", vocabulary=("a", "b")), "String"),
    ],
)
def test_run_takes_raw_data_by_the_kind_of_input(rules: Preprocessing, raw: str) -> None:
    dtype = "int32" if rules.kind == "text" else "float32"
    wrapper = with_inputs(replace(small.PLAIN, dtype=dtype, preprocessing=rules))
    assert f"fun run(x: {raw}): PetsResult" in wrapper
    prepared = "IntArray" if rules.kind == "text" else "FloatArray"
    assert f"fun runModelInput(x: {prepared}): PetsResult" in wrapper
    assert "runModelInput(PetsPreprocessing.x.preprocess(x))" in wrapper
    assert (f"import dev.edgekit.core.{raw}\n" in wrapper) == (raw in ("RgbImage", "Sound"))


def test_without_preprocessing_there_is_one_way_to_run() -> None:
    wrapper = with_inputs(small.PLAIN)
    assert "fun run(x: FloatArray): PetsResult" in wrapper
    assert "runModelInput" not in wrapper


def test_several_inputs_have_a_line_each_and_are_written_in_order() -> None:
    wrapper = with_inputs(small.PICTURE, small.PLAIN)
    assert "fun run(\n        photo: RgbImage,\n        x: FloatArray,\n    )" in wrapper
    assert "PetsPreprocessing.photo.preprocess(photo),\n            x,\n" in wrapper
    first = wrapper.index("engine.write(variant.inputs[0], Quantization.store(photo")
    assert first < wrapper.index("engine.write(variant.inputs[1], Quantization.store(x")


def test_the_self_test_looks_at_the_code_that_the_app_uses() -> None:
    wrapper = sources(small.PETS)["Pets.kt"]
    assert 'golden.problemsOfLabels("probs", PetsLabels.probs)' in wrapper
    assert "PetsPreprocessing.photo.preprocess(it.image)" in wrapper


@pytest.mark.parametrize(
    ("outputs", "tops"),
    [
        ((small.CLASSES,), ["fun top(k: Int = 2)"]),
        ((small.CLASSES, replace(small.CLASSES, name="breed")), ["fun topProbs(", "fun topBreed("]),
        # Neither labels for other places, nor a picture, nor one number are classes.
        ((replace(small.CLASSES, labels=("a",)),), []),
        ((replace(small.CLASSES, shape=(1, 2, 2), labels=()),), []),
        ((replace(small.CLASSES, shape=(1, 1), labels=()),), []),
    ],
)
def test_classes_have_a_top(outputs: tuple[TensorSpec, ...], tops: list[str]) -> None:
    result = sources(small.of(small.model(outputs=outputs)))["PetsResult.kt"]
    assert result.count("fun top") == len(tops)
    assert all(top in result for top in tops)


def test_there_is_no_contract_where_it_would_be_empty() -> None:
    bare = small.of(small.model(inputs=(small.PLAIN,), outputs=(small.PLAIN,)))
    assert set(sources(bare)) == {
        "Pets.kt",
        "PetsVariant.kt",
        "PetsResult.kt",
        "PetsAndroid.kt",
    }
    assert "PetsContract.kt" in sources(small.PETS)


def test_the_installed_version_is_another_when_a_file_is() -> None:
    before = sources(small.PETS)["PetsAndroid.kt"]
    changed = replace(small.FLOAT, sha256="a" * 64)
    after = sources(small.of(changed, small.INT8))["PetsAndroid.kt"]
    assert before != after
    assert sources(small.PETS)["PetsAndroid.kt"] == before
