"""Checks of the app's resources that aapt does not make.

Every resource is used, and every class that XML names was compiled; night has the colours of day;
what a person reads comes from strings, is sized in sp, and every picture and canvas is described.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ANDROID = "{http://schemas.android.com/apk/res/android}"
PACKAGE = "dev.edgekit.demo"
# Attributes that hold text for a person.
_TEXTS = ("text", "hint", "contentDescription", "label")
# Views that show no text of their own, so that only a description says what they are.
_SILENT = ("ImageView", "ImageButton", "dev.edgekit.demo.DrawView", "RadioGroup")


def main(demo: str, classes: str) -> None:
    """Print every fault and end with 1, or say what was checked."""
    app = Path(demo) / "app" / "src" / "main"
    xml = {path: ET.parse(path).getroot() for path in sorted(app.rglob("*.xml"))}
    code = "\n".join(path.read_text("utf-8") for path in sorted(app.rglob("*.kt")))
    declared = _declared(app, xml)
    faults = [
        *(f"{kind}/{name} is used nowhere" for kind, name in sorted(declared - _used(xml, code))),
        *(f"{name} is no compiled class" for name in _missing(xml, Path(classes))),
        *_nights(app / "res"),
        *(fault for path, root in xml.items() for fault in _texts(path, root)),
    ]
    if faults:
        print("\n".join(faults))
        raise SystemExit(1)
    print(f"{len(declared)} resources in {len(xml)} files resolve within API 23 and are used")


def _declared(app: Path, xml: dict[Path, ET.Element]) -> set[tuple[str, str]]:
    found = set()
    for path, root in xml.items():
        folder = path.parent.name
        if folder.startswith("values"):
            found |= {(item.tag, item.get("name", "")) for item in root}
        elif folder != app.name:
            found.add((folder.partition("-")[0], path.stem))
        for element in root.iter():
            identifier = element.get(f"{ANDROID}id", "")
            if identifier.startswith("@+id/"):
                found.add(("id", identifier.removeprefix("@+id/")))
    return found


def _used(xml: dict[Path, ET.Element], code: str) -> set[tuple[str, str]]:
    used = set(re.findall(r"(?<![\w.])R\.(\w+)\.(\w+)", code))
    for root in xml.values():
        for element in root.iter():
            values = [*element.attrib.values(), element.text or ""]
            for value in values:
                used |= set(re.findall(r"^@(\w+)/([\w.]+)$", value.strip()))
            # A style has the style that its name begins with as parent.
            if element.tag == "style" and "parent" not in element.attrib:
                used.add(("style", element.get("name", "").rpartition(".")[0]))
    # Kotlin writes Theme.Demo as Theme_Demo.
    return used | {(kind, name.replace("_", ".")) for kind, name in used if kind == "style"}


def _missing(xml: dict[Path, ET.Element], classes: Path) -> list[str]:
    named = set()
    for root in xml.values():
        for element in root.iter():
            if "." in element.tag:
                named.add(element.tag)
            if element.tag in ("application", "activity"):
                named.add(PACKAGE + element.get(f"{ANDROID}name", ""))
            parent = element.get(f"{ANDROID}parentActivityName")
            if parent:
                named.add(PACKAGE + parent)
    return sorted(n for n in named if not (classes / f"{n.replace('.', '/')}.class").is_file())


def _nights(res: Path) -> list[str]:
    """Names that only one of day and night has, by files that both have."""
    faults = []
    for night in sorted((res / "values-night").glob("*.xml")):
        day = res / "values" / night.name
        names = [{i.get("name") for i in ET.parse(path).getroot()} for path in (day, night)]
        faults += [f"{night.name}: {name} is not in both" for name in names[0] ^ names[1]]
    return faults


def _texts(path: Path, root: ET.Element) -> list[str]:
    faults = []
    for element in root.iter():
        where = f"{path.parent.name}/{path.name}: {element.tag}"
        for name in _TEXTS:
            value = element.get(ANDROID + name)
            if value is not None and not value.startswith("@string/"):
                faults.append(f"{where}: {name}={value!r} is not from strings")
        described = ANDROID + "contentDescription" in element.attrib
        if element.tag in _SILENT and not described:
            faults.append(f"{where} has no contentDescription")
        size = element.text if element.get("name", "").startswith("text_") else None
        if element.tag == "dimen" and size and not size.endswith("sp"):
            faults.append(f"{where} {element.get('name')}: text is sized in sp")
        text_size = element.get(ANDROID + "textSize", "@dimen/text_")
        if not text_size.startswith("@dimen/text_"):
            faults.append(f"{where}: textSize={text_size!r} is no dimen text_*")
    return faults


if __name__ == "__main__":
    main(*sys.argv[1:])
