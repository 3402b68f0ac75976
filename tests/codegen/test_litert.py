"""What stands in for LiteRT declares what LiteRT's public source does, and apps use nothing else.

The tables in checks/litert/ say where and at which release they were read.
"""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from edgekit.codegen.kotlin import kotlin_bundle
from tests.codegen import c_declarations
from tests.codegen.kotlin_declarations import declarations

REPOSITORY = Path(__file__).parents[2]
TABLES = REPOSITORY / "checks/litert"
SHIM = REPOSITORY / "android_demo/litert-desktop/src/main/kotlin/com/google/ai/edge/litert"
KOTLIN = sorted(
    path
    for folder in ("edgekit/codegen/sources/kotlin", "android_demo/app", "android_demo/digits")
    for path in (REPOSITORY / folder).rglob("*.kt")
)
# Types of the language and its library, in signatures of the interface.
_BASIC = set(
    "AutoCloseable Boolean BooleanArray ByteArray Exception FloatArray Int IntArray List LongArray "
    "Map Set String Unit".split()
)


def _table(name: str) -> list[str]:
    lines = (TABLES / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def _release(name: str) -> str:
    found = re.search(r"tag v([\d.]+\d)", (TABLES / name).read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def _shim() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(SHIM.glob("*.kt"))}


def _declared(files: dict[str, str]) -> set[str]:
    return {line for source in files.values() for line in declarations(source)}


def _types(line: str) -> set[str]:
    """The types that a declaration names: words that begin with a capital, behind its own path."""
    path = re.search(r"(?:class|interface|object|fun|va[lr]|constructor|entry) ([\w.]+)", line)
    assert path is not None
    owner = path[1].split(".")[0]
    values = re.sub(r'"[^"]*"|\w+\.\w+', "", line[path.end() :])
    return {owner, *re.findall(r"\b[A-Z]\w*", values)} - {"Companion"}


def test_the_shim_declares_nothing_that_litert_does_not() -> None:
    assert _declared(_shim()) - set(_table("kotlin.txt")) == set()


def test_the_shim_leaves_out_only_what_takes_a_type_it_leaves_out() -> None:
    """So each overload is there, and a call is resolved as it is with LiteRT."""
    shim = _declared(_shim())
    classes = {
        name
        for line in shim
        if (found := re.search(r"class ([\w.]+)", line))
        for name in found[1].split(".")
    }
    for line in set(_table("kotlin.txt")) - shim:
        nested = re.search(r" CompiledModel\.(\w+Options)", line)
        names = _types(line) | ({nested[1]} if nested else set())
        assert names - classes - _BASIC, f"the shim lacks {line}"


# What a careless hand would do to the shim: each makes it other than LiteRT.
_CHANGES = [
    ('signature: String = ""', "signature: String? = null"),
    ('signature: String = ""', "signature: String"),
    ("inputName: String", "name: String"),
    ("signatureIndex: Int = 0", "signatureIndex: Int = 1"),
    ("outputs: Map<String, TensorBuffer>", "outputs: Map<String, TensorBuffer> = mapOf()"),
    ("data: FloatArray", "data: FloatArray?"),
    ("): TensorBuffer ", "): TensorBuffer? "),
    ("fun readFloat(): FloatArray", "fun readFloats(): FloatArray"),
    ("protected override fun destroy", "public override fun destroy"),
    ("protected abstract fun", "abstract fun"),
    ("final override fun close", "override fun close"),
    ("class TensorBuffer internal constructor", "class TensorBuffer constructor"),
    ("internal val accelerators", "val accelerators"),
    ("private val status", "val status"),
    ("(vararg accelerators: Accelerator)", "(accelerators: Accelerator)"),
    ("internal class Side", "class Side"),
    ("internal object Library", "object Library"),
    ("private fun buffers", "fun buffers"),
    ("NPU(3)", "NPU(4)"),
    ("val numThreads: Int?", "var numThreads: Int?"),
]


@pytest.mark.parametrize(("before", "after"), _CHANGES)
def test_a_shim_that_says_otherwise_is_seen(before: str, after: str) -> None:
    name = next(name for name, source in _shim().items() if before in source)
    changed = {name: _shim()[name].replace(before, after, 1)}
    try:
        assert _declared(changed) - set(_table("kotlin.txt"))
    except ValueError as error:  # what others see now has to have a written type
        assert "no written type" in str(error)


def test_a_declaration_more_is_seen_wherever_it_stands() -> None:
    table = set(_table("kotlin.txt"))
    draw = random.Random(12)
    extras = ['fun also(name: String = ""): Int = 1', "val more: Int = 1", "class More", "object O"]
    for name, source in _shim().items():
        public = re.compile(r"^(?:data |abstract )?class \w+(?s:.*?)\{\n", re.MULTILINE)
        for found in public.finditer(source):
            other = source[: found.end()] + f"    {draw.choice(extras)}\n" + source[found.end() :]
            assert _declared({name: other}) - table, name


def test_apps_and_bundles_name_only_what_litert_has() -> None:
    classes = {
        found[1] for line in _table("kotlin.txt") if (found := re.search(r"class ([\w.]+)", line))
    }
    named = set()
    for path in KOTLIN:
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"com\.google\.ai\.edge\.litert\.(\w+)", text))
        named |= set(re.findall(r"\b(CompiledModel(?:\.[A-Z]\w*)+)", text))
    assert named - classes == set()
    assert {"Accelerator", "CompiledModel", "TensorBuffer"} <= named


def test_the_engine_passes_null_for_nothing() -> None:
    """No parameter that it gives is one that LiteRT lets be null without a default of null."""
    source = (REPOSITORY / "edgekit/codegen/sources/kotlin/engine/Engine.kt").read_text("utf-8")
    assert re.findall(r"\bnull\b", source) == []


def test_the_module_takes_the_release_that_the_tables_were_read_at() -> None:
    release = kotlin_bundle._LITERT
    assert {_release(path.name) for path in TABLES.glob("*.txt")} == {release}
    gradle = (REPOSITORY / "android_demo/digits/build.gradle.kts").read_text("utf-8")
    assert f'api("com.google.ai.edge.litert:litert:{release}")' in gradle


HEADER = REPOSITORY / "edgekit/codegen/sources/swift/CLiteRT/litert.h"


def _c_faults(header: str) -> set[str]:
    return set(c_declarations.declarations(header)) - set(_table("c.txt"))


def test_the_c_header_declares_what_litert_does() -> None:
    header = HEADER.read_text(encoding="utf-8")
    found = c_declarations.declarations(header)
    assert _c_faults(header) == set()
    # Nothing in it that the reading of declarations would pass over.
    assert len([line for line in found if "(" in line]) == len(re.findall(r"\bLiteRt\w+\(", header))
    assert len(re.findall(r"\btypedef\b", header)) == 1 + len(
        {re.split(r"[ :]", line)[1] for line in found if re.match("alias|enum|handle|struct", line)}
    )  # and LiteRtEnvOption, which is not looked into


def test_a_header_that_says_otherwise_is_seen() -> None:
    header = HEADER.read_text(encoding="utf-8")
    draw = random.Random(34)
    prototypes = list(
        re.finditer(r"^(LiteRtStatus|void) LiteRt\w+\([^;]*\);", header, re.MULTILINE)
    )
    for prototype in prototypes:
        # Another type or name in one place.
        words = list(re.finditer(r"\w+", prototype[0]))
        word = draw.choice(words)
        other = prototype[0][: word.start()] + "other" + prototype[0][word.end() :]
        if word.start() == 0:
            other = prototype[0].replace(word[0], {"void": "LiteRtStatus"}.get(word[0], "void"), 1)
        changed = header.replace(prototype[0], other)
        assert _c_faults(changed) or len(c_declarations.declarations(changed)) < len(
            c_declarations.declarations(header)
        ), other
    for number in re.finditer(r"= (\d)|\[(\d)\]|: (\d)", header):
        place = number.end() - (number[0][-1] == "]")
        assert _c_faults(f"{header[: place - 1]}{9}{header[place:]}"), number[0]


def test_the_shim_calls_only_what_the_c_library_has() -> None:
    called = set()
    for source in _shim().values():
        for name in re.findall(r'"(LiteRt[^" ]*)"', source):
            called |= {re.sub(r"\$\{.*?\}", kind, name) for kind in ("Input", "Output")}
    known = {found[1] for line in _table("c.txt") if (found := re.search(r"(LiteRt\w+)\(", line))}
    assert len(called) > 20
    assert called - known == set()


_ANDROID = "{http://schemas.android.com/apk/res/android}"
_TOOLS = "{http://schemas.android.com/tools}"


@pytest.mark.parametrize(
    "manifest",
    [
        "edgekit/codegen/sources/kotlin/AndroidManifest.xml",
        "android_demo/digits/src/main/AndroidManifest.xml",
        "android_demo/app/src/main/AndroidManifest.xml",
    ],
)
def test_the_permissions_that_litert_brings_are_removed(manifest: str) -> None:
    root = ET.parse(REPOSITORY / manifest).getroot()
    asked = {
        element.get(f"{_ANDROID}name"): (
            element.get(f"{_TOOLS}node"),
            element.get(f"{_TOOLS}selector", "com.google.ai.edge.litert"),
        )
        for element in root.iter("uses-permission")
    }
    removed = ("remove", "com.google.ai.edge.litert")
    assert asked == dict.fromkeys(_table("permissions.txt"), removed)


@pytest.mark.parametrize(
    "page", ["edgekit/codegen/sources/kotlin/README.md", "android_demo/README.md", "docs/bundle.md"]
)
def test_the_removed_permissions_are_named(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    for permission in _table("permissions.txt"):
        assert f"`{permission.removeprefix('android.permission.')}`" in text
