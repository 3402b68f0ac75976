from __future__ import annotations

import ctypes
import importlib.util
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from edgekit.codegen.swift import swift_bundle, swift_source
from edgekit.core import serde
from edgekit.core.bundle_record import Bundle

REPOSITORY = Path(__file__).parents[3]
DEMO = REPOSITORY / "ios_demo"
_CONTRACTS = runpy.run_path(str(Path(__file__).parents[1] / "swift_contracts.py"))
contents: Callable[[Bundle], dict[str, bytes]] = _CONTRACTS["contents"]


@pytest.fixture(scope="module")
def digits() -> Bundle:
    return serde.loads(Bundle, (DEMO / "contract.json").read_text())


def test_the_committed_package_is_what_the_generator_makes(digits: Bundle) -> None:
    folder = DEMO / "Sources" / "Digits" / "Models"
    held = {path.name: path.read_bytes() for path in folder.iterdir()}
    made = swift_bundle.files(digits, held)
    expected = {
        name: data for name, data in made.items() if name.startswith(("Sources/", "Tests/"))
    }
    committed = {
        str(path.relative_to(DEMO)): path.read_bytes()
        for part in ("Sources", "Tests/DigitsTests")
        for path in (DEMO / part).rglob("*")
        if path.is_file()
    }
    assert sorted(committed) == sorted(expected)
    different = [name for name in expected if committed[name] != expected[name]]
    assert different == [], "run `make -C ios_demo bundle`"


def test_a_bundle_is_a_package_with_the_models_as_resources(digits: Bundle) -> None:
    made = swift_bundle.files(digits, contents(digits))
    assert made["Sources/Digits/Models/digits.float32.tflite"] == b"x"
    assert "Sources/CLiteRT/module.modulemap" in made
    manifest = made["Package.swift"].decode()
    assert manifest.startswith("// swift-tools-version:5.9\n")
    assert 'let models = ["Digits"]' in manifest
    assert "let result = try model.run(image: image)" in made["README.md"].decode()
    texts = [data.decode() for name, data in made.items() if "/Models/" not in name]
    assert not [text for text in texts if re.search(r"@[A-Z]+@", text)]


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(_CONTRACTS["bundles"]())
def test_odd_contracts_give_the_same_bytes_each_time_and_different_names(bundle: Bundle) -> None:
    files = contents(bundle)
    made = swift_bundle.files(bundle, files)
    assert made == swift_bundle.files(bundle, files)
    naming = swift_source.Naming.of(bundle)
    identifiers = [naming.type, *naming.inputs.values(), *naming.outputs.values()]
    identifiers += naming.variants.values()
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name) for name in identifiers)
    for scope in (naming.inputs, naming.outputs, naming.variants):
        assert len(set(scope.values())) == len(scope)
    source = made[f"Sources/{naming.type}/{naming.type}.swift"].decode()
    # No name may end a line or a comment: what is not printable is escaped.
    assert len(source.splitlines()) == source.count("\n")


def test_every_function_of_the_header_is_in_the_library() -> None:
    found = importlib.util.find_spec("ai_edge_litert")
    assert found is not None and found.submodule_search_locations
    library = ctypes.CDLL(str(Path(found.submodule_search_locations[0]) / "libLiteRt.so"))
    header = (DEMO / "Sources" / "CLiteRT" / "litert.h").read_text()
    functions = re.findall(r"^(?:LiteRtStatus|void) (LiteRt\w+)\(", header, re.MULTILINE)
    assert len(functions) > 20
    assert [name for name in functions if not hasattr(library, name)] == []
