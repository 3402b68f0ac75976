"""The text of C bundles; `checks/c.sh` compiles it, and `checks/micro.sh` runs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.codegen.c.c_identifiers import Names, comment
from edgekit.core.bundle_record import Bundle
from edgekit.pipeline.bundle.bundle import bundle
from tests.codegen.conftest import convert
from tests.codegen.kotlin_contracts import examples

RUNTIMES = Path(__file__).parents[2] / "runtimes" / "data"


@pytest.fixture(scope="module")
def made(net: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Path]:
    folder: Path = tmp_path_factory.mktemp("bundle") / "c"
    return bundle(net, {"c": folder}), folder


def array(source: str, name: str) -> bytes:
    found = re.search(rf"{name}\[(\d+)\] = \{{([^}}]*)\}}", source)
    assert found
    data = bytes(int(number) for number in found[2].split(",") if number.strip())
    assert len(data) == int(found[1])
    return data


def test_the_arrays_are_the_model_and_its_golden_samples(
    net: list[Path], made: tuple[Bundle, Path]
) -> None:
    record, folder = made
    for path, model in zip(net, record.models, strict=True):
        source = (folder / f"net_{model.variant}.c").read_text()
        assert array(source, "model_data") == path.read_bytes()
        golden = array(source, "golden_data")
        assert len(golden) == model.golden.num_bytes
        assert model.sha256 in source


def test_a_bundle_holds_its_core_and_one_file_for_each_variant(made: tuple[Bundle, Path]) -> None:
    assert sorted(path.name for path in made[1].iterdir()) == [
        "README.md",
        "contract.json",
        "edgekit-files.sha256",
        "edgekit_core.c",
        "edgekit_core.h",
        "edgekit_image.c",
        "edgekit_self_test.c",
        "edgekit_text.c",
        "net.c",
        "net.h",
        "net_float32.c",
        "net_static_wi8_ai8.c",
    ]


def test_labels_are_ascii_literals_of_utf8(made: tuple[Bundle, Path]) -> None:
    source = (made[1] / "net.c").read_text()
    assert source.isascii()
    for literal in (r'"say \"hi\""', r'"$1"', r'"back\\slash"', r'"\346\225\260\345\255\227"'):
        assert f"    {literal},\n" in source
    assert r'"e\314\201 *//*\?\?/"' in source  # no comment ends there, and no trigraph begins


def test_the_contracts_numbers_are_in_the_source(made: tuple[Bundle, Path]) -> None:
    source = (made[1] / "net.c").read_text()
    assert "net_x_mean[] = {127.5f};" in source
    assert "net_x_std[] = {63.75f};" in source
    assert "3, 4, EDGEKIT_BILINEAR, 0," in source


@pytest.mark.parametrize("io_dtype", ["int8", "uint8"])
def test_a_quantized_tensor_says_how_it_stores_values(io_dtype: str, tmp_path: Path) -> None:
    dense = Path(__file__).parents[2] / "models" / "fully_connected.float32.tflite"
    files = convert(dense, tmp_path, recipes=("static_wi8_ai8",), io_dtype=io_dtype)
    record = bundle(files, {"c": tmp_path / "c"})
    [output] = record.models[0].contract.outputs
    source = (tmp_path / "c" / "net_static_wi8_ai8.c").read_text()
    assert f'{{"y", 0, EDGEKIT_{io_dtype.upper()},' in source
    tensor = source[source.index('{"y"') :]
    found = re.search(r"1, ([\d.e-]+)f, (-?\d+), 12,", tensor)
    assert found
    assert float(found[1]) == pytest.approx(output.scale[0], rel=1e-7)
    assert int(found[2]) == output.zero_point[0]


def test_tensors_know_their_place_among_the_files_own(tmp_path: Path) -> None:
    files = convert(RUNTIMES / "two_inputs.tflite", tmp_path)
    record = bundle(files, {"c": tmp_path / "c"})
    source = (tmp_path / "c" / "net_float32.c").read_text()
    model = tflite.read(files[0])
    graph, bound = model.subgraphs[0], tflite.binding(model)
    assert len(record.models[0].contract.inputs) == 2
    for spec in record.models[0].contract.inputs:
        place = list(graph.inputs).index(bound.inputs[spec.name])
        assert f'{{"{spec.name}", {place}, EDGEKIT_FLOAT32,' in source


def test_identifiers_of_odd_names_are_different_and_do_not_hide_headers() -> None:
    for record, _ in examples(20):
        called = Names(record)
        tables = [value for value in vars(called).values() if isinstance(value, dict)]
        flat = [name for table in tables for name in table.values()] + [called.self_test]
        assert len(set(flat)) == len(flat)
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) for name in flat)
        assert not called.prefix.startswith("edgekit")


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("math", "math_value"), ("edgekit_core", "model_edgekit_core"), ("int", "int_value")],
)
def test_a_models_name_does_not_hide_a_header_or_the_core(
    name: str, prefix: str, net: list[Path], tmp_path: Path
) -> None:
    bundle(net, {"c": tmp_path / "c"}, name=name)
    assert (tmp_path / "c" / f"{prefix}.h").is_file()


def test_a_name_does_not_end_a_comment() -> None:
    assert "*/" not in comment("a */ b")
    assert "/*" not in comment("/* b")
