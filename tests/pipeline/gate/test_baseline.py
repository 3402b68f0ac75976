"""Baselines on disk: written whole, read back exactly, and refused when they do not fit."""

import errno
import json
import multiprocessing
import os
import resource
import signal
from dataclasses import replace

import numpy as np
import pytest

from edgekit.core import npz_record, serde
from edgekit.core.baseline_record import Baseline, BaselineFile, CalibrationData, shared
from edgekit.core.errors import OutputError, ProjectError
from edgekit.core.process import silent
from edgekit.core.records import Contract, Host, Measurement, Metric, Target, TensorSpec
from edgekit.data import npz
from edgekit.pipeline.gate import baseline as store

HOST = Host(machine="x86_64", system="Linux 6", cpu="a CPU", cores=2, python="3.11.2")


def made(seed=0, n=300):
    rng = np.random.default_rng(seed)
    right = tuple((rng.random(n) < 0.9).astype(float).tolist())
    signal_, noise = (tuple(rng.random(n).tolist()) for _ in range(2))
    metrics = (
        Metric(name="top1_accuracy", value=float(np.mean(right)), raw=right),
        Metric(name="sqnr_db", value=30.0, statistic="sqnr_db", parts=(signal_, noise)),
        Metric(name="size_bytes", value=1000.0 + seed),
    )
    one = Measurement(
        artifact="v",
        artifact_sha256="a" * 64,
        samples_sha256="b" * 64,
        num_samples=n,
        target=Target(),
        host=HOST,
        metrics=metrics,
    )
    return Baseline(model="m", outputs={"y": (1, 10)}, measurements=(one,))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "baseline.json"


def test_what_is_read_is_what_was_written(path):
    outputs = {"v/litert/y": np.arange(6.0).reshape(2, 3)}
    store.save(path, made(), outputs=outputs)
    found, arrays = store.load(path)
    assert found.measurements == made().measurements
    assert (found.model, found.outputs) == ("m", {"y": (1, 10)})
    np.testing.assert_array_equal(arrays["v/litert/y"], outputs["v/litert/y"])


def test_the_json_is_for_people_and_the_values_are_beside_it(path):
    store.save(path, made(n=5000))
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 80
    assert "raw" not in text and "parts" not in text
    only_bits = path.with_name("bits.json")
    store.save(only_bits, made(n=5000), keep=lambda metric: not metric.parts)
    assert store.values_path(only_bits).stat().st_size < 3000
    assert store.load(only_bits)[0].measurements[0].metric("sqnr_db").parts == ()


def test_equal_measurements_are_equal_files(path, tmp_path):
    again = tmp_path / "again" / "baseline.json"
    for place in (path, again):
        store.save(place, made())
    assert path.read_bytes() == again.read_bytes()
    assert store.values_path(path).read_bytes() == store.values_path(again).read_bytes()


def refused(path):
    with pytest.raises(ProjectError) as caught:
        store.load(path)
    assert caught.value.hint
    return str(caught.value)


def test_a_missing_baseline_names_the_command_that_writes_one(path):
    assert "edgekit gate --update-baseline" in refused(path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[: len(text) // 2], "is not JSON"),
        (lambda text: "\x00", "is not JSON"),
        (lambda text: "[]", "no schema_version"),
        (lambda text: text.replace('"schema_version": 2', '"schema_version": 0', 1), "schema 0"),
        (lambda text: text.replace('"schema_version": 2', '"schema_version": 7', 1), "newer"),
        (lambda text: text.replace('"model"', '"modell"', 1), "modell"),
    ],
)
def test_a_damaged_or_older_baseline_says_what_it_is_and_what_to_do(path, damage, words):
    store.save(path, made())
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        store.load(path)
    assert words in str(caught.value)


def edited(path, change):
    payload = json.loads(path.read_text(encoding="utf-8"))
    change(payload["measurements"][0])
    path.write_text(json.dumps(payload), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: one["metrics"][0].update(value=0.5), "v/litert/top1_accuracy = 0.5, where 0."),
        (lambda one: one["metrics"][1].update(value="inf"), "sqnr_db = inf, where 30.0"),
        (lambda one: one["metrics"][2].update(value=2000), "size_bytes = 2000.0, where 1000.0"),
        (lambda one: one["metrics"][2].update(name="mae"), "mae = 1000.0, where nothing"),
        (lambda one: one["metrics"][1].update(statistic="auc"), "another measurement"),
        (lambda one: one["metrics"].pop(), "another measurement"),
        (lambda one: one.update(samples_sha256="c" * 64), "another measurement"),
        (lambda one: one.update(artifact="w"), "another measurement"),
    ],
)
def test_what_was_edited_by_hand_is_noticed_and_named(path, change, words):
    store.save(path, made())
    edited(path, change)
    said = refused(path)
    assert "baseline.json was changed after it was written." in said
    assert words in said
    assert "edgekit gate --update-baseline" in said


def test_another_host_spelling_and_other_blanks_are_no_change(path):
    store.save(path, made())
    edited(path, lambda one: one["host"].update(cpu="another CPU"))
    assert store.load(path)[0].measurements[0].host.cpu == "another CPU"


def test_of_an_older_baseline_what_changed_its_meaning_has_another_name(path):
    """Its SQNR was that of whole outputs; nothing compares with it under today's name."""
    (one,) = made().measurements
    sqnr = one.metric("sqnr_db")
    more = (replace(sqnr, name="sqnr_db@y"), Metric(name="agreement", value=1.0, raw=(1.0,)))
    old = replace(
        made(), schema_version=1, measurements=(replace(one, metrics=(*one.metrics, *more)),)
    )
    store.save(path, old)
    found = store.load(path)[0]
    assert (found.schema_version, found.contracts) == (1, ())
    (one,) = found.measurements
    names = [metric.name for metric in one.metrics]
    assert names == ["top1_accuracy", "pooled_sqnr_db", "size_bytes", "pooled_sqnr_db@y"]
    assert one.metric("pooled_sqnr_db").parts == sqnr.parts


def test_contract_calibration_and_files_are_kept_and_cannot_be_edited(path):
    spec = TensorSpec(name="x", shape=(1, 12), dtype="float32", labels=("a", "b"))
    whole = replace(
        made(),
        contracts=shared({name: Contract(inputs=(spec,), outputs=()) for name in ("v", "w")}),
        calibration=CalibrationData(source_sha256="s", samples_sha256="c", num_samples=3),
        files={"v": BaselineFile(operators=("ADD",), oldest_runtime="2.3.0", calibrated=True)},
    )
    store.save(path, whole)
    found = store.load(path)[0]
    assert (found.contracts, found.calibration) == (whole.contracts, whole.calibration)
    assert found.files == whole.files
    assert [one.variants for one in found.contracts] == [("v", "w")]
    assert found.contract("w") == Contract(inputs=(spec,), outputs=())
    assert found.contract("other") is None
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"a"', '"c"', 1), encoding="utf-8")
    assert "baseline.json was changed after it was written." in refused(path)


def test_a_baseline_of_an_older_edgekit_without_a_copy_is_read(path):
    store.save(path, made())
    arrays = npz.read(store.values_path(path))
    del arrays["copy"]
    npz_record.write(store.values_path(path), arrays)
    text = path.read_text(encoding="utf-8")
    old = json.loads(text)["values_sha256"]
    path.write_text(text.replace(old, serde.sha256(store.values_path(path))), encoding="utf-8")
    assert store.load(path)[0].measurements == made().measurements


@pytest.mark.parametrize("name", ["baseline.json", "baseline.npz"])
@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_damaged_is_refused_with_the_way_out_or_reads_as_it_was(path, name, seed):
    store.save(path, made())
    rng, target = np.random.default_rng(seed), path.with_name(name)
    content = bytearray(target.read_bytes())
    for place in rng.integers(0, len(content), rng.integers(1, 20)):
        content[place] = rng.integers(256)
    target.write_bytes(content[: len(content) // 2] if seed % 8 == 7 else content)
    try:
        found = store.load(path)[0]
    except ProjectError as error:
        assert error.hint and error.received
    else:
        assert name == "baseline.json"
        hosts = [replace(one, host=HOST) for one in found.measurements]
        assert hosts == list(made().measurements)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"v/litert/top1_accuracy/raw": np.array(["a"])}, "could not convert"),
        ({"v/litert/top1_accuracy/raw": np.zeros((2, 2))}, "Python scalars"),
        ({"v/litert/sqnr_db/parts": np.zeros(2)}, "not iterable"),
        ({"copy": np.array([255, 254], np.uint8)}, "decode"),
        ({"copy": np.frombuffer(b"[1]", np.uint8)}, "table"),
    ],
)
def test_values_of_wrong_types_are_refused(path, arrays, words):
    store.save(path, made())
    values = npz.read(store.values_path(path)) | arrays
    npz_record.write(store.values_path(path), values)
    payload = json.loads(path.read_text(encoding="utf-8"))
    payload["values_sha256"] = serde.sha256(store.values_path(path))
    path.write_text(json.dumps(payload), encoding="utf-8")
    assert words in refused(path)


def test_a_pipe_or_a_folder_is_no_baseline(path):
    store.save(path, made())
    store.values_path(path).unlink()
    os.mkfifo(store.values_path(path))
    assert "no such file" in refused(path)
    path.unlink()
    os.mkfifo(path)
    assert "is not JSON" in refused(path)
    path.unlink()
    path.mkdir()
    assert "is not JSON" in refused(path)


@pytest.mark.parametrize("blocked", ["baseline.json", "baseline.npz", "baseline.v.tflite"])
def test_where_one_file_cannot_be_moved_all_are_as_they_were(path, tmp_path, blocked):
    """A folder in the place of one of them."""
    (tmp_path / "model").write_bytes(b"new")
    beside = {tmp_path / "model": path.with_name("baseline.v.tflite")}
    path.with_name("baseline.v.tflite").write_bytes(b"old")
    store.save(path, made())
    (path.with_name(blocked)).unlink()
    (path.with_name(blocked) / "mine").mkdir(parents=True)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    with pytest.raises(OutputError, match="could not be written"):
        store.save(path, made(seed=5), beside=beside)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before
    assert (path.with_name(blocked) / "mine").is_dir()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_values_of_another_baseline_are_noticed(path, tmp_path):
    store.save(path, made())
    other = tmp_path / "other.json"
    store.save(other, made(seed=1))
    store.values_path(other).replace(store.values_path(path))
    assert "another file of that name" in refused(path)
    store.values_path(path).unlink()
    assert "no such file" in refused(path)


def _write_on_a_full_disk(path, most):
    """In a child: files beyond `most` bytes cannot be written, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    try:
        store.save(path, made(seed=2, n=5000))
    except OutputError as error:
        assert os.strerror(errno.EFBIG) in str(error)
        os._exit(42)
    os._exit(0)


@pytest.mark.parametrize("most", [100, 1200])
def test_on_a_full_disk_the_old_baseline_survives(path, most):
    store.save(path, made())
    context = multiprocessing.get_context("fork")
    child = context.Process(target=_write_on_a_full_disk, args=(path, most))
    child.start()
    child.join()
    assert child.exitcode == 42
    assert store.load(path)[0].measurements == made().measurements
    assert sorted(p.name for p in path.parent.iterdir()) == ["baseline.json", "baseline.npz"]


def _write_many(path, seed, home):
    os.environ["EDGEKIT_HOME"] = home
    for _ in range(15):
        with store.writing(path, silent):
            store.save(path, made(seed))
    os._exit(0)


def test_gates_that_write_one_baseline_at_once_leave_one_of_theirs(path, tmp_path):
    context = multiprocessing.get_context("fork")
    home = str(tmp_path / "home")
    writers = [context.Process(target=_write_many, args=(path, seed, home)) for seed in (1, 2, 3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    found = store.load(path)[0].measurements
    assert found in [made(seed).measurements for seed in (1, 2, 3)]


def test_no_file_of_another_name_is_left(path):
    store.save(path, made())
    payload = json.loads(path.read_text(encoding="utf-8"))
    assert payload["values_sha256"]
    assert sorted(p.name for p in path.parent.iterdir()) == ["baseline.json", "baseline.npz"]
