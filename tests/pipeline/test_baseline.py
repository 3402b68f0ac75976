"""Baselines on disk: written whole, read back exactly, and refused when they do not fit."""

import errno
import json
import multiprocessing
import os
import resource
import signal

import numpy as np
import pytest

from edgekit.errors import OutputError, ProjectError
from edgekit.pipeline import baseline as store
from edgekit.process import silent
from edgekit.records import Host, Measurement, Metric, Target
from edgekit.rules import Baseline

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
        (lambda text: text[: len(text) // 2], "is JSON"),
        (lambda text: "\x00", "is JSON"),
        (lambda text: "[]", "no schema_version"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 0', 1), "schema 0"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 7', 1), "newer"),
        (lambda text: text.replace('"model"', '"modell"', 1), "modell"),
    ],
)
def test_a_damaged_or_older_baseline_says_what_it_is_and_what_to_do(path, damage, words):
    store.save(path, made())
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        store.load(path)
    assert words in str(caught.value)


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
