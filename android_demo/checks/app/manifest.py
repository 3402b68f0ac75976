"""The manifest that Gradle's merger makes, as far as permissions go.

    manifest.py PACKAGE APP LIBRARY PERMISSIONS MERGED

The app stands above the library, and both above LiteRT, whose permissions PERMISSIONS lists;
`tools:node="remove"` takes a permission from all below, or from what `tools:selector` names. Writes
MERGED, which asks for what is left, and ends with 1 where anything is.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ANDROID = "http://schemas.android.com/apk/res/android"
TOOLS = "http://schemas.android.com/tools"
_LITERT = "com.google.ai.edge.litert"


def main(package: str, app: str, library: str, permissions: str, merged: str) -> None:
    """Merge, and say what is left."""
    root = ET.parse(app).getroot()
    own = list(root.iter("uses-permission"))
    above = own + list(ET.parse(library).iter("uses-permission"))
    lines = Path(permissions).read_text(encoding="utf-8").splitlines()
    brought = [line for line in lines if not line.startswith("#")]
    left = {name for name in brought if not any(_removes(one, name, _LITERT) for one in above)}
    asking = [one for one in above if one.get(f"{{{TOOLS}}}node") != "remove"]
    left |= {one.get(f"{{{ANDROID}}}name", "") for one in asking}
    for element in own:
        root.remove(element)
    root.set("package", package)
    for name in sorted(left):
        root.insert(0, ET.Element("uses-permission", {f"{{{ANDROID}}}name": name}))
    ET.register_namespace("android", ANDROID)
    ET.register_namespace("tools", TOOLS)
    ET.ElementTree(root).write(merged, encoding="utf-8", xml_declaration=True)
    if left:
        print("\n".join(f"the app asks for {name}" for name in sorted(left)))
        raise SystemExit(1)
    print(f"no permission is left of the {len(brought)} that LiteRT's library brings")


def _removes(element: ET.Element, name: str, package: str) -> bool:
    """Whether an element takes a permission from a library below it."""
    return (
        element.get(f"{{{ANDROID}}}name") == name
        and element.get(f"{{{TOOLS}}}node") == "remove"
        and element.get(f"{{{TOOLS}}}selector", package) == package
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
