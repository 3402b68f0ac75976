"""Writes the C bundle of a bundle's models: `generate.py BUNDLE FOLDER`, and prints its prefix.

BUNDLE is a folder with `contract.json` and, somewhere in it, the files that it names: a bundle for
any platform. Converting the model again, which takes TensorFlow, is not needed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from edgekit.codegen.c import c_bundle
from edgekit.codegen.c.c_identifiers import Names
from edgekit.core import serde
from edgekit.core.bundle_record import Bundle


def read(source: Path) -> tuple[Bundle, dict[str, bytes]]:
    """The record of a bundle, and the contents of the files that it names."""
    payload = json.loads((source / "contract.json").read_text(encoding="utf-8"))
    bundle = serde.from_dict(Bundle, payload)
    wanted = {name for model in bundle.models for name in (model.file, model.golden.file)}
    found = {path.name: path for path in source.rglob("*") if path.name in wanted}
    if lacking := sorted(wanted - found.keys()):
        raise SystemExit(f"{source} has no {', '.join(lacking)}")
    return bundle, {name: path.read_bytes() for name, path in found.items()}


def main(source: Path, folder: Path) -> None:
    """Generate and write."""
    bundle, contents = read(source)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in c_bundle.files(bundle, contents).items():
        (folder / name).write_bytes(data)
    print(Names(bundle).prefix, *Names(bundle).variants.values())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
