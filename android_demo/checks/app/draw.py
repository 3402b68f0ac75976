"""Draws the app's screens on the host, from their real layouts, colours, strings and results.

There is no Android here: a small reading of its layout rules paints the same XML with Android's
font. What the screens show was computed by the app's own code on the host (`AppCheck.kt`): the
times are the host's and say nothing about a phone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from layouts import Resources, View
from painting import Painter
from PIL import Image, ImageDraw, ImageFont

_DENSITY = 4.0  # pixels a dp while painting; a picture has half of them, so that edges are smooth
_PORTRAIT, _LAND = (360, 800), (800, 360)
_LABEL = "Drawn on the host from the app's layout; times are the host's"
_THREADS, _RUNS = ("1", "2", "4"), ("100", "1000")

State = dict[str, Any]
Fill = Callable[[View, Resources, State], None]


def main(demo: str, state_file: str, fonts: str, docs: str) -> None:
    """Draw every screen into the folder `docs`."""
    state = json.loads(Path(state_file).read_text("utf-8"))
    res = Path(demo) / "app" / "src" / "main" / "res"
    screens: list[tuple[str, str, Fill, bool, bool]] = [
        ("main", "screen_main", _drawn("3"), False, False),
        ("main-night", "screen_main", _drawn("8"), True, False),
        ("empty", "screen_main", _empty, False, False),
        ("main-land", "screen_main", _drawn("5"), False, True),
        ("benchmark", "screen_benchmark", _benchmark, False, False),
        ("selftest", "screen_selftest", _selftest, False, False),
        ("selftest-night", "screen_selftest", _selftest, True, False),
    ]
    for name, layout, fill, night, land in screens:
        resources = Resources(res, night=night, land=land, density=_DENSITY)
        root = resources.inflate(layout)
        fill(root, resources, state)
        width, height = (round(side * _DENSITY) for side in (_LAND if land else _PORTRAIT))
        picture = Painter(resources, Path(fonts)).screen(root, width, height)
        _check(name, root, width)
        _save(picture, Path(docs) / f"{name}.png", Path(fonts))
    print(f"{len(screens)} screens laid out, every view inside its screen")


def _check(name: str, root: View, width: float) -> None:
    """Refuse a screen that does not show everything: it could be scrolled down, but not aside."""
    for view in root.walk(shown=True):
        inside = view.x >= 0 and view.x + view.width <= width + 1
        if not inside or view.width <= 0 or view.height <= 0:
            place = f"{view.width:.0f} x {view.height:.0f} at {view.x:.0f}, {view.y:.0f}"
            raise SystemExit(f"{name}: {view.kind} {view.attributes.get('id', '')} is {place}")


def _save(picture: Image.Image, path: Path, fonts: Path) -> None:
    """Scale down, label and save, with few colours so that the file is small."""
    small = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)
    labelled = Image.new("RGB", (small.width + 4, small.height + 44), "#8A90A0")
    labelled.paste(small, (2, 2))
    draw = ImageDraw.Draw(labelled)
    font = ImageFont.truetype(fonts / "Roboto-Regular.ttf", 22)
    middle = (labelled.width / 2, small.height + 24)
    draw.text(middle, _LABEL, font=font, fill="#FFFFFF", anchor="mm")
    path.parent.mkdir(parents=True, exist_ok=True)
    labelled.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def _choose(group: View, resources: Resources, names: list[str], chosen: int = 0) -> None:
    """What `Choices.fill` does."""
    for place, name in enumerate(names):
        button = resources.inflate("row_variant")
        button.shown = {"text": name, "checked": place == chosen}
        group.children.append(button)


def _variants(state: State) -> list[str]:
    return [variant["label"] for variant in state["variants"]]


def _empty(root: View, resources: Resources, state: State) -> None:
    _choose(root.find("variants"), resources, _variants(state))


def _drawn(digit: str) -> Fill:
    """What `MainActivity` and `AnswerViews` show of a drawn digit."""

    def fill(root: View, resources: Resources, state: State) -> None:
        _empty(root, resources, state)
        root.find("canvas").shown = {"strokes": state["strokes"][digit], "pen": state["pen"]}
        variant = state["variants"][0]
        for name, (label, score) in zip(
            ("answer_first", "answer_second", "answer_third"),
            variant["answers"][digit],
            strict=True,
        ):
            row = root.find(name)
            row.find("label").shown["text"] = label
            row.find("percent").shown["text"] = resources.format("percent", f"{score * 100:.1f}")
            row.find("bar").shown["progress"] = score
        root.find("status").shown["text"] = resources.format("result_time", variant["once"])
        frame = state["frames"][digit]
        image = Image.frombytes("L", (frame["side"], frame["side"]), bytes(frame["gray"]))
        root.find("preview").shown["image"] = image
        for name in ("answers", "seen"):
            root.find(name).attributes["visibility"] = "visible"

    return fill


def _benchmark(root: View, resources: Resources, state: State) -> None:
    """What `BenchmarkActivity` shows."""
    root.find("title").shown["text"] = resources.format("benchmark_title")
    _choose(root.find("variants"), resources, _variants(state))
    _choose(root.find("threads"), resources, list(_THREADS))
    _choose(root.find("runs"), resources, list(_RUNS))
    root.find("status").attributes["visibility"] = "gone"
    variant = state["variants"][0]
    timing = variant["timing"]
    values = root.find("values")
    values.attributes["visibility"] = "visible"
    for name, value in (
        (resources.format("benchmark_model"), variant["label"]),
        (resources.format("threads"), "1"),
        *(
            (resources.format(f"benchmark_{name}"), resources.format("milliseconds", timing[key]))
            for name, key in (("median", "median"), ("p90", "p90"), ("min", "fastest"))
        ),
        (resources.format("benchmark_runs", timing["warmups"]), str(timing["runs"])),
    ):
        row = resources.inflate("row_value")
        row.find("name").shown["text"] = name
        row.find("value").shown["text"] = value
        values.children.append(row)


def _selftest(root: View, resources: Resources, state: State) -> None:
    """What `SelfTestActivity` shows."""
    root.find("title").shown["text"] = resources.format("selftest_title")
    root.find("status").attributes["visibility"] = "gone"
    for variant in state["variants"]:
        found = variant["selftest"]
        card = resources.inflate("row_selftest")
        card.find("variant").shown["text"] = variant["label"]
        verdict = resources.format(f"selftest_{found['verdict']}")
        card.find("verdict").shown = {"text": verdict, "color": "@color/good"}
        lines = [
            resources.format(
                "selftest_output", output["name"], output["worst"], output["tolerance"]
            )
            for output in found["outputs"]
        ]
        samples = resources.format("selftest_samples", found["samples"])
        card.find("details").shown["text"] = "\n".join([samples, *lines])
        root.find("reports").children.append(card)


if __name__ == "__main__":
    main(*sys.argv[1:])
