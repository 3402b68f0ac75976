"""Android bundles, as far as their text tells; `make -C android_demo check` compiles and runs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings

from edgekit.codegen.kotlin import kotlin_bundle, kotlin_identifiers
from edgekit.core import serde
from edgekit.core.bundle_record import Bundle
from tests.codegen import kotlin_contracts as made

DEMO = Path(__file__).parents[3] / "android_demo"


def _digits() -> tuple[Bundle, dict[str, bytes]]:
    import json

    bundle = serde.from_dict(Bundle, json.loads((DEMO / "digits/contract.json").read_text()))
    assets = DEMO / "digits/src/main/assets/edgekit/digits"
    return bundle, {path.name: path.read_bytes() for path in assets.iterdir()}


def _kotlin(files: dict[str, bytes]) -> dict[str, str]:
    return {path: text.decode() for path, text in files.items() if path.endswith(".kt")}


def test_the_demo_holds_exactly_the_bundle() -> None:
    files = kotlin_bundle.files(*_digits())
    held = {
        str(path.relative_to(DEMO))
        for folder in ("core", "digits")
        for path in (DEMO / folder).rglob("*")
        if path.is_file() and not {"build", ".gradle"} & set(path.relative_to(DEMO).parts)
    }
    assert held - {"digits/contract.json"} == set(files) - {"README.md"}
    for path in held - {"digits/contract.json"}:
        assert (DEMO / path).read_bytes() == files[path], f"{path}: make -C android_demo bundle"


def test_the_readme_names_the_module_and_its_variants() -> None:
    text = kotlin_bundle.files(*_digits())["README.md"].decode()
    assert 'include(":core", ":digits")' in text
    assert "`STATIC_WI8_AI8`" in text and "`FLOAT32`" in text
    assert not re.search(r"\b(MODULE|TYPE|NAME|LITERT|VARIANTS|FIRST)\b", text)


def test_the_core_knows_neither_android_nor_litert() -> None:
    for path, text in _kotlin(kotlin_bundle.files(*_digits())).items():
        if path.startswith("core/"):
            assert not re.search(r"^import (android|com\.google)", text, re.MULTILINE), path


def test_only_two_files_of_a_module_need_android() -> None:
    needing = {
        path.rsplit("/", 1)[1]
        for path, text in _kotlin(kotlin_bundle.files(*_digits())).items()
        if re.search(r"^import android", text, re.MULTILINE)
    }
    assert needing == {"ModelFiles.kt", "DigitsAndroid.kt"}


@settings(max_examples=25)
@given(made.bundles())
def test_any_contract_gives_the_same_files_each_time_and_in_ascii_places(
    drawn: tuple[Bundle, dict[str, bytes]],
) -> None:
    bundle, contents = drawn
    files = kotlin_bundle.files(bundle, contents)
    assert files == kotlin_bundle.files(bundle, dict(reversed(contents.items())))
    for path in files:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", path)
    assert set(contents.values()) <= set(files.values())
    naming = kotlin_identifiers.Naming.of(bundle)
    for name in (naming.type, *naming.inputs.values(), *naming.outputs.values()):
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name)
    assert len(set(naming.variants.values())) == len(bundle.models)


@settings(max_examples=25)
@given(made.bundles())
def test_no_name_ends_a_comment_or_a_string(drawn: tuple[Bundle, dict[str, bytes]]) -> None:
    for path, text in _kotlin(kotlin_bundle.files(*drawn)).items():
        code = _code(text)
        assert code.count("(") == code.count(")"), path
        assert code.count("{") == code.count("}"), path
        assert code.isascii(), path


def _code(text: str) -> str:
    """Kotlin without its comments and strings, read as the language has them: comments nest."""
    token = re.compile(r'/\*|\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"')
    kept, depth, place = "", 0, 0
    while match := token.search(text, place):
        if depth == 0:
            kept += text[place : match.start()]
        place = match.end()
        if depth and match[0] not in ("/*", "*/"):
            place = match.start() + 1  # a quote or a slash inside a comment is none
        depth += {"/*": 1, "*/": -1}.get(match[0], 0)
        assert depth >= 0
    assert depth == 0
    return kept + text[place:]


def test_the_odd_contracts_are_the_same_each_time_and_of_every_kind() -> None:
    first, again = made.examples(8), made.examples(8)
    assert [bundle for bundle, _ in first] == [bundle for bundle, _ in again]
    packages = [kotlin_identifiers.Naming.of(bundle).package for bundle, _ in first]
    assert len(set(packages)) == len(packages) == 8


def test_names_that_assets_cannot_have_are_replaced() -> None:
    bundle, contents = _digits()
    model = replace(bundle.models[0], file="Größe 1.tflite")
    odd = replace(bundle, models=(model, bundle.models[1]))
    contents["Größe 1.tflite"] = contents[bundle.models[0].file]
    files = kotlin_bundle.files(odd, contents)
    assets = sorted(path.rsplit("/", 1)[1] for path in files if "/assets/" in path)
    assert assets == [
        "model0.golden.bin", "model0.tflite", "model1.golden.bin", "model1.tflite"
    ]  # fmt: skip
    variants = next(
        text for path, text in _kotlin(files).items() if path.endswith("DigitsVariant.kt")
    )
    assert 'file = "model0.tflite"' in variants and "Größe" not in variants
