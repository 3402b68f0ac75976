"""What an output is stands in the comments of every language."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from edgekit.codegen.c import c_bundle
from edgekit.codegen.kotlin import kotlin_bundle
from edgekit.codegen.output_words import output_words
from edgekit.codegen.python import python_bundle
from edgekit.codegen.swift import swift_bundle
from edgekit.core.bundle_record import BundledModel
from edgekit.core.output_kinds import KINDS, Columns
from tests.codegen.c_contracts import filled
from tests.codegen.small_bundle import CLASSES, FLOAT, model, of

DET = replace(
    CLASSES,
    columns=(Columns(kind="boxes", start=0, stop=1), Columns(kind="scores", start=1, stop=2)),
)


def written(language: ModuleType, *models: BundledModel) -> dict[str, bytes]:
    """The files of a bundle in a language."""
    bundle = of(*models)
    contents = {one.golden.file: b"" for one in models}
    return language.files(bundle, filled(bundle, contents))


def test_every_kind_has_words() -> None:
    assert all(output_words(replace(CLASSES, kind=kind)) for kind in KINDS)
    assert output_words(CLASSES) == ""


@pytest.mark.parametrize("language", [c_bundle, kotlin_bundle, python_bundle, swift_bundle])
def test_code_says_what_an_output_is(language) -> None:
    for spec, words in (
        (replace(CLASSES, kind="classes"), "a value for each class, of which the largest counts"),
        (DET, "boxes in column 0, scores in column 1"),
    ):
        files = written(language, model(outputs=(spec,)))
        found = [path for path, data in files.items() if words.encode() in data]
        assert any("json" not in str(path) for path in found), words
    bare = written(language, FLOAT)
    assert not any(words.encode() in data for data in bare.values())
