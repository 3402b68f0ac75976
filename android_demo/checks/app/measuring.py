"""Where each view lies: Android's measuring of linear layouts, as far as the app needs it."""

from __future__ import annotations

from collections.abc import Callable

from layouts import Resources, View

# The size of what a view shows (text, a drawable), given the width that it may take at most.
Content = Callable[[View, float], tuple[float, float]]
_SIDES = {"horizontal": ("Start", "End"), "vertical": ("Top", "Bottom")}


class Measuring:
    """Sizes and places of views."""

    def __init__(self, resources: Resources, content: Content) -> None:
        """`content` measures views without children."""
        self._resources = resources
        self._content = content

    def place(self, root: View, width: float, height: float) -> None:
        """Lay a screen out, its upper left corner at (0, 0)."""
        self._measure(root, width, height, exact=(True, True))
        self._move(root, 0, 0)

    def spacing(self, view: View, name: str, axis: str) -> tuple[float, float]:
        """`padding` or `layout_margin` of a view before and behind it along an axis."""
        both = view.attributes.get(name, "0dp")
        first, second = (
            self._resources.length(view.attributes.get(f"{name}{side}", both))
            for side in _SIDES[axis]
        )
        return first, second

    def _measure(self, view: View, width: float, height: float, exact: tuple[bool, bool]) -> None:
        """Measure within a width and height; `exact` where they are not a limit but the size."""
        left, right = self.spacing(view, "padding", "horizontal")
        top, bottom = self.spacing(view, "padding", "vertical")
        inner = (width - left - right, height - top - bottom)
        if view.kind == "ScrollView":
            self._child(view.children[0], inner[0], float("inf"))
            wide, high = view.children[0].width, view.children[0].height
        elif view.kind in ("LinearLayout", "RadioGroup"):
            wide, high = self._linear(view, inner)
        else:
            wide, high = self._content(view, inner[0])
        view.width = width if exact[0] else min(width, wide + left + right)
        view.height = height if exact[1] else min(height, high + top + bottom)

    def _child(
        self, view: View, width: float, height: float, main: float | None = None, axis: str = ""
    ) -> None:
        """Measure a child in the room that its parent has, or to its share of the main axis."""
        sizes, exact = [], []
        for name, room, own in (
            ("horizontal", width, "layout_width"),
            ("vertical", height, "layout_height"),
        ):
            wanted = view.attributes[own]
            room -= sum(self.spacing(view, "layout_margin", name))
            if main is not None and axis == name:
                sizes.append(main)
                exact.append(True)
            elif wanted in ("match_parent", "wrap_content"):
                sizes.append(room)
                exact.append(wanted == "match_parent" and room != float("inf"))
            else:
                sizes.append(self._resources.length(wanted))
                exact.append(True)
        self._measure(view, sizes[0], sizes[1], (exact[0], exact[1]))

    def _linear(self, view: View, inner: tuple[float, float]) -> tuple[float, float]:
        axis = view.attributes.get("orientation", "horizontal")
        along = 0 if axis == "horizontal" else 1
        children = [child for child in view.children if not child.is_gone]
        used, weights = 0.0, 0.0
        for child in children:
            used += sum(self.spacing(child, "layout_margin", axis))
            if self._weight(child):
                weights += self._weight(child)
            else:
                left = inner[along] - used
                room = (left, inner[1]) if along == 0 else (inner[0], left)
                self._child(child, *room)
                used += (child.width, child.height)[along]
        for child in children:
            if self._weight(child):
                share = max(0.0, inner[along] - used) * self._weight(child) / weights
                self._child(child, *inner, main=share, axis=axis)
        if weights:
            used = inner[along]
        across = "vertical" if along == 0 else "horizontal"
        high = max(
            (
                (child.width, child.height)[1 - along]
                + sum(self.spacing(child, "layout_margin", across))
                for child in children
            ),
            default=0.0,
        )
        return (used, high) if along == 0 else (high, used)

    def _weight(self, view: View) -> float:
        return float(view.attributes.get("layout_weight", "0"))

    def _move(self, view: View, x: float, y: float) -> None:
        view.x, view.y = x, y
        left, right = self.spacing(view, "padding", "horizontal")
        top, bottom = self.spacing(view, "padding", "vertical")
        gravity = view.attributes.get("gravity", "")
        vertical = view.attributes.get("orientation") == "vertical"
        at_x, at_y = x + left, y + top
        for child in view.children:
            if child.is_gone:
                continue
            before, behind = self.spacing(child, "layout_margin", "horizontal")
            above, below = self.spacing(child, "layout_margin", "vertical")
            to_x, to_y = at_x + before, at_y + above
            if vertical and gravity == "center_horizontal":
                to_x += (view.width - left - right - before - behind - child.width) / 2
            if not vertical and gravity == "center_vertical":
                to_y += (view.height - top - bottom - above - below - child.height) / 2
            self._move(child, to_x, to_y)
            if vertical:
                at_y += above + child.height + below
            else:
                at_x += before + child.width + behind
