"""The app's layouts and values, read as Android reads them: qualifiers, styles, references.

Only what the app's resources use is known here; anything else raises, so that a picture never
leaves out what the layout says.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ANDROID = "{http://schemas.android.com/apk/res/android}"


@dataclass
class View:
    """One view: its class, its attributes with the style's merged in, and what is shown in it.

    `shown` holds what code sets: `text`, `progress` (0 to 1), `image`, `strokes` and their `pen`,
    `checked`, `color`. Lengths are pixels; `x`, `y`, `width` and `height` are set by `measuring`.
    """

    kind: str
    attributes: dict[str, str]
    children: list[View] = field(default_factory=list)
    shown: dict[str, Any] = field(default_factory=dict)
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0

    def find(self, name: str) -> View:
        """The first view with an id, in this one or below.

        Raises:
            KeyError: There is none.
        """
        for view in self.walk():
            if view.attributes.get("id", "").rpartition("/")[2] == name:
                return view
        raise KeyError(name)

    def walk(self, *, shown: bool = False) -> list[View]:
        """This view and all below it; or only those that are not gone."""
        if shown and self.is_gone:
            return []
        return [self, *(view for child in self.children for view in child.walk(shown=shown))]

    @property
    def is_gone(self) -> bool:
        """Whether it takes no room."""
        return self.attributes.get("visibility") == "gone"


class Resources:
    """Values and layouts of `res`, for day or night, portrait or landscape."""

    def __init__(self, res: Path, *, night: bool, land: bool, density: float) -> None:
        """`density` is pixels for each dp; a sp is as large, as by Android's default."""
        self.density = density
        self._res = res
        self._land = land
        self._values: dict[tuple[str, str], ET.Element] = {}
        qualified = {"values-land": land, "values-night": night}
        for folder in ["values", *(name for name, holds in qualified.items() if holds)]:
            for path in sorted((res / folder).glob("*.xml")):
                for item in ET.parse(path).getroot():
                    self._values[item.tag, item.get("name", "")] = item

    def inflate(self, name: str) -> View:
        """The views of `layout/NAME.xml`, or of `layout-land` where that has it."""
        folders = [*(["layout-land"] if self._land else []), "layout"]
        paths = [self._res / folder / f"{name}.xml" for folder in folders]
        return self._view(ET.parse(next(p for p in paths if p.is_file())).getroot())

    def text(self, reference: str) -> str:
        """A string, with the escapes of XML resources undone."""
        value = self._value(reference)
        return value.replace("\\'", "'").replace('\\"', '"').replace("\\n", "\n")

    def format(self, name: str, *arguments: object) -> str:
        """A string with its arguments, as `getString` gives it."""
        text = self.text(f"@string/{name}").replace("%%", "\0")
        for number, argument in enumerate(arguments, 1):
            for kind in "sd":
                text = text.replace(f"%{number}${kind}", str(argument))
        return text.replace("\0", "%")

    def color(self, reference: str) -> str:
        """A colour as `#RRGGBB`."""
        return self._value(reference)

    def length(self, reference: str) -> float:
        """A length in pixels."""
        value = self._value(reference)
        if not value.endswith(("dp", "sp")):
            raise ValueError(f"a length in dp or sp, not {value!r}")
        return float(value[:-2]) * self.density

    def drawable(self, reference: str) -> ET.Element:
        """The root of a drawable's XML."""
        kind, _, name = reference.removeprefix("@").partition("/")
        if kind != "drawable":
            raise ValueError(f"a drawable, not {reference!r}")
        return ET.parse(self._res / "drawable" / f"{name}.xml").getroot()

    def _value(self, reference: str) -> str:
        while reference.startswith("@"):
            kind, _, name = reference[1:].partition("/")
            reference = self._values[kind, name].text or ""
        return reference

    def _style(self, name: str) -> dict[str, str]:
        item = self._values["style", name]
        parent = item.get("parent") or name.rpartition(".")[0]
        made = self._style(parent) if parent and not parent.startswith("@android") else {}
        for entry in item:
            made[entry.get("name", "").removeprefix("android:")] = entry.text or ""
        return made

    def _view(self, element: ET.Element) -> View:
        own = {
            name.removeprefix(ANDROID): value
            for name, value in element.attrib.items()
            if name.startswith(ANDROID)
        }
        if element.tag == "include":
            view = self.inflate(element.get("layout", "").rpartition("/")[2])
            view.attributes.update(own)
            return view
        style = element.get("style", "")
        inherited = self._style(style.rpartition("/")[2]) if style.startswith("@style/") else {}
        view = View(element.tag.rpartition(".")[2], {**inherited, **own})
        view.children = [self._view(child) for child in element]
        return view
