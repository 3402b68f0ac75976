"""Rules of an asset catalog, which Xcode's compiler would check on a Mac."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image

# The build settings that name an asset, and the kind of folder that they name.
_NAMED = {
    "ASSETCATALOG_COMPILER_APPICON_NAME": "appiconset",
    "ASSETCATALOG_COMPILER_GLOBAL_ACCENT_COLOR_NAME": "colorset",
}


def faults(catalog: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a catalog: one line each.

    Args:
        catalog: The `.xcassets` folder.
        settings: The app's build settings.
    """
    for key, kind in _NAMED.items():
        folder = catalog / f"{settings.get(key)}.{kind}"
        if not folder.is_dir():
            yield f"{key}: no {folder.name} in {catalog.name}"
    for folder in sorted(path for path in catalog.rglob("*") if path.is_dir()):
        listing = folder / "Contents.json"
        if not listing.is_file():
            yield f"{folder.name} has no Contents.json"
            continue
        content = json.loads(listing.read_text("utf-8"))
        named = set()
        for image in content.get("images", []):
            named.add(image["filename"])
            yield from _image_faults(folder / image["filename"], image["size"])
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name not in named | {"Contents.json"}:
                yield f"{folder.name}: {path.name} is not in its Contents.json"
        for color in content.get("colors", []):
            for name, value in color["color"]["components"].items():
                if not 0 <= float(value) <= 1:
                    yield f"{folder.name}: {name} is {value}"


def _image_faults(path: Path, size: str) -> Iterator[str]:
    if not path.is_file():
        yield f"{path.parent.name}: no {path.name}"
        return
    with Image.open(path) as image:
        if f"{image.width}x{image.height}" != size:
            yield f"{path.name} has {image.width}x{image.height} pixels, not {size}"
        if image.mode != "RGB":
            yield f"{path.name} has mode {image.mode}; an icon has no transparency"
