"""The runtime packages that edgekit can run, one table, and what each needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgekit.core.arguments import checked
from edgekit.core.errors import UsageError
from edgekit.core.records import Target
from edgekit.core.suggest import nearest


@dataclass(frozen=True)
class Package:
    """What an environment for a runtime must look like.

    `pythons` are the CPython minor versions that have wheels, lowest and highest.
    `numpy` pins NumPy where the runtime needs an old one, by Python minor version, with
    `None` for all others. `systems` are the values of `sys.platform` that have wheels.
    """

    distribution: str
    module: str
    pythons: tuple[int, int]
    systems: tuple[str, ...]
    numpy: dict[int | None, str]
    example: str


PACKAGES: dict[str, Package] = {
    "litert": Package(
        distribution="ai-edge-litert",
        module="ai_edge_litert",
        pythons=(10, 14),
        systems=("linux", "darwin", "win32"),
        numpy={},
        example="2.1.0",
    ),
    # The last release was built before NumPy 2, and for Linux alone.
    "tflite-runtime": Package(
        distribution="tflite-runtime",
        module="tflite_runtime",
        pythons=(8, 11),
        systems=("linux",),
        numpy={8: "1.24.4", None: "1.26.4"},
        example="2.14.0",
    ),
}

_VERSION = re.compile(r"\d+(\.\d+)*([a-z]+\d*|\.(dev|post)\d+)*")


@checked
def parse(text: str, num_threads: int = 1) -> Target:
    """A target from `litert`, `litert==2.1.0`, `tflite-runtime` or `tflite-runtime==2.14.0`.

    Raises:
        UsageError: Another runtime, or a version that is none.
    """
    name, equals, version = (part.strip() for part in text.strip().partition("=="))
    if name not in PACKAGES:
        raise UsageError(
            f"A runtime must be one of {', '.join(PACKAGES)}, optionally with ==VERSION.",
            received=text or "an empty name",
            hint=nearest(name, PACKAGES),
        )
    if equals and not _VERSION.fullmatch(version):
        raise UsageError(
            "A runtime's version must be a version number.",
            received=text,
            hint=f"for example {name}=={PACKAGES[name].example}",
        )
    return Target(runtime=name, version=version, num_threads=num_threads)
