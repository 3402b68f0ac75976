"""Errors by operator as a table and as an overlay for Model Explorer."""

import json
import math
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from edgekit.core import serde
from edgekit.core.records import Host, LayerError, Measurement, Target
from edgekit.report.layer_table import blame, blame_lines, layers_table
from edgekit.report.model_explorer import overlay_text


def error(layer, local, output=None, scheme="int8", operator="CONV_2D", blame=None):
    return LayerError(
        layer=layer,
        operator=operator,
        tensor=f"{layer}/Relu",
        quantized_tensor=f"{layer}/Relu_quantized",
        scheme=scheme,
        local_sqnr_db=local,
        cumulative_sqnr_db=None if local is None else 20.04,
        output_sqnr_db=output,
        blame=blame,
    )


def test_blame_ranks_by_harm_to_the_outputs():
    # A large error of an operator that nothing depends on does no harm.
    errors = [error("a", 5.0, 60.0), error("b", 30.0, 25.0), error("c", math.inf, math.inf)]
    assert blame(errors) == (1, 0)
    assert blame(errors, count=1) == (1,)


def test_without_harm_blame_ranks_by_the_local_error():
    errors = [error("a", 30.0), error("b", None, scheme="unmatched"), error("c", -3.0)]
    assert blame(errors) == (2, 0)
    assert blame([error("a", math.inf)]) == blame([]) == ()


def measurement(*errors):
    return Measurement(
        artifact="net.int8.tflite",
        artifact_sha256="0",
        samples_sha256="0",
        num_samples=9,
        target=Target(),
        host=Host(machine="m", system="s", cpu="c", cores=1, python="3"),
        metrics=(),
        layers=errors,
    )


def drawn(measured, width):
    """The lines of the table, and with their colors."""
    texts = []
    for colors in (None, "truecolor"):
        out = StringIO()
        console = Console(
            file=out, width=width, markup=False, force_terminal=colors is not None,
            color_system=colors, highlight=False,
        )  # fmt: skip
        console.print(layers_table(measured))
        texts.append(out.getvalue().splitlines())
    return texts


def test_the_table_keeps_the_order_and_the_worst_stand_out():
    measured = measurement(
        error("stem[/]", 33.333, 41.0, blame=0.04),
        error("head", 12.0, 18.0, blame=0.3),
        error("flat", math.inf, math.inf, scheme="float", blame=0.0),
        error("gone", None, scheme="unmatched"),
        error("lost", -math.inf, -math.inf, blame=0.66),
    )
    lines, colored = drawn(measured, 160)
    [top] = [number for number, line in enumerate(lines) if set(line.strip()) == {"─"}]
    assert [line.split() for line in lines[top + 1 : top + 6]] == [
        ["stem[/]", "CONV_2D", "int8", "33.3", "20.0", "41.0", "0.04"],
        ["head", "CONV_2D", "int8", "12.0", "20.0", "18.0", "0.30"],
        ["flat", "CONV_2D", "float", "exact", "20.0", "exact", "-"],
        ["gone", "CONV_2D", "unmatched", "-", "-", "-", "-"],
        ["lost", "CONV_2D", "int8", "lost", "20.0", "lost", "0.66"],
    ]
    assert [line.split()[0] for line, c in zip(lines, colored, strict=True) if "31m" in c] == [
        "head",
        "lost",
    ]
    assert "net.int8.tflite" in lines[0]
    assert "LiteRT" in "".join(lines)
    assert serde.loads(Measurement, serde.dumps(measured)) == measured


@pytest.mark.parametrize("mixed", [False, True])
def test_eighty_columns_fold_no_number_and_no_operator(mixed):
    others = {"operator": "SQUARED_DIFFERENCE", "blame": 0.5}
    one = error("layer_normalization_1", -12.34, 10.0, **others)
    two = error("layer_normalization_1", 12.34, math.inf, **others)
    measured = measurement(one, replace(two, scheme="float") if mixed else two)
    lines, _ = drawn(measured, 80)
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines if line.startswith("layer_normalization_1")]
    assert [row[1] for row in rows] == ["SQUARED_DIFFERENCE"] * 2
    assert rows[0][-4:] == ["-12.3", "20.0", "10.0", "0.50"]
    # One type for all is told once, above the table.
    assert ("all int8" in lines[0]) != mixed
    assert ("float" in rows[1]) == mixed


def test_a_sentence_names_the_layers_with_most_of_the_harm():
    first = error("norm", 5.0, 10.0, blame=0.3)
    second = error("a(b", 7.0, 12.0, blame=0.4)
    assert blame_lines(measurement(first, second, replace(first, blame=0.25))) == [
        "To blame most, by their shares: norm (0.55), a(b (0.40).",
        "Keep one float: edgekit convert --keep-float norm",
    ]
    assert blame_lines(measurement(second))[1].endswith(r"--keep-float 'a\(b'")
    assert blame_lines(measurement(replace(second, output_sqnr_db=45.0))) == [
        "To blame most, by their shares: a(b (0.40)."
    ]
    even = [replace(first, layer=f"l{i}", blame=0.05) for i in range(20)]
    [said] = blame_lines(measurement(*even))
    assert said.startswith("No layer stands out: l0 ") and "0.05" in said
    assert blame_lines(measurement(error("a", 5.0), error("b", math.inf, math.inf))) == []


def test_an_overlay_has_the_structure_of_custom_node_data():
    errors = [error("a", 12.345), error("b", math.inf), error("c", None), error("d", -math.inf)]
    content = json.loads(overlay_text(errors, "main"))
    # GraphNodeData by graph id: results by node id or by a tensor that the node gives.
    assert set(content) == {"main"}
    data = content["main"]
    assert set(data) == {"results", "thresholds"}
    assert data["results"] == {"a/Relu_quantized": {"value": 12.35}}
    ends = [entry["value"] for entry in data["thresholds"]]
    assert ends == sorted(ends)  # a node takes the first that its value is not above
    for entry in data["thresholds"]:
        assert set(entry) == {"value", "bgColor"}
        assert entry["bgColor"].startswith("#") and len(entry["bgColor"]) == 7


@pytest.mark.parametrize("name", ["größe/Relu", 'a"b\\c'])
def test_an_overlay_holds_any_name(name):
    one = LayerError(
        layer="l", operator="ADD", tensor=name, quantized_tensor=name, scheme="int8",
        local_sqnr_db=3.0,
    )  # fmt: skip
    assert json.loads(overlay_text([one], "main"))["main"]["results"] == {name: {"value": 3.0}}
