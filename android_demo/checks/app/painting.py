"""Paints measured views with Pillow: text, buttons, bars, the canvas."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

from layouts import ANDROID, Resources, View
from measuring import Measuring
from PIL import Image, ImageDraw, ImageFont

# Of a font's size: Roboto's lines, and what Android adds above the first and below the last.
_LINE, _ASCENT, _ABOVE, _BELOW = 1.172, 0.928, 0.129, 0.027
# A radio button's drawable and its ring, in dp, as Android's own theme has them.
_RADIO, _RING, _DOT = 32, 10, 5


class Painter:
    """Paints a screen."""

    def __init__(self, resources: Resources, fonts: Path) -> None:
        """`fonts` is the folder with Android's Roboto."""
        self._resources = resources
        self._fonts = fonts
        self._loaded: dict[tuple[str, float], ImageFont.FreeTypeFont] = {}

    def screen(self, root: View, width: int, height: int) -> Image.Image:
        """Measure and paint a screen below a status bar, in pixels."""
        bar = 24 * self._resources.density  # what fitsSystemWindows keeps free
        measuring = Measuring(self._resources, self.content)
        measuring.place(root, width, height - bar)
        image = Image.new("RGB", (width, height), self._resources.color("@color/background"))
        draw = ImageDraw.Draw(image)
        self._status(draw, width, bar)
        self._paint(draw, image, root, bar)
        return image

    def content(self, view: View, width: float) -> tuple[float, float]:
        """The size of what a view without children shows, within a width."""
        if view.kind in ("TextView", "Button", "RadioButton"):
            lead = _RADIO * self._resources.density if view.kind == "RadioButton" else 0
            font, size = self._font(view)
            lines = self._lines(view, width - lead)
            widest = max((font.getlength(line) for line in lines), default=0.0)
            return widest + lead + 1, size * (_LINE * len(lines) + _ABOVE + _BELOW)
        if view.kind in ("ImageView", "ImageButton", "ProgressBar", "DrawView"):
            return 0, 0  # all of them have sizes of their own
        raise ValueError(f"a view that is known here, not {view.kind}")

    def _status(self, draw: ImageDraw.ImageDraw, width: int, bar: float) -> None:
        """A hint of the system's bar: it is no part of the app."""
        size = bar * 0.55
        color = self._resources.color("@color/text_faint")
        font = self._load("Medium", size)
        draw.text((bar * 0.7, bar * 0.5), "9:41", font=font, fill=color, anchor="lm")
        x, y = width - bar * 1.1, bar * 0.32
        draw.rounded_rectangle((x, y, x + bar * 0.5, y + bar * 0.36), bar * 0.08, fill=color)

    def _font(self, view: View) -> tuple[ImageFont.FreeTypeFont, float]:
        size = self._resources.length(view.attributes["textSize"])
        medium = view.attributes.get("fontFamily") == "sans-serif-medium"
        return self._load("Medium" if medium else "Regular", size), size

    def _load(self, weight: str, size: float) -> ImageFont.FreeTypeFont:
        if (weight, size) not in self._loaded:
            path = self._fonts / f"Roboto-{weight}.ttf"
            self._loaded[weight, size] = ImageFont.truetype(path, size)
        return self._loaded[weight, size]

    def _text(self, view: View) -> str:
        if "text" in view.shown:
            return str(view.shown["text"])
        reference = view.attributes.get("text", "")
        return self._resources.text(reference) if reference else ""

    def _lines(self, view: View, width: float) -> list[str]:
        font, _ = self._font(view)
        text = self._text(view)
        if view.attributes.get("singleLine") == "true":
            while text and font.getlength(text) > width + 1:
                text = text.rstrip("…")[:-1] + "…"
            return [text]
        lines = []
        for paragraph in text.split("\n"):
            line = ""
            for word in paragraph.split(" "):
                longer = f"{line} {word}" if line else word
                if line and font.getlength(longer) > width + 1:
                    lines.append(line)
                    longer = word
                line = longer
            lines.append(line)
        return lines

    def _paint(self, draw: ImageDraw.ImageDraw, image: Image.Image, view: View, bar: float) -> None:
        if view.is_gone:
            return
        box = (view.x, view.y + bar, view.x + view.width, view.y + view.height + bar)
        background = view.attributes.get("background", "")
        if background.startswith("@color/"):
            draw.rectangle(box, fill=self._resources.color(background))
        elif background.startswith("@drawable/"):
            self._shape(draw, self._resources.drawable(background), box)
        if view.kind == "DrawView":
            self._canvas(draw, view, box)
        elif view.kind == "ProgressBar":
            self._progress(draw, view, box)
        elif view.kind == "ImageView" and "image" in view.shown:
            size = (round(view.width), round(view.height))
            shown = view.shown["image"].resize(size, Image.Resampling.BILINEAR)
            image.paste(shown.convert("RGB"), (round(box[0]), round(box[1])))
        elif view.kind == "ImageButton":
            self._vector(draw, self._resources.drawable(view.attributes["src"]), box)
        elif view.kind in ("TextView", "Button", "RadioButton"):
            self._words(draw, view, box)
        for child in view.children:
            self._paint(draw, image, child, bar)

    def _words(
        self, draw: ImageDraw.ImageDraw, view: View, box: tuple[float, float, float, float]
    ) -> None:
        left, top, right, bottom = box
        if view.kind == "RadioButton":
            self._radio(draw, view, left, (top + bottom) / 2)
            left += _RADIO * self._resources.density
        font, size = self._font(view)
        lines = self._lines(view, right - left)
        high = size * (_LINE * len(lines) + _ABOVE + _BELOW)
        color = view.shown.get("color", view.attributes["textColor"])
        y = top + size * (_ABOVE + _ASCENT)
        if view.kind != "TextView":
            y += (bottom - top - high) / 2
        gravity = view.attributes.get("gravity", "")
        for line in lines:
            x, anchor = left, "ls"
            if gravity == "end":
                x, anchor = right, "rs"
            elif gravity == "center":
                x, anchor = (left + right) / 2, "ms"
            draw.text((x, y), line, font=font, fill=self._resources.color(color), anchor=anchor)
            y += size * _LINE

    def _radio(self, draw: ImageDraw.ImageDraw, view: View, left: float, y: float) -> None:
        unit = self._resources.density
        x = left + _RADIO * unit / 2
        checked = view.shown.get("checked", False)
        color = self._resources.color("@color/accent" if checked else "@color/text_faint")
        for radius, fill in ((_RING, None), *(((_DOT, color),) if checked else ())):
            ends = (x - radius * unit, y - radius * unit, x + radius * unit, y + radius * unit)
            draw.ellipse(ends, fill=fill, outline=color, width=round(2 * unit))

    def _canvas(
        self, draw: ImageDraw.ImageDraw, view: View, box: tuple[float, float, float, float]
    ) -> None:
        left, top, right, bottom = box
        draw.rectangle(box, fill=self._resources.color("@color/paper"))
        strokes = view.shown.get("strokes", [])
        if not strokes:
            font = self._load("Regular", self._resources.length("@dimen/text_body"))
            middle = ((left + right) / 2, (top + bottom) / 2)
            hint = self._resources.text("@string/canvas_hint")
            color = self._resources.color("@color/paper_hint")
            draw.text(middle, hint, font=font, fill=color, anchor="ms")
            return
        ink, width = self._resources.color("@color/ink"), view.shown["pen"] * view.width
        for line in strokes:
            points = [
                (left + x * view.width, top + y * view.height)
                for x, y in zip(line[::2], line[1::2], strict=True)
            ]
            # Discs close to each other: Pillow's own thick lines have uneven edges.
            discs = points[:1]
            for (x0, y0), (x1, y1) in pairwise(points):
                steps = math.ceil(math.hypot(x1 - x0, y1 - y0))
                discs += [
                    (x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps)
                    for step in range(1, steps + 1)
                ]
            for x, y in discs:
                ends = (x - width / 2, y - width / 2, x + width / 2, y + width / 2)
                draw.ellipse(ends, fill=ink)

    def _progress(
        self, draw: ImageDraw.ImageDraw, view: View, box: tuple[float, float, float, float]
    ) -> None:
        """The two layers of a progress drawable; the second is clipped, not shrunk."""
        track, clip = self._resources.drawable(view.attributes["progressDrawable"])
        self._shape(draw, track[0], box)
        part = float(view.shown["progress"])
        size = (round(view.width), round(view.height))
        layer = Image.new("L", size)
        shape = clip[0][0]
        radius = self._attribute(shape, "corners", "radius")
        ImageDraw.Draw(layer).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius, fill=255)
        solid = shape.find("solid")
        assert solid is not None, "what a progress bar is filled with has a colour"
        color = self._resources.color(solid.get(f"{ANDROID}color", ""))
        layer = layer.crop((0, 0, round(size[0] * part), size[1]))
        draw.bitmap((round(box[0]), round(box[1])), layer, fill=color)

    def _shape(
        self,
        draw: ImageDraw.ImageDraw,
        root: ET.Element,
        box: tuple[float, float, float, float],
    ) -> None:
        """A rectangle shape, alone or in the item of a ripple."""
        shape = root if root.tag == "shape" else root.find("item/shape")
        if shape is None:
            raise ValueError(f"a shape, not {root.tag}")
        stroke = shape.find("stroke")
        solid = shape.find("solid")
        outline = (
            None if stroke is None else self._resources.color(stroke.get(f"{ANDROID}color", ""))
        )
        fill = None if solid is None else self._resources.color(solid.get(f"{ANDROID}color", ""))
        width = round(self._attribute(shape, "stroke", "width"))
        radius = self._attribute(shape, "corners", "radius")
        draw.rounded_rectangle(box, radius, fill=fill, outline=outline, width=width)

    def _attribute(self, shape: ET.Element, child: str, name: str) -> float:
        found = shape.find(child)
        value = None if found is None else found.get(ANDROID + name)
        return 0.0 if value is None else self._resources.length(value)

    def _vector(
        self,
        draw: ImageDraw.ImageDraw,
        root: ET.Element,
        box: tuple[float, float, float, float],
    ) -> None:
        """The lines of a vector drawable, in the middle of a view."""
        side = self._resources.length(root.get(f"{ANDROID}width", ""))
        scale = side / float(root.get(f"{ANDROID}viewportWidth", "1"))
        x, y = (box[0] + box[2] - side) / 2, (box[1] + box[3] - side) / 2
        for path in root.iter("path"):
            steps = path.get(f"{ANDROID}pathData", "").split()
            if any(step[0] not in "ML" for step in steps):
                raise ValueError(f"lines only, not {steps}")
            points = [tuple(map(float, step[1:].split(","))) for step in steps]
            color = self._resources.color(path.get(f"{ANDROID}strokeColor", ""))
            width = round(float(path.get(f"{ANDROID}strokeWidth", "1")) * scale)
            draw.line(
                [(x + px * scale, y + py * scale) for px, py in points], color, width, "curve"
            )
