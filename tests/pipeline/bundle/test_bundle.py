"""`edgekit bundle`: golden samples as files store them, tolerances, what is refused, and bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import artifacts, serde
from edgekit.core.bundle_record import Bundle, Tolerance
from edgekit.core.errors import EdgekitError, ModelError, OutputError, UsageError
from edgekit.core.records import Limits, Target
from edgekit.data.preprocess import preprocess
from edgekit.pipeline.bundle.bundle import bundle
from edgekit.runtimes import local
from tests.codegen.conftest import DENSE, IMAGE, TESTS, convert

RUNTIMES = TESTS / "runtimes" / "data"


def samples(folder: Path, record: Bundle, number: int = 0) -> dict[tuple[str, str], np.ndarray]:
    """The golden file of a variant, by role and name: all samples of each tensor."""
    golden = record.models[number].golden
    data = np.frombuffer((folder / golden.file).read_bytes(), np.uint8)
    size = golden.num_samples * golden.sample_bytes  # raw data and labels follow
    rows = data[:size].reshape(golden.num_samples, golden.sample_bytes)
    found = {}
    for tensor in golden.tensors:
        part = rows[:, tensor.offset : tensor.offset + tensor.num_bytes].tobytes()
        array = np.frombuffer(part, np.dtype(tensor.dtype).newbyteorder("<"))
        found[tensor.role, tensor.name] = array.reshape(-1, *tensor.shape)
    return found


def tree(folder: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def python(files: list[Path], folder: Path) -> tuple[Bundle, Path]:
    """A bundle, and the folder of its package, where the golden files lie."""
    record = bundle(files, {"python": folder})
    return record, next(path.parent for path in folder.rglob("*.golden.bin"))


def test_golden_samples_are_what_the_host_computes_with_the_very_file(
    net: list[Path], tmp_path: Path
) -> None:
    record, package = python(net, tmp_path / "p")
    inputs = np.load(artifacts.golden_path(net[0].parent, "net"))
    for number, path in enumerate(net):
        golden = record.models[number].golden
        held = samples(package, record, number)
        data = (package / golden.file).read_bytes()
        assert hashlib.sha256(data).hexdigest() == golden.sha256
        assert len(data) == golden.num_bytes >= golden.num_samples * golden.sample_bytes
        x = held["input", "x"]
        given = next(value for key, value in inputs.items() if value.shape[1:] == (3, 4, 1))
        np.testing.assert_array_equal(x[:, 0], given.astype(np.float32))
        with local.open_session(path, Target(), limits=Limits()) as session:
            wanted = session.run({"x": x[:, 0]})["y"]
        np.testing.assert_array_equal(held["output", "y"][:, 0], wanted)


@pytest.mark.parametrize("io_dtype", ["int8", "uint8"])
def test_quantized_tensors_are_held_as_codes(io_dtype: str, tmp_path: Path) -> None:
    files = convert(DENSE, tmp_path, recipes=("static_wi8_ai8",), io_dtype=io_dtype)
    record, package = python(files, tmp_path / "p")
    [x], [y] = record.models[0].contract.inputs, record.models[0].contract.outputs
    held = samples(package, record)
    assert held["input", "x"].dtype == held["output", "y"].dtype == np.dtype(io_dtype)
    real = (held["input", "x"][:, 0].astype(np.float32) - x.zero_point[0]) * np.float32(x.scale[0])
    with local.open_session(files[0], Target(), limits=Limits()) as session:
        outputs = session.run({"x": real})["y"]
    codes = np.rint(outputs / np.float32(y.scale[0])) + y.zero_point[0]
    np.testing.assert_array_equal(held["output", "y"][:, 0], codes)
    allowed = record.models[0].golden.tensors[-1].tolerance
    assert allowed is not None
    assert allowed.worst >= 4 * y.scale[0] and allowed.rms >= 0.5 * y.scale[0]


def test_what_was_tried_stands_in_the_contract_and_bounds_the_tolerance(
    net: list[Path], tmp_path: Path
) -> None:
    record, package = python(net, tmp_path / "p")
    for number, model in enumerate(record.models):
        golden = model.golden
        trials = {(trial.runtime, trial.kernels): trial for trial in golden.trials}
        assert ("litert", "reference") in trials and ("litert", "builtin") in trials
        allowed = golden.tensors[-1].tolerance
        assert allowed is not None and allowed.agreement is not None
        for trial in golden.trials:
            assert trial.left_out is None and trial.version
            [apart] = trial.differences
            assert apart.agreement is not None and apart.agreement >= allowed.agreement
            assert 4 * apart.worst <= allowed.worst and 2 * apart.rms <= allowed.rms
        values = samples(package, record, number)["output", "y"]
        if model.variant == "float32":  # its kernels differ by less than counts
            assert allowed.worst == pytest.approx(4 * 2.0**-20 * np.abs(values).max())
        else:  # one step, by which the outputs of an int8 file are apart
            steps = np.diff(np.unique(values)) / (allowed.worst / 4)
            np.testing.assert_allclose(steps, np.rint(steps), atol=0.02)


def test_raw_data_and_labels_are_the_hosts(net: list[Path], tmp_path: Path) -> None:
    record, package = python(net, tmp_path / "p")
    for model in record.models:
        content = (package / model.golden.file).read_bytes()
        [raw], [held] = model.golden.raw, model.golden.labels
        [x], [y] = model.contract.inputs, model.contract.outputs
        image = np.frombuffer(content[raw.offset :][: raw.num_bytes], np.uint8).reshape(raw.shape)
        made = preprocess(image, x).reshape(-1)[:: raw.stride].astype("<f4")
        assert content[raw.expected_offset :][: raw.expected_num_bytes] == made.tobytes()
        labels = content[held.offset :][: held.num_bytes].decode().split("\0")
        assert tuple(labels) == (*y.labels, "")


def test_whole_numbers_are_met_exactly(tmp_path: Path) -> None:
    record, package = python(convert(RUNTIMES / "ids.tflite", tmp_path), tmp_path / "p")
    for model in record.models:
        for tensor in model.golden.tensors:
            if np.dtype(tensor.dtype).kind in "iub":
                assert tensor.tolerance in (None, Tolerance())
    assert samples(package, record)["input", record.models[0].contract.inputs[0].name].size


@pytest.mark.parametrize("file", ["two_inputs", "state", "default_second", "unnamed"])
def test_several_inputs_state_and_signatures_are_bundled(file: str, tmp_path: Path) -> None:
    files = convert(RUNTIMES / f"{file}.tflite", tmp_path)
    # C's self-test replays no sequence.
    platforms = {name: tmp_path / name for name in ("c", "python")[file == "state" :]}
    record = bundle(files, platforms)
    golden = record.models[0].golden
    ends = [tensor.offset + tensor.num_bytes for tensor in golden.tensors]
    assert [tensor.offset for tensor in golden.tensors] == [0, *ends[:-1]]
    assert ends[-1] == golden.sample_bytes
    for folder in platforms.values():
        assert (folder / "contract.json").is_file()


def test_the_contract_reads_back_as_the_record(net: list[Path], tmp_path: Path) -> None:
    record, _ = python(net, tmp_path / "p")
    payload = json.loads((tmp_path / "p" / "contract.json").read_text(encoding="utf-8"))
    assert serde.from_dict(Bundle, payload) == record
    assert [model.variant for model in record.models] == ["float32", "static_wi8_ai8"]
    assert record.name == "net"


def test_the_same_files_give_the_same_bytes(net: list[Path], tmp_path: Path) -> None:
    for number in (1, 2):
        bundle(net, {p: tmp_path / str(number) / p for p in ("c", "python")})
    assert tree(tmp_path / "1") == tree(tmp_path / "2")


def test_files_in_another_folder_give_the_same_bytes(net: list[Path], tmp_path: Path) -> None:
    shutil.copytree(net[0].parent, tmp_path / "elsewhere")
    bundle(net, {"c": tmp_path / "1"})
    bundle([tmp_path / "elsewhere" / path.name for path in net], {"c": tmp_path / "2"})
    assert tree(tmp_path / "1") == tree(tmp_path / "2")


def test_one_refused_destination_leaves_the_others_unwritten(
    net: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="a folder"):
        bundle(net, {"c": tmp_path / "c", "python": tmp_path / "file"})
    assert not (tmp_path / "c").exists()


def refused(kind: type[EdgekitError], files: list[Path], folder: Path) -> str:
    with pytest.raises(kind) as caught:
        bundle(files, {"c": folder})
    assert not folder.exists()
    return str(caught.value)


def test_what_cannot_be_bundled_is_refused_with_the_reason(net: list[Path], tmp_path: Path) -> None:
    lonely = tmp_path / "lonely.tflite"
    shutil.copy(net[0], lonely)
    assert "manifest" in refused(ModelError, [lonely], tmp_path / "c")
    shutil.copytree(net[0].parent, tmp_path / "out")
    inside = tmp_path / "out" / net[0].name
    artifacts.golden_path(tmp_path / "out", "net").unlink()
    assert "golden" in refused(ModelError, [inside], tmp_path / "c")
    assert "different names" in refused(UsageError, [net[0], net[0]], tmp_path / "c")
    again = convert(DENSE, tmp_path / "again", recipes=("float32",), name="again")
    shape = refused(UsageError, [net[0], *again], tmp_path / "c")
    assert "same inputs" in shape and "again.float32.tflite" in shape
    image = net[0].parents[1] / "image.tflite"
    twin = convert(image, tmp_path / "twin", IMAGE, name="twin")
    assert "another variant" in refused(UsageError, [net[0], *twin], tmp_path / "c")
    other = convert(RUNTIMES / "two_inputs.tflite", tmp_path / "other", name="other")
    assert "same inputs" in refused(UsageError, [net[0], *other], tmp_path / "c")
    shutil.copy(net[0].parents[1] / "image.tflite", tmp_path / "retrained.tflite")
    with (tmp_path / "retrained.tflite").open("ab") as file:
        file.write(b"\0")  # another file of the same inputs and outputs
    trained = convert(
        tmp_path / "retrained.tflite", tmp_path / "v2", IMAGE, ("float16",), name="v2"
    )
    assert "one model" in refused(UsageError, [net[0], trained[-1]], tmp_path / "c")
    assert "at least one" in refused(UsageError, [], tmp_path / "c")
    with pytest.raises(UsageError, match="platform"):
        bundle(net, {"palm": tmp_path / "c"})


def test_unknown_sizes_are_refused(tmp_path: Path) -> None:
    open_sizes = convert(RUNTIMES / "dynamic.tflite", tmp_path)
    assert "-1" in refused(ModelError, open_sizes, tmp_path / "c")


def test_a_file_changed_since_its_manifest_is_refused(net: list[Path], tmp_path: Path) -> None:
    shutil.copytree(net[0].parent, tmp_path / "out")
    shutil.copy(net[1], tmp_path / "out" / net[0].name)
    refused(EdgekitError, [tmp_path / "out" / net[0].name], tmp_path / "c")


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgekit.cli.main", "bundle", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_writes_bundles_and_says_where(net: list[Path], tmp_path: Path) -> None:
    arguments = [*net, "--c", tmp_path / "c", "--name", "My Net"]
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    place, *lines = done.stdout.splitlines()
    assert place == f"c: {tmp_path / 'c'}"
    assert any(line.startswith("self-test of float32, y: worst difference ") for line in lines)
    assert any("reference kernels: worst difference " in line for line in lines)
    assert (tmp_path / "c" / "my_net.h").is_file()
    done = command(*arguments)
    assert done.returncode == 2
    assert "--force" in done.stderr
    done = command(*arguments, "--force", "--json")
    assert done.returncode == 0, done.stderr
    payload = json.loads(done.stdout)
    assert (payload["name"], len(payload["models"])) == ("My Net", 2)


def test_the_command_needs_a_platform(net: list[Path]) -> None:
    done = command(net[0])
    assert done.returncode == 2
    assert "--android DIR" in done.stderr


def test_folders_inside_each_other_are_refused(net: list[Path], tmp_path: Path) -> None:
    for c, python_folder in (("a", "a"), ("a", "a/b"), ("a/b", "a")):
        with pytest.raises(UsageError, match="folder of its own"):
            bundle(net, {"c": tmp_path / c, "python": tmp_path / python_folder})
    assert not (tmp_path / "a").exists()


def test_files_of_the_same_name_are_refused(net: list[Path], tmp_path: Path) -> None:
    shutil.copytree(net[0].parent, tmp_path / "out")
    with pytest.raises(UsageError, match="different names"):
        bundle([net[0], tmp_path / "out" / net[0].name], {"c": tmp_path / "c"})
