"""The Python bundle: its preprocessing replays the vectors, and it runs where edgekit is not."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.codegen.python import python_bundle
from edgekit.codegen.python.python_module import class_name
from edgekit.codegen.sources.python._preprocess import preprocess
from edgekit.codegen.sources.python._tensors import Tensor, top_k
from edgekit.core import artifacts
from edgekit.core.records import Limits, Target
from edgekit.data.preprocess import preprocess_batch
from edgekit.pipeline.bundle.bundle import bundle
from edgekit.runtimes import environments, local
from edgekit.runtimes.worker.worker_tensors import Tensor as WorkerTensor
from tests.codegen.kotlin_contracts import examples

VECTORS = Path(__file__).parents[1] / "vectors.txt"
SITE = sysconfig.get_paths()["purelib"]


def unhex(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text)


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    lines = iter(VECTORS.read_text(encoding="utf-8").splitlines())
    case: dict[str, Any] = {}
    for line in lines:
        key, _, value = line.partition(" ")
        if key == "case":
            case = {"name": value}
        elif key == "vocabulary":
            case[key] = [unhex(next(lines)).decode() for _ in range(int(value))]
        elif key in ("raw", "expected"):
            dtype, *shape = value.split()
            array = np.frombuffer(unhex(next(lines)), np.dtype(dtype).newbyteorder("<"))
            case[key] = array.reshape([int(size) for size in shape])
        elif key == "end":
            yield case["name"], case
        else:
            case[key] = value


@pytest.mark.parametrize(("name", "case"), list(cases()))
def test_preprocessing_replays_the_vectors(name: str, case: dict[str, Any]) -> None:
    rules: dict[str, Any] = {"kind": case["kind"]}
    if case["kind"] == "image":
        rules["size"] = [int(part) for part in case["size"].split()]
        rules["resize"], rules["channels"] = case["resize"], case["channels"]
        rules["resize_shorter_to"] = int(case["shorter"]) or None
    if case["kind"] == "text":
        rules["vocabulary"], rules["unknown_id"] = case["vocabulary"], int(case["unknown"])
        raw: Any = unhex(case["text"]).decode()
    else:
        rules["mean"] = [float(part) for part in case["mean"].split()]
        rules["std"] = [float(part) for part in case["std"].split()]
        rules["window"] = int(case.get("window", 0))
        raw = case["raw"]
    made = preprocess(raw, rules, int(case.get("length", 0)), name)
    expected = case["expected"]
    assert made.dtype == expected.dtype
    assert case["tolerance"] == "0"
    assert made.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32"])
def test_values_are_stored_and_read_as_the_worker_does(dtype: str) -> None:
    scale, zero = 0.0123, 3
    ours = Tensor("x", (1, 500), np.dtype(dtype), float(np.float32(scale)), zero, {})
    parameters = {
        "scales": np.float32([scale]),
        "zero_points": np.int32([zero]),
        "quantized_dimension": 0,
    }
    shape = np.array([1, 500])
    detail = {
        "index": 0,
        "dtype": np.dtype(dtype),
        "shape": shape,
        "quantization_parameters": parameters,
    }
    theirs = WorkerTensor("x", detail)
    real = np.random.default_rng(0).normal(0, 2, 500).astype(np.float32)
    real[:4] = [0.5 * scale, 1.5 * scale, 1e9, -1e9]  # halves, and beyond the range
    stored = ours.store(real)
    assert stored.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(stored[0], theirs.store(real))
    assert ours.real(stored).tobytes() == theirs.real(stored[0]).tobytes()


def test_a_quantized_input_refuses_nan_and_a_plain_integer_refuses_fractions() -> None:
    quantized = Tensor("x", (1, 1), np.dtype("int8"), 0.5, 0, {})
    with pytest.raises(ValueError, match="finite"):
        quantized.store(np.array([np.nan], np.float32))
    plain = Tensor("x", (1, 2), np.dtype("int32"), None, 0, {})
    with pytest.raises(ValueError, match="whole numbers"):
        plain.store(np.array([1.0, 1.5]))
    with pytest.raises(ValueError, match="shape"):
        plain.store(np.array([1.0]))
    np.testing.assert_array_equal(plain.store(np.array([1.0, 7.0])), [[1, 7]])


def test_top_k_puts_the_lower_index_first_and_nan_last() -> None:
    values = np.array([1.0, np.nan, 3.0, 3.0, -1.0], np.float32)
    found = top_k(values, ("a", "b", "c"), 4)
    assert [(s.index, s.label) for s in found] == [(2, "c"), (3, "3"), (0, "a"), (4, "4")]
    assert len(top_k(values, (), 9)) == 5
    assert top_k(values, (), 0) == []


def without_edgekit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the runtime and NumPy, where `import edgekit` fails."""
    start = (
        "import sys, runpy\n"
        f"sys.path[:] = [{str(folder)!r}, *[p for p in sys.path if p], {SITE!r}]\n"
        "class Refused:\n"
        "    def find_spec(self, name, *_):\n"
        "        assert name.split('.')[0] not in ('edgekit', 'tensorflow'), name\n"
        "sys.meta_path.insert(0, Refused())\n"
    )
    code, *rest = arguments
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", start + code, *rest],
        capture_output=True,
        text=True,
        timeout=120,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )


@pytest.fixture(scope="module")
def folder(net: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("bundle") / "p"
    bundle(net, {"python": made})
    return made


SELF_TEST = "runpy.run_module('net', run_name='__main__', alter_sys=False)"


def test_the_self_test_runs_without_edgekit_and_is_exact_on_the_host(folder: Path) -> None:
    done = without_edgekit(folder, SELF_TEST)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line, variant in zip(lines, ("float32", "static_wi8_ai8"), strict=True):
        assert line.startswith(f"ok {variant}, y: worst difference 0 of ")
        assert ", agreement 1 (at least " in line and ", every bit the same, " in line


@pytest.mark.tflite_runtime
def test_the_self_test_passes_with_the_old_runtime_too(
    folder: Path, tflite_runtime: Target
) -> None:
    done = subprocess.run(
        [environments.python_for(tflite_runtime), "-m", "net"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split(",")[-1] for line in done.stdout.splitlines()] == [" tflite-runtime"] * 2


def test_a_model_that_is_another_one_fails_the_self_test(net: list[Path], tmp_path: Path) -> None:
    bundle(net, {"python": tmp_path / "p"})
    package = tmp_path / "p" / "net"
    contract = json.loads((package / "contract.json").read_text())
    first, second = contract["models"]
    # The golden samples of float32 for the other file: another model, other outputs.
    first["file"], first["sha256"] = second["file"], second["sha256"]
    first["golden"]["tensors"][-1]["tolerance"]["worst"] = 1e-9
    (package / "contract.json").write_text(json.dumps(contract))
    done = without_edgekit(tmp_path / "p", SELF_TEST)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("FAILED float32, y: worst difference ")
    golden = package / first["golden"]["file"]
    golden.write_bytes(golden.read_bytes() + b"more")
    done = without_edgekit(tmp_path / "p", SELF_TEST)
    assert "is not the file that contract.json describes" in done.stderr and done.returncode == 1


USE = """
import json
import numpy as np
from PIL import Image
import net
image = np.fromfile(sys.argv[1], np.uint8).reshape(31, 23, 3)
model = net.Net("float32")
outputs = model.run(image)
same = model.run(Image.fromarray(image)).y
assert same.tobytes() == outputs.y.tobytes()
top = outputs.top_y(3)
try:
    net.Net("nothing")
except ValueError as error:
    refused = str(error)
print(json.dumps({
    "y": outputs.y.tolist(), "top": [s.label for s in top], "refused": refused,
    "variants": net.VARIANTS, "labels": net.Y_LABELS,
    "passed": model.self_test().passed,
}))
"""


def test_a_raw_image_gives_what_the_host_gives(
    folder: Path, net: list[Path], tmp_path: Path
) -> None:
    image = np.random.default_rng(5).integers(0, 256, (31, 23, 3)).astype(np.uint8)
    image.tofile(tmp_path / "raw")
    done = without_edgekit(folder, USE, str(tmp_path / "raw"))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    artifact = artifacts.load(net[0])
    assert artifact is not None
    spec = artifact.contract.inputs[0]
    with local.open_session(net[0], Target(), limits=Limits()) as session:
        wanted = session.run({spec.name: preprocess_batch(image[None], spec)})["y"][0]
    np.testing.assert_array_equal(np.float32(said["y"]), wanted)
    labels = artifact.contract.outputs[0].labels
    assert said["labels"] == list(labels)
    assert said["top"] == [labels[i] for i in np.argsort(-wanted, kind="stable")[:3]]
    assert said["variants"] == ["float32", "static_wi8_ai8"]
    assert said["passed"] is True
    assert "A variant must be one of float32, static_wi8_ai8" in said["refused"]


@pytest.mark.parametrize("number", range(12))
def test_odd_contracts_become_packages_of_python_3_9(number: int, tmp_path: Path) -> None:
    record, contents = examples(12)[number]
    files = python_bundle.files(record, contents)
    assert files == python_bundle.files(record, contents)
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
        if path.endswith(".py"):
            ast.parse(data, feature_version=(3, 9))
    project = tomllib.loads(files["pyproject.toml"].decode())
    [package] = project["tool"]["setuptools"]["packages"]
    # A name of its own: an installed package may be called the same.
    shutil.move(tmp_path / package, tmp_path / f"odd_package_{number}")
    sys.path.insert(0, str(tmp_path))
    try:
        module = importlib.import_module(f"odd_package_{number}")
    finally:
        sys.path.remove(str(tmp_path))
    assert module.VARIANTS == tuple(model.variant for model in record.models)
    contract = record.models[0].contract
    outputs = getattr(module, f"{class_name(record)}Outputs")
    fields = [field.name for field in dataclasses.fields(outputs)]
    assert len(fields) == len(set(fields)) == len(contract.outputs)
    run = inspect.signature(getattr(module, class_name(record)).run)
    assert len(run.parameters) == 1 + len(contract.inputs)
    labels = [value for key, value in vars(module).items() if key.endswith("_LABELS")]
    assert sorted(labels) == sorted(spec.labels for spec in contract.outputs if spec.labels)
