"""Jars that dx takes: the app's classes, and Kotlin's without those for other Java versions."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path


def main(classes: str, app_jar: str, stdlib: str, kotlin_jar: str) -> None:
    """Pack `classes` (a folder) into `app_jar`, and the classes of `stdlib` into `kotlin_jar`."""
    folder = Path(classes)
    with zipfile.ZipFile(app_jar, "w") as jar:
        for path in sorted(folder.rglob("*.class")):
            jar.write(path, path.relative_to(folder).as_posix())
    with zipfile.ZipFile(stdlib) as source, zipfile.ZipFile(kotlin_jar, "w") as jar:
        for name in source.namelist():
            if name.endswith(".class") and not name.startswith("META-INF/"):
                jar.writestr(name, source.read(name))


if __name__ == "__main__":
    main(*sys.argv[1:])
