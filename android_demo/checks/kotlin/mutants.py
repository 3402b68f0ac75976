"""Kotlin of wrong bundles, each a module of its own, and a program that runs their self-tests.

`mutants.py FOLDER BUNDLE..` writes `FOLDER/NUMBER` for the right one and each mutant of
`tests/codegen/mutants.py`, and `FOLDER/Mutants.kt`. A bundle is a folder with `contract.json` and,
somewhere in it, the files that it names.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from edgekit.codegen.kotlin import kotlin_bundle, kotlin_identifiers
from edgekit.codegen.kotlin.kotlin_identifiers import quoted
from tests.codegen.mutants import mutants

sys.path.insert(0, str(Path(__file__).parents[3] / "checks" / "c"))
from generate import read


def main(folder: Path, *sources: Path) -> None:
    """Write all of them."""
    folder.mkdir(parents=True)
    lines, imports = [], []
    for source in sources:
        record, contents = read(source)
        for name, wrong, theirs in [("right", record, contents), *mutants(record, contents)]:
            number = len(imports)
            named = replace(wrong, name=f"mutant{number}")
            naming = kotlin_identifiers.Naming.of(named)
            for path, data in kotlin_bundle.files(named, theirs).items():
                # The core is the same for all, compiled once; Gradle's scripts are not Kotlin's.
                if not path.startswith("core/") and "/src/" in path:
                    place = folder / str(number) / path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(data)
            assets = f"{number}/{naming.package}/src/main/assets/edgekit/{naming.package}"
            imports.append(f"import dev.edgekit.{naming.package}.*")
            lines.append(
                f"    for (v in {naming.type}Variant.entries) {naming.type}(File(folder, "
                f"{quoted(assets)}), v).use {{\n        tell({quoted(record.name)}, "
                f"{quoted(name)}, v.label, it.selfTest())\n    }}"
            )
    text = [
        *imports,
        "import dev.edgekit.core.SelfTestReport",
        "import java.io.File",
        "",
        "private fun tell(model: String, mutant: String, variant: String, of: SelfTestReport) =",
        '    println("$model|$mutant|$variant|${of.passed}")',
        "",
        "fun main(arguments: Array<String>) {",
        "    val folder = File(arguments[0])",
        *lines,
        "}",
        "",
    ]
    (folder / "Mutants.kt").write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
