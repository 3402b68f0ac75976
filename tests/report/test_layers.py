"""Errors by operator as a table and as an overlay for Model Explorer."""

import json
import math
from io import StringIO

import pytest
from rich.console import Console

from edgekit import serde
from edgekit.records import Host, LayerError, Measurement, Target
from edgekit.report.layers import blame, layers_table
from edgekit.report.overlay import overlay_text


def error(layer, local, output=None, scheme="int8"):
    return LayerError(
        layer=layer,
        operator="CONV_2D",
        tensor=f"{layer}/Relu",
        quantized_tensor=f"{layer}/Relu_quantized",
        scheme=scheme,
        local_sqnr_db=local,
        cumulative_sqnr_db=None if local is None else 20.04,
        output_sqnr_db=output,
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


def test_the_table_keeps_the_order_and_numbers_the_worst():
    errors = (
        error("stem[/]", 33.333, 41.0),
        error("head", 12.0, 18.0),
        error("flat", math.inf, math.inf, scheme="float"),
        error("gone", None, scheme="unmatched"),
        error("lost", -math.inf, -math.inf),
    )
    host = Host(machine="m", system="s", cpu="c", cores=1, python="3")
    measured = Measurement(
        artifact="net.int8.tflite",
        artifact_sha256="0",
        samples_sha256="0",
        num_samples=9,
        target=Target(),
        host=host,
        metrics=(),
        layers=errors,
    )
    out = StringIO()
    Console(file=out, width=160, markup=False).print(layers_table(measured))
    text = out.getvalue()
    rows = [[c.strip() for c in r.strip("│\n").split("│")] for r in text.splitlines() if "│" in r]
    assert rows == [
        ["stem[/]", "CONV_2D", "int8", "33.3", "20.0", "41.0", "3"],
        ["head", "CONV_2D", "int8", "12.0", "20.0", "18.0", "2"],
        ["flat", "CONV_2D", "float", "exact", "20.0", "exact", ""],
        ["gone", "CONV_2D", "unmatched", "-", "-", "-", ""],
        ["lost", "CONV_2D", "int8", "none left", "20.0", "none left", "1"],
    ]
    assert "net.int8.tflite" in text
    assert "LiteRT" in text
    assert serde.loads(Measurement, serde.dumps(measured)) == measured


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
