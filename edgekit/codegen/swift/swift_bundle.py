"""Swift packages: a model with typed code, its files as resources, and its self-test.

```
Package.swift, README.md
Sources/EdgeKitCore/   hand-written, the same in every bundle
Sources/CLiteRT/       LiteRT's C API
Sources/NAME/          generated, with Models/: the .tflite files and golden samples
Tests/NAMETests/       the self-test, as a test of the package
```
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable

from edgekit.codegen import literals
from edgekit.codegen.swift import swift_source
from edgekit.core.bundle_record import Bundle


def files(bundle: Bundle, contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a Swift package.

    Args:
        bundle: The contract.
        contents: What the files of models and of golden samples hold, by name.

    Returns:
        What the package's files hold, by path from its folder.

    Raises:
        ModelError: A tensor that Swift code cannot fill.
    """
    swift_source.check(bundle)
    naming = swift_source.Naming.of(bundle)
    sources = resources.files("edgekit.codegen") / "sources" / "swift"
    result = {
        f"Sources/{module}/{name}": data
        for module in ("EdgeKitCore", "CLiteRT")
        for name, data in _read(sources / module).items()
    }
    name = naming.type
    generated = {
        "Package.swift": _filled(sources / "Package.swift.txt", bundle, naming),
        "README.md": _filled(sources / "README.md", bundle, naming),
        f"Sources/{name}/{name}.swift": swift_source.wrapper(bundle, naming),
        f"Sources/{name}/{name}Result.swift": swift_source.result(bundle, naming),
        f"Sources/{name}/{name}Variant.swift": swift_source.variants(bundle, naming),
        f"Tests/{name}Tests/SelfTests.swift": swift_source.tests(bundle, naming),
    }
    result |= {path: text.encode() for path, text in generated.items()}
    for model in bundle.models:
        for file in (model.file, model.golden.file):
            result[f"Sources/{name}/Models/{file}"] = contents[file]
    return result


def _read(folder: Traversable) -> dict[str, bytes]:
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return {entry.name: entry.read_bytes() for entry in entries if entry.is_file()}


def _filled(template: Traversable, bundle: Bundle, naming: swift_source.Naming) -> str:
    """A hand-written text, with the bundle's names in the places marked `@...@`."""
    call = swift_source.example(bundle, naming)
    return (
        template.read_text(encoding="utf-8")
        .replace("@MODULE@", naming.type)
        .replace("@EXAMPLE@", call)
        .replace("@MODEL@", literals.string(bundle.name, "swift"))
        .replace("@EDGEKIT@", bundle.edgekit)
    )
