"""The README of a C bundle names the files and functions that are in it."""

from __future__ import annotations

import re

from edgekit.codegen.c import c_bundle, c_readme
from edgekit.codegen.c.c_identifiers import Names
from tests.codegen import small_bundle as small
from tests.codegen.c_contracts import filled


def test_every_name_in_it_is_one_of_the_bundles() -> None:
    contents = {one.golden.file: b"" for one in small.PETS.models}
    files = c_bundle.files(small.PETS, filled(small.PETS, contents))
    text = c_readme.readme(small.PETS, Names(small.PETS))
    assert files["README.md"].decode() == text
    sources = "".join(data.decode() for name, data in files.items() if name.endswith((".c", ".h")))
    for name in re.findall(r"`(\w+\.[ch])`", text):
        assert name in files
    for function in re.findall(r"(pets_\w+)\(", text):
        assert re.search(rf"\b{function}\(", sources), function
    assert "float values[PETS_PROBS_COUNT];" in text
    assert "#define PETS_PROBS_COUNT 2" in sources or "PETS_PROBS_COUNT = 2" in sources


def test_each_variant_has_its_row_and_the_first_is_compiled() -> None:
    text = c_readme.readme(small.PETS, Names(small.PETS))
    rows = [line for line in text.splitlines() if "golden samples |" in line]
    assert rows == [
        "| `pets_float32.c` | 12,345 bytes of model, and 2 golden samples |",
        "| `pets_static_wi8_ai8.c` | 12,345 bytes of model, and 2 golden samples |",
    ]
    assert "pets.c pets_float32.c\n" in text
    assert "{" + "prefix}" not in text
