"""Every mistake gets a rule, what was received, and exit code 2; nothing is left or lost."""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from edgekit.cli.main import main

MODELS = Path(__file__).parents[1] / "models"
NET = MODELS / "conv_2d.float32.tflite"  # input x (1, 6, 6, 4), output y (1, 6, 6, 8)
DENSE = MODELS / "fully_connected.float32.tflite"  # input x (1, 12), output y (1, 8)
OLD = b"what was here before"


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the command in this process; returns exit code, standard output and error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["edgekit", *map(str, arguments)])
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as end:
                main()
        finally:
            signal.signal(signal.SIGTERM, before)
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return run


@pytest.fixture
def refused(call):
    """Run a command that must refuse; returns what it said."""

    def run(*arguments):
        code, out, err = call(*arguments)
        assert code == 2, err
        assert "Traceback" not in err
        assert "Error: " in err
        assert "Received: " in err or "Usage: " in err
        assert out == ""
        return err

    return run


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with one of each wrong file, as the current one."""
    monkeypatch.chdir(tmp_path)
    good = np.zeros((20, 6, 6, 4), np.float32)
    broken = good.copy()
    broken[3, 0, 0, 0] = np.nan
    for name, content in {
        "empty.keras": b"",
        "garbage.keras": bytes(range(256)) * 8,
        "truncated.keras": b"PK\x03\x04" + bytes(100),
        "garbage.tflite": bytes(range(256)) * 8,
        "truncated.tflite": NET.read_bytes()[:900],
        "garbage.npz": b"PK nothing",
        "garbage.csv": b"\xff\xfe\x00",
        "latin.toml": b"name = '\xe9'",
        "metrics.py": b"def fails(outputs, labels):\n    return labels.shape[7]\n"
        b"def ends(outputs, labels):\n    raise SystemExit(1)\n",
    }.items():
        Path(name).write_bytes(content)
    Path("nothing").mkdir()
    np.savez("good.npz", x=good)
    np.savez("nan.npz", x=broken)
    np.savez("names.npz", images=good)
    np.savez("shape.npz", x=good[:, :5])
    np.savez("none.npz", x=good[:0])
    np.savez("bytes.npz", x=np.arange(20 * 144).reshape(good.shape).astype(np.uint8))
    np.savez("text.npz", x=np.array(["a"] * 20))
    np.savez("lengths.npz", x=good, y=np.zeros(3))
    np.savez("nan_labels.npz", x=good, y=np.full(20, np.nan))
    np.savez("masks.npz", x=good, y=np.zeros((20, 5, 5), int))
    np.savez("classes.npz", x=np.zeros((20, 12), np.float32), y=np.arange(20) % 9)
    np.savez("no_output.npz", **{"x": good, "labels/z": np.zeros(20)})
    np.savez("pickled.npz", x=np.array([{}] * 20, dtype=object))
    np.save("bare.npy", good)
    for name, text in {
        "unknown": 'recipe = ["float16"]',
        "file": 'file = "x"',
        "type": 'recipes = "float16"\noutput = 3',
        "labels": '[output.y]\nlabels = ["a", "b"]',
        "nolabels": '[output.y]\nlabels = "missing.txt"',
        "input": '[input.z]\nkind = "image"',
        "kind": '[output.y]\nkind = "clases"',
        "kinds": '[output.y]\nkind = "mask"\ncolumns = { boxes = [0, 8] }',
        "overlap": "[output.y]\ncolumns = { boxes = [0, 5], scores = [4, 8] }",
        "gap": "[output.y]\ncolumns = { boxes = [0, 4], scores = [5, 8] }",
        "std": "[input.x]\nstd = 0.0",
        "seed": "[data]\nseed = -1",
        "slash": 'name = "a/b"',
        "recipes": 'recipes = ["flot16"]',
        "broken": "name = ",
    }.items():
        Path(f"{name}.toml").write_text(text)
    return tmp_path


STATIC = ("convert", NET, "-r", "static_wi8_ai8", "-o", "out")
FLOAT = ("convert", NET, "-o", "out")
VALIDATE = ("validate", NET, "--data", "good.npz")
QUANTIZED = MODELS / "conv_2d.int8.tflite"

PRUNE = ("convert", NET, "-o", "out", "--prune")
QAT = ("convert", NET, "-o", "out", "--qat")

# Arguments, and words that the message must have.
MISTAKES = {
    # pruning and training
    "an unknown way to prune": ((*PRUNE, "structurd"), "structured"),
    "no target": ((*PRUNE, "structured"), "none of them"),
    "two targets": (
        (*PRUNE, "structured", "--sparsity", 0.5, "--to-size", 0.5),
        "sparsity and to_size",
    ),
    "sparsity in percent": ((*PRUNE, "structured", "--sparsity", 50), "0<x<1"),
    "sparsity 0": ((*PRUNE, "structured", "--sparsity", 0), "0<x<1"),
    "zeros to a size": ((*PRUNE, "unstructured", "--to-size", 0.5), "--prune structured"),
    "a pattern of nothing": ((*PRUNE, "0:4"), "N of each M"),
    "a pattern that keeps all": ((*PRUNE, "4:4"), "N of each M"),
    "a pattern and another sparsity": (
        (*PRUNE, "2:4", "--sparsity", 0.7),
        "that of the pattern 2:4, 0.5",
    ),
    "a selector that is none": (
        (*PRUNE, "structured", "--sparsity", 0.5, "--prune-layer", "conv("),
        "regular expression",
    ),
    "a sparsity without pruning": (
        ("convert", NET, "--sparsity", 0.5),
        "cannot be used without --prune",
    ),
    "a layer without pruning": (
        ("convert", NET, "--keep-dense", "a"),
        "cannot be used without --prune",
    ),
    "epochs without data": (
        (*PRUNE, "structured", "--epochs", 3),
        "cannot be used without --finetune",
    ),
    "distilling without data": ((*PRUNE, "2:4", "--distill"), "cannot be used without --finetune"),
    "--qat without data": (QAT, "--finetune DATA.npz --distill"),
    "--qat of float": ((*QAT, "-r", "float16", "--finetune", "good.npz"), "static_wi8_ai8"),
    "high effort of float16": (
        ("convert", NET, "-r", "float16", "--effort", "high"),
        "--effort static_wi4_ai8",
    ),
    "training of nothing": ((*FLOAT, "--finetune", "good.npz"), "neither --prune nor --qat"),
    "no epochs": ((*QAT, "--finetune", "good.npz", "--epochs", 0), "x>=1"),
    "a learning rate of 1": ((*QAT, "--finetune", "good.npz", "--learning-rate", 1), "0<x<1"),
    "training data of another shape": (
        (*QAT, "-r", "static_wi8_ai8", "-c", "good.npz", "--finetune", "shape.npz", "--distill"),
        "shape",
    ),
    "training data with NaN": (
        (*QAT, "-r", "static_wi8_ai8", "-c", "good.npz", "--finetune", "nan.npz", "--distill"),
        "nan",
    ),
    "training data that is missing": (
        (*QAT, "-r", "static_wi8_ai8", "-c", "good.npz", "--finetune", "no.npz", "--distill"),
        "no.npz",
    ),
    "pruning a .tflite": ((*PRUNE, "structured", "--sparsity", 0.5), "Keras model"),
    "integers for a float input": (
        (*STATIC, "-c", "bytes.npz"),
        "uint8 from 0 to 255 for input 'x' (float32); no labels tell",
    ),
    # models
    "missing model": (("convert", "missing.keras"), "found missing.keras"),
    "empty model": (("convert", "empty.keras"), "must not be empty"),
    "garbage model": (("convert", "garbage.keras"), "unknown bytes"),
    "garbage .tflite": (("convert", "garbage.tflite"), "unknown bytes"),
    "cut .keras": (("convert", "truncated.keras", "-o", "out"), "truncated.keras"),
    "folder without a model": (("convert", "nothing"), "holds no model"),
    "quantized .tflite": (("convert", QUANTIZED, "-o", "out"), "quantized already"),
    "cut .tflite": (("convert", "truncated.tflite", "-o", "out"), "truncated.tflite Hint"),
    "a data file as a model": (("convert", "good.npz", "-o", "out"), "good.npz"),
    # names
    "unknown verb": (("convrt", NET), "'convert'?"),
    "unknown option": (("convert", NET, "--recpie", "float16"), "--recipe"),
    "unknown recipe": (("convert", NET, "-r", "static_wi8_ai"), "did you mean 'static_wi8_ai8'?"),
    "unknown metric": ((*VALIDATE, "-m", "top1"), "did you mean 'top1_accuracy'?"),
    "unknown metric module": ((*VALIDATE, "-m", "nowhere:f"), "nowhere"),
    "unknown metric function": ((*VALIDATE, "-m", "metrics:fail"), "did you mean 'fails'?"),
    "unknown runtime": ((*VALIDATE, "--runtime", "litrt"), "did you mean 'litert'?"),
    "absent version": ((*VALIDATE, "--runtime", "litert==0.0.1"), "edgekit runtime add"),
    "unknown runtime of the demo": (("demo", "--runtime", "litrt"), "did you mean 'litert'?"),
    "no version": ((*VALIDATE, "--runtime", "litert==new"), "version number"),
    "absent version to time": (("benchmark", NET, "--runtime", "litert==0.0.1"), "runtime add"),
    "absent version to look": (("inspect", NET, "--runtime", "litert==0.0.1"), "runtime add"),
    "runtime without version": (("runtime", "add", "litert"), "with its version"),
    "runtime that is not there": (("runtime", "remove", "litert==0.0.1"), "environment"),
    "name with a slash": ((*FLOAT, "--name", "a/b"), "--name a_b"),
    "name too long": ((*FLOAT, "--name", "a" * 300), "at most 180"),
    # numbers and shapes
    "shape without a name": ((*FLOAT, "--input-shape", "1,2"), "NAME=1,SIZE"),
    "shape of words": ((*FLOAT, "--input-shape", "x=a,b"), "NAME=1,SIZE"),
    "shape twice": ((*FLOAT, *("--input-shape", "x=1,6,6,4") * 2), "once"),
    "shape of a .tflite": ((*FLOAT, "--input-shape", "x=1,6,5,4"), "must fit"),
    "no limit": ((*VALIDATE, "--limit", "0"), "--limit"),
    "no jobs": ((*VALIDATE, "--jobs", "0"), "--jobs"),
    "negative seed": ((*FLOAT, "--seed", "-1"), "--seed"),
    "negative seed of a draw": ((*VALIDATE, "--seed", "-1"), "--seed"),
    "endless time": ((*FLOAT, "--timeout", "nan"), "--timeout finite"),
    "endless memory": ((*FLOAT, "--memory-limit", "inf"), "--memory-limit finite"),
    "one run": (("benchmark", NET, "--num-runs", "1"), "--num-runs"),
    "time too short": ((*FLOAT, "--timeout", "0.01"), "time limit 0.01 s raise --timeout"),
    "time too short to run": ((*VALIDATE, "--timeout", "0.001"), "time limit"),
    "memory too small": ((*FLOAT, "--memory-limit", "0.05"), "memory limit --memory-limit"),
    "integers for float16": ((*FLOAT, "-r", "float16", "--io", "int8"), "static"),
    "integers for int16": (
        ("convert", NET, "-r", "static_wi8_ai16", "-c", "good.npz", "--io", "int8"),
        "int8 activations",
    ),
    "unknown integers": ((*FLOAT, "--io", "int4"), "int4"),
    # calibration
    "no calibration": (STATIC, "needs calibration samples --calibration"),
    "missing data": ((*STATIC, "-c", "missing.npz"), "was not found missing.npz"),
    "garbage data": ((*STATIC, "-c", "garbage.npz"), "garbage.npz"),
    "garbage table": ((*STATIC, "-c", "garbage.csv"), "garbage.csv"),
    "data without names": ((*STATIC, "-c", "bare.npy"), "bare.npy"),
    "wrong names": ((*STATIC, "-c", "names.npz"), "x images"),
    "wrong shape": ((*STATIC, "-c", "shape.npz"), "(6, 6, 4) (5, 6, 4)"),
    "not a number": ((*STATIC, "-c", "nan.npz"), "NaN [3, 0, 0, 0]"),
    "no samples": ((*STATIC, "-c", "none.npz"), "There are no samples"),
    "text for numbers": ((*STATIC, "-c", "text.npz"), "numbers"),
    "pickled data": ((*STATIC, "-c", "pickled.npz"), "Python objects"),
    "folder without preprocessing": ((*STATIC, "-c", "nothing"), "[input.x] kind"),
    "missing data module": ((*STATIC, "-c", "nowhere:f"), "nowhere"),
    # edgekit.toml
    "no such project": ((*FLOAT, "--project", "missing.toml"), "missing.toml"),
    "folder as project": ((*FLOAT, "--project", "nothing"), "nothing"),
    "project in Latin-1": ((*FLOAT, "--project", "latin.toml"), "UTF-8"),
    "broken project": ((*FLOAT, "--project", "broken.toml"), "TOML"),
    "unknown key": ((*FLOAT, "--project", "unknown.toml"), "'recipe' did you mean 'recipes'?"),
    "key of edgekit's own": ((*FLOAT, "--project", "file.toml"), "'file'"),
    "wrong type": ((*FLOAT, "--project", "type.toml"), "output 3"),
    "wrong number of labels": ((*FLOAT, "--project", "labels.toml"), "[output.y] 8 2 labels"),
    "missing labels": ((*FLOAT, "--project", "nolabels.toml"), "missing.txt"),
    "unknown input": ((*FLOAT, "--project", "input.toml"), "[input.z]"),
    "unknown kind": ((*FLOAT, "--project", "kind.toml"), "[output.y] kind 'classes'?"),
    "kind and columns": ((*FLOAT, "--project", "kinds.toml"), "[output.y] not both"),
    "columns that overlap": ((*FLOAT, "--project", "overlap.toml"), "overlap at column 4"),
    "columns with a gap": ((*FLOAT, "--project", "gap.toml"), "leave a gap at column 4"),
    "division by nothing": ((*FLOAT, "--project", "std.toml"), "[input.x] std"),
    "negative project seed": ((*FLOAT, "--project", "seed.toml"), "seed"),
    "project name with a slash": ((*FLOAT, "--project", "slash.toml"), "'a/b'"),
    "unknown project recipe": ((*FLOAT, "--project", "recipes.toml"), "'float16'?"),
    "fewer bits of floats": (
        ("convert", NET, "-r", "float16", "-c", "good.npz", "--storage-bits", "5"),
        "--storage-bits int8 float16",
    ),
    # places
    "file as folder": (("convert", NET, "-o", "good.npz"), "--output good.npz is a file"),
    "file as parent": (("convert", NET, "-o", "good.npz/out"), "--output good.npz is a file"),
    # other verbs
    "nothing to validate": (("validate",), "FILES"),
    "missing file": (("validate", "missing.tflite", "--data", "good.npz"), "was not found"),
    "garbage to validate": (("validate", "garbage.tflite", "--data", "good.npz"), "TFL3"),
    "cut file to validate": (("validate", "truncated.tflite", "--data", "good.npz"), "truncated"),
    "no evaluation data": (("validate", NET), "--data"),
    "metric without labels": ((*VALIDATE, "-m", "mae"), "labels"),
    "failing metric": ((*VALIDATE, "-m", "metrics:fails"), "metrics:fails metrics.py"),
    "metric that ends": ((*VALIDATE, "-m", "metrics:ends"), "metrics:ends SystemExit"),
    "lengths differ": (("validate", NET, "--data", "lengths.npz"), "x: 20 labels: 3"),
    "labels that are no numbers": (("validate", NET, "--data", "nan_labels.npz"), "NaN labels"),
    "masks of another size": (("validate", NET, "--data", "masks.npz"), "6x6 (20, 5, 5)"),
    "labels of more classes": (("validate", DENSE, "--data", "classes.npz"), "from 0 to 7 first 8"),
    "labels of no output": (("validate", NET, "--data", "no_output.npz"), "labels of 'z'"),
    "metric of no output": ((*VALIDATE, "-m", "mae@z"), "mae@z"),
    "missing reference": ((*VALIDATE, "--reference", "missing.tflite"), "missing.tflite"),
    "missing file to time": (("benchmark", "missing.tflite"), "was not found"),
    "garbage to time": (("benchmark", "garbage.tflite"), "garbage.tflite"),
    "cut file to time": (("benchmark", "truncated.tflite"), "truncated.tflite"),
    "folder to time": (("benchmark", "nothing"), "was not found"),
    "reference that is not timed": (("benchmark", NET, "--reference", DENSE), "one of the files"),
    "missing file to look at": (("inspect", "missing.tflite"), "missing.tflite"),
    "garbage to look at": (("inspect", "garbage.tflite"), "TFL3"),
    "cut file to look at": (("inspect", "truncated.tflite"), "damaged Hint"),
    "folder to look at": (("inspect", "nothing"), "nothing"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_and_leaves_nothing(refused, here, name):
    arguments, words = MISTAKES[name]
    before = sorted(here.rglob("*"))
    error = refused(*arguments)
    for word in words.split():
        assert word in error, error
    shutil.rmtree("__pycache__", ignore_errors=True)  # of metrics.py, where it was imported
    assert sorted(here.rglob("*")) == before


def test_a_refusal_before_the_work_says_so_at_once(refused, here):
    for arguments in (
        (*VALIDATE, "-m", "top1"),
        (*VALIDATE, "--runtime", "litert==0.0.1"),
        ("convert", NET, "-o", "good.npz"),
    ):
        assert "edgekit: " not in refused(*arguments)


@pytest.fixture
def written(here):
    """What an earlier conversion of the same name left, and the command that replaces it."""
    names = [f"net.{r}.{e}" for r in ("float32", "float16") for e in ("tflite", "json")]
    for name in (*names, "net.golden.npz"):
        (here / "out" / name).parent.mkdir(exist_ok=True)
        (here / "out" / name).write_bytes(OLD)
    return ("convert", NET, "-r", "float16", "--name", "net", "-o", "out", "--force")


def assert_untouched(folder):
    assert len(list(folder.iterdir())) == 5, list(folder.iterdir())
    assert all(path.read_bytes() == OLD for path in folder.iterdir())


@pytest.mark.parametrize(
    "fails_at", ["net.float32.tflite", "net.float16.tflite", "net.float16.json", "net.golden"]
)
def test_old_outputs_survive_a_full_disk(refused, here, written, monkeypatch, fails_at):
    def no_room(self):
        if fails_at in self.name and self.suffix == ".part":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    for name in ("write_text", "write_bytes", "chmod"):
        real = getattr(Path, name)

        def fake(self, *arguments, real=real, **options):
            no_room(self)
            return real(self, *arguments, **options)

        monkeypatch.setattr(Path, name, fake)
    real_copy = shutil.copyfile

    def copy(source, target):
        no_room(Path(target))
        return real_copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", copy)
    error = refused(*written)
    assert "No space left" in error
    assert "out/net" in error
    assert_untouched(here / "out")


@pytest.mark.parametrize("limit", [("--timeout", "0.01"), ("--memory-limit", "0.05")])
def test_old_outputs_survive_a_limit(refused, here, written, limit):
    refused(*written, *limit)
    assert_untouched(here / "out")


def test_a_folder_in_the_way_is_seen_before_anything_is_replaced(refused, here, written):
    blocked = here / "out" / "net.float16.tflite"
    blocked.unlink()
    blocked.mkdir()
    assert "is a folder" in refused(*written)
    assert (here / "out" / "net.float32.tflite").read_bytes() == OLD


def test_any_of_the_outputs_needs_force(refused, here, written):
    for path in (here / "out").glob("*.tflite"):
        path.unlink()
    assert "--force" in refused(*written[:-1])
    assert (here / "out" / "net.golden.npz").read_bytes() == OLD


def test_a_model_is_not_replaced_by_its_own_conversion(refused, here):
    shutil.copy(NET, "net.float32.tflite")
    assert "must not replace the model" in refused("convert", "net.float32.tflite", "--force")
    assert Path("net.float32.tflite").read_bytes() == NET.read_bytes()


def test_a_folder_without_the_right_to_write(refused, here, monkeypatch):
    Path("locked").mkdir(mode=0o500)
    if os.access("locked", os.W_OK):  # root may write everywhere
        monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    error = refused("convert", NET, "-o", "locked")
    assert "may write" in error
    assert "edgekit: " not in error


def test_a_folder_that_the_system_keeps_closed(refused, here):
    if not Path("/proc/self").exists():
        pytest.skip("no /proc here")
    assert "could not be written" in refused("convert", NET, "-o", "/proc/edgekit", "--name", "net")


MANIFESTS = {
    "of another file": ('{"schema_version": 1, "sha256": "0"}', "lacks"),
    "not JSON": ("{", "JSON"),
    "not a manifest": ('{"format": "layers-model"}', "format"),
    "a list": ("[]", "table"),
    "not text": (b"\xff\xfe", "decode"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_cannot_be_read(refused, here, name):
    content, word = MANIFESTS[name]
    shutil.copy(NET, "net.tflite")
    Path("net.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    error = refused("validate", "net.tflite", "--data", "good.npz")
    assert "net.json" in error
    assert word in error
    assert "Hint: convert again, or move the manifest away" in error


def test_a_manifest_of_another_file(call, refused, here):
    assert call("convert", NET, "-r", "float16", "-o", "out", "--name", "net")[0] == 0
    Path("out/net.float16.tflite").write_bytes(NET.read_bytes())
    error = refused("validate", "out/net.float16.tflite", "--data", "good.npz")
    assert "another content hash" in error
    assert "Hint: " in error


def test_json_is_not_printed_by_a_command_that_refuses(refused, here):
    refused("convert", "missing.keras", "--json")
    refused("benchmark", "garbage.tflite", "--json")


def test_this_process_stays_without_tensorflow():
    assert "tensorflow" not in sys.modules


def children_of(process):
    found = []
    while not found and process.is_running():
        found = process.children(recursive=True)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_conversion_that_is_ended(here, written, number):
    temporary = here / "temporary"
    temporary.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-m", "edgekit.cli.main", *map(str, written)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
        # A shell starts what runs in the background deaf to SIGINT; so would this be, then.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert parent.stderr is not None
    children = children_of(psutil.Process(parent.pid))
    parent.stderr.readline()  # the child is at work
    for child in children:  # and cannot end before the signal is there
        child.suspend()
    parent.send_signal(number)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):  # the parent has ended it
            child.resume()
    error = parent.communicate(timeout=30)[1]
    deadline = time.monotonic() + 30
    while any(child.is_running() for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert children
    assert not any(child.is_running() for child in children)
    assert_untouched(here / "out")
    if number == signal.SIGKILL:
        assert parent.returncode == -signal.SIGKILL
        return
    assert parent.returncode == 128 + number
    assert "Traceback" not in error
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")
@pytest.mark.parametrize(
    ("redirected", "code", "words"),
    [
        ("<&-", 0, ""),
        ("2>&-", 0, ""),
        (">&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
        ("> /dev/full", 2, "No space left on device"),
        ("| true; exit ${PIPESTATUS[0]}", 141, ""),
    ],
)
def test_streams_that_are_closed_or_full(redirected, code, words):
    if "/dev/full" in redirected and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    line = f"{sys.executable} -m edgekit.cli.main inspect {NET} {redirected}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_an_old_locale_gets_escapes_and_valid_json(here):
    shutil.copy(NET, "möd[final].tflite")
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "edgekit.cli.main", "inspect", "möd[final].tflite"]
    plain = subprocess.run(command, capture_output=True, env=env, check=True)
    assert plain.stdout.startswith(b"m\\xf6d[final].tflite:")
    said = subprocess.run([*command, "--json"], capture_output=True, env=env, check=True)
    assert json.loads(said.stdout)["file"]["path"] == "möd[final].tflite"
