"""A Swift package of wrong bundles, and a program that runs their self-tests.

`mutants.py FOLDER BUNDLE..` writes a module for the right one and each mutant of
`tests/codegen/mutants.py`, and the program `RunMutants`. A bundle is a folder with `contract.json`
and, somewhere in it, the files that it names.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from edgekit.codegen.swift import swift_bundle, swift_source
from edgekit.codegen.swift.swift_expressions import text
from tests.codegen.mutants import mutants

sys.path.insert(0, str(Path(__file__).parents[2] / "checks" / "c"))
from generate import read


def main(folder: Path, *sources: Path) -> None:
    """Write all of them."""
    modules: list[str] = []
    lines = []
    for source in sources:
        record, contents = read(source)
        for name, wrong, theirs in [("right", record, contents), *mutants(record, contents)]:
            named = replace(wrong, name=f"mutant{len(modules)}")
            module = swift_source.Naming.of(named).type
            for path, data in swift_bundle.files(named, theirs).items():
                if path.startswith("Sources/") or path == "Package.swift":
                    place = folder / path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(data)
            modules.append(module)
            lines += [
                f"for variant in {module}Variant.allCases {{",
                f"  let report = try? {module}(variant: variant).selfTest()",
                f"  let (model, mutant) = ({text(record.name)}, {text(name)})",
                '  print("\\(model)|\\(mutant)|\\(variant.rawValue)|\\(report?.passed ?? false)")',
                "}",
            ]
    manifest = (folder / "Package.swift").read_text(encoding="utf-8")
    listed = ", ".join(text(module) for module in modules)
    lines_of = manifest.splitlines(keepends=True)
    manifest = "".join(
        f"let models = [{listed}]\n" if line.startswith("let models = ") else line
        for line in lines_of
        if ".testTarget(" not in line
    ).replace(
        "targets: litert + [",
        "targets: litert + [\n    .executableTarget(\n"
        '      name: "RunMutants", dependencies: models.map { .target(name: $0) }),',
    )
    (folder / "Package.swift").write_text(manifest, encoding="utf-8")
    program = [*(f"import {module}" for module in modules), "", *lines, ""]
    (folder / "Sources" / "RunMutants").mkdir()
    (folder / "Sources" / "RunMutants" / "main.swift").write_text("\n".join(program))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
