"""The module of a Python bundle: its class, outputs and labels, as source that runs."""

from __future__ import annotations

import ast
import inspect
import sys
import types
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgekit.codegen.python import python_module
from edgekit.codegen.sources.python import _tensors
from edgekit.core.bundle_record import Bundle
from edgekit.core.records import Preprocessing, TensorSpec
from tests.codegen import small_bundle as small


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of a bundle, with a model that gives back what it was given."""

    class Echo:
        def __init__(self, variant: str, num_threads: int, labels: dict[str, Any]) -> None:
            self.given = (variant, num_threads, labels)

        def run(self, inputs: dict[str, Any]) -> dict[str, Any]:
            return {"probs": np.array([0.2, 0.8]), **inputs}

        run_inputs = run

    def make(bundle: Bundle) -> types.ModuleType:
        fake = types.ModuleType("generated._model")
        fake.__dict__.update(Model=Echo, OutputCheck=object, SelfTest=object)
        module = types.ModuleType("generated")
        module.__path__, module.__package__ = [], "generated"
        for name, one in (("", module), ("._model", fake), ("._tensors", _tensors)):
            monkeypatch.setitem(sys.modules, f"generated{name}", one)
        source = python_module.module(bundle, "generated")
        exec(compile(source, "generated", "exec", dont_inherit=True), module.__dict__)
        return module

    return make


def test_a_program_loads_a_variant_and_runs_it(load: Any) -> None:
    module = load(small.PETS)
    assert module.VARIANTS == ("float32", "static_wi8_ai8")
    assert module.PROBS_LABELS == ("cat", "dog")
    model = module.Pets(num_threads=2)
    assert model._model.given == ("float32", 2, {"probs": ("cat", "dog")})
    outputs = model.run(photo=np.zeros((2, 2)))
    assert [score.label for score in outputs.top_probs(1)] == ["dog"]
    assert set(module.__all__) <= set(vars(module))


def test_several_tensors_are_parameters_and_fields_by_name(load: Any) -> None:
    other = replace(small.PLAIN, name="Other Tensor:0")
    module = load(small.of(small.model(inputs=(small.PICTURE, other), outputs=(other,))))
    run = inspect.signature(module.Pets.run)
    assert list(run.parameters) == ["self", "photo", "other_tensor_0"]
    made = module.Pets().run(photo=1, other_tensor_0=np.arange(4))
    np.testing.assert_array_equal(made.other_tensor_0, np.arange(4))


@pytest.mark.parametrize(
    ("output", "has_top"),
    [
        (small.CLASSES, True),
        (replace(small.CLASSES, labels=()), True),
        (replace(small.CLASSES, shape=(1, 1), labels=()), False),
        (replace(small.CLASSES, shape=(1, 1), labels=("only",)), True),
        (replace(small.CLASSES, shape=(1, 2, 2), labels=()), False),
    ],
)
def test_classes_have_their_largest_values(output: TensorSpec, has_top: bool) -> None:
    source = python_module.module(small.of(small.model(outputs=(output,))), "pets")
    assert ("def top_probs(" in source) == has_top


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (Preprocessing(kind="audio", window=4, sample_rate=8000), "at 8000 samples a second."),
        (Preprocessing(kind="tabular", columns=("a",)), 'Numbers of shape (4,): "a".'),
        (Preprocessing(kind="text", vocabulary=("a",)), "One string."),
        (Preprocessing(), "Real values of shape (4,)."),
    ],
)
def test_what_run_takes_is_documented(rules: Preprocessing, words: str) -> None:
    spec = replace(small.PLAIN, preprocessing=rules)
    source = python_module.module(small.of(small.model(inputs=(spec,))), "pets")
    tree = ast.parse(source, feature_version=(3, 9))
    classes = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}
    run = next(n for n in classes["Pets"].body if getattr(n, "name", "") == "run")
    assert words in " ".join((ast.get_docstring(run) or "").split())
    assert "import os" not in source  # only pictures may be files


def test_quantized_outputs_are_real_numbers() -> None:
    source = python_module.module(small.of(small.INT8), "pets")
    assert "probs: float32 of shape (2,); probabilities.\n" in source


@pytest.mark.parametrize("name", ["model", "any", "class", "数字", '"""', "a\nb\\"])
def test_a_models_name_is_an_identifier_and_ends_no_text(name: str) -> None:
    bundle = small.of(small.model(), name=name)
    ast.parse(python_module.module(bundle, "p"))
    assert python_module.class_name(bundle).isidentifier()
    assert python_module.class_name(bundle) not in ("Model", "Any")
