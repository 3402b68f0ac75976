"""Make the Python bundle of a bundle's own record and files, and print its package's name.

    python python_bundle.py BUNDLE OUT

BUNDLE holds `contract.json` and, at any depth, the files that it names. Needs edgekit, and nothing
that converts models.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edgekit.codegen.python import python_bundle
from edgekit.core import serde
from edgekit.core.bundle_record import Bundle


def main() -> None:
    """Write the bundle named on the command line as a Python package into OUT."""
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    bundle = serde.loads(Bundle, (source / "contract.json").read_text(encoding="utf-8"))
    names = [name for model in bundle.models for name in (model.file, model.golden.file)]
    contents = {name: next(iter(sorted(source.rglob(name)))).read_bytes() for name in names}
    for path, content in python_bundle.files(bundle, contents).items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(content)
    print(next(out.glob("*/__main__.py")).parent.name)


if __name__ == "__main__":
    main()
