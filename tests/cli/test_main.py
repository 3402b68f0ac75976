"""How the command begins and ends: signals, streams that fail, memory that is not there."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

NET = Path(__file__).parents[1] / "models" / "fully_connected.float32.tflite"
COMMAND = [sys.executable, "-m", "edgekit.cli.main"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and streams")


def start(*arguments, module="edgekit.cli.main", ignored=(), **options):
    """The command, with the signals' default handlers but for those that are ignored."""

    def prepare():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name)
            signal.signal(number, signal.SIG_IGN if name in ignored else signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
        **options,
    )


# A function that is as slow as one likes, as a source of samples: the exporter waits in it.
SLOW = "import time\ndef samples():\n    time.sleep(600)\n"


@pytest.fixture
def slow(tmp_path):
    """What starts a conversion whose child does not end, and where its temporary files go."""
    (tmp_path / "tests_slow.py").write_text(SLOW)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    arguments = ["convert", NET, "-r", "static_wi8_ai8", "-c", "tests_slow:samples", "-o", "out"]
    env = {**os.environ, "TMPDIR": str(temporary), "EDGEKIT_HOME": str(tmp_path / "home")}
    return lambda **more: start(*arguments, cwd=tmp_path, env=env, **more), temporary


def children_at_work(parent):
    """The children of a conversion, once they have begun."""
    assert parent.stderr.readline()
    return psutil.Process(parent.pid).children(recursive=True)


def gone(processes):
    return len(psutil.wait_procs(processes, timeout=30)[1]) == 0


@posix
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM", "SIGINT"])
def test_a_signal_ends_the_command_in_order(slow, tmp_path, name):
    begin, temporary = slow
    parent = begin()
    children = children_at_work(parent)
    assert any(temporary.iterdir())
    parent.send_signal(getattr(signal, name))
    error = parent.communicate()[1]
    assert parent.returncode == 128 + getattr(signal, name)
    assert "Traceback" not in error
    assert gone(children)
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "out").exists()


@posix
def test_a_hangup_that_is_ignored_stays_ignored(slow):
    begin, _ = slow
    parent = begin(ignored=["SIGHUP"])  # as nohup does
    children_at_work(parent)
    parent.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert parent.poll() is None
    parent.terminate()
    parent.communicate()
    assert parent.returncode == 128 + signal.SIGTERM


@posix
def test_what_a_killed_command_left_goes_when_the_next_one_starts(slow):
    begin, temporary = slow
    parent = begin()
    children = children_at_work(parent)
    parent.kill()
    parent.communicate()
    assert gone(children)
    left = list(temporary.iterdir())
    assert left
    second = begin()
    children_at_work(second)
    now = list(temporary.iterdir())
    second.terminate()
    second.communicate()
    assert now
    assert not set(left) & set(now)


@posix
@pytest.mark.parametrize("module", ["edgekit", "edgekit.cli.main"])
@pytest.mark.parametrize("seed", range(8))
def test_an_early_interrupt_is_quiet(tmp_path, module, seed):
    """From the moment at which Python has started; before, no line of edgekit has run."""
    draw = random.Random(seed)
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.stdout.write('started\\n'); sys.stdout.flush()\n"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    env = {**os.environ, "PYTHONPATH": path, "EDGEKIT_HOME": str(tmp_path)}
    parent = start("convert", NET, "-o", tmp_path / "out", module=module, env=env)
    assert parent.stdout.readline() == "started\n"
    time.sleep(draw.uniform(0.04, 0.3))  # what runs -m takes some milliseconds itself
    parent.send_signal(signal.SIGINT)
    error = parent.communicate()[1]
    assert parent.returncode in (0, 130), error
    assert "Traceback" not in error


VERBS = {
    "done": (["inspect", NET], 0),
    "refused": (["inspect", "missing.tflite"], 2),
    "no such verb": (["inspekt"], 2),
    "help": (["--help"], 0),
    "progress": (["convert", NET, "-r", "float16", "--force", "-o"], 0),
}
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


@posix
@FULL
@pytest.mark.parametrize("name", VERBS)
@pytest.mark.parametrize("how", ["full", "closed pipe", "closed"])
def test_standard_error_that_fails_changes_no_exit_code(tmp_path, name, how):
    arguments, code = VERBS[name]
    arguments = [*COMMAND, *map(str, arguments), *([str(tmp_path)] if name == "progress" else [])]
    reading, writing = os.pipe()
    os.close(reading)
    with open("/dev/full", "w") as full:
        stream = {"full": full, "closed pipe": writing, "closed": None}[how]
        close = (lambda: os.close(2)) if how == "closed" else None
        done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=stream, preexec_fn=close)
    os.close(writing)
    assert done.returncode == code


@posix
@FULL
@pytest.mark.parametrize(
    "arguments", [["inspect", NET], ["inspect", NET, "--json"], ["--help"], ["--version"]]
)
def test_standard_output_that_is_full_is_an_error_with_a_message(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)], stdout=full, stderr=subprocess.PIPE, text=True
        )
        both = subprocess.run([*COMMAND, *map(str, arguments)], stdout=full, stderr=full)
    assert done.returncode == both.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_without_memory_says_so():
    program = (
        "import sys\nfrom edgekit.cli import main\n"
        "def grab(*_, **__): raise MemoryError\n"
        "main.cli.main = grab\nsys.argv = ['edgekit']\nmain.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert "ran out of memory" in done.stderr
    assert "Traceback" not in done.stderr
