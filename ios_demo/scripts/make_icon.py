"""Draw the app's icon: a seven by hand, on the accent colour.

    python ios_demo/scripts/make_icon.py

Needs Pillow. The icon is committed; it is drawn again only to change it.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

SIDE = 1024
GROUND = (31, 97, 209)
INK = (255, 255, 255)
LINE = ((288, 300), (736, 300), (448, 784))
WIDTH = 104


def main() -> None:
    """Write `icon.png` into the asset catalog."""
    image = Image.new("RGB", (SIDE * 2, SIDE * 2), GROUND)
    draw = ImageDraw.Draw(image)
    points = [(x * 2, y * 2) for x, y in LINE]
    draw.line(points, fill=INK, width=WIDTH * 2, joint="curve")
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - WIDTH, y - WIDTH, x + WIDTH, y + WIDTH), fill=INK)
    folder = Path(__file__).parent.parent / "App/Resources/Assets.xcassets/AppIcon.appiconset"
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(folder / "icon.png", optimize=True)


if __name__ == "__main__":
    main()
