"""A child that crashes, hangs, overeats or babbles becomes one clear error."""

import contextlib
import signal
import subprocess
import sys
import time

import psutil
import pytest

from edgekit.core import isolate
from edgekit.core.errors import (
    DataError,
    InternalError,
    WorkerCrashed,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from edgekit.core.isolate import Stage
from edgekit.core.process import Process
from edgekit.core.records import Limits

ECHO = """
import json, sys
for line in sys.stdin:
    print("a native library says hello")
    print(json.dumps({"progress": "half way"}))
    print(json.dumps({"result": json.loads(line)["value"]}), flush=True)
"""


def child(code, **limits):
    return Process([sys.executable, "-c", code], name="the child", limits=Limits(**limits))


def test_requests_are_answered_in_turn_and_noise_is_passed_over():
    said = []
    with child(ECHO, seconds=30) as process:
        assert process.request({"value": 1}, on_progress=said.append) == 1
        assert process.request({"value": [2]}) == [2]
    assert said == ["half way"]


def test_a_signal_is_named_with_the_last_words():
    code = "import os; os.write(2, b'the reason'); os.kill(os.getpid(), 11)"
    with child(code, seconds=30) as process, pytest.raises(WorkerCrashed) as caught:
        process.request({})
    assert "SIGSEGV" in caught.value.received
    assert "the reason" in caught.value.received


def test_an_exit_without_an_answer_is_a_crash():
    with (
        child("raise SystemExit(7)", seconds=30) as process,
        pytest.raises(WorkerCrashed) as caught,
    ):
        process.request({})
    assert "exit code 7" in caught.value.received


def test_a_hang_ends_at_the_time_limit_and_the_child_is_gone():
    with child("import time; time.sleep(600)", seconds=0.3) as process:
        with pytest.raises(WorkerTimeout, match=r"0\.3 s"):
            process.request({})
        with pytest.raises(WorkerCrashed):
            process.request({})


def test_a_limit_can_begin_anew_with_each_line_of_progress():
    code = """
import json, sys, time
print(json.dumps({"result": "ready"}), flush=True)
sys.stdin.readline()
sys.stdin.readline()
for number in range(20):
    time.sleep(0.2)
    print(json.dumps({"progress": str(number)}), flush=True)
print(json.dumps({"result": "done"}), flush=True)
"""
    with child(code, seconds=60) as process:
        process.request({})  # starting may take longer than the limit that is tried
        with pytest.raises(WorkerTimeout):
            process.request({}, seconds=3)
    with child(code, seconds=60) as process:
        process.request({})
        assert process.request({}, seconds=3, restart=True) == "done"


def test_memory_above_the_limit_ends_the_child():
    code = "x = bytearray(300 * 2**20); import time; time.sleep(600)"
    with child(code, seconds=60, memory_bytes=200 * 2**20) as process:
        with pytest.raises(WorkerOutOfMemory, match="200 MiB"):
            process.request({})


def test_a_program_that_is_not_there_is_a_clear_error():
    with pytest.raises(WorkerCrashed, match="could not be started"):
        Process(["/no/such/python"], name="the child", limits=Limits())


def test_a_function_runs_isolated_and_what_it_prints_does_not_disturb():
    answer = isolate.call(
        Stage("tests_isolated:double", dict, object), {"value": 21}, name="it", limits=Limits()
    )
    assert answer == 42


def test_an_isolated_error_arrives_as_the_same_class():
    with pytest.raises(DataError) as caught:
        isolate.call(Stage("tests_isolated:refuse", dict, object), {}, name="it", limits=Limits())
    assert (caught.value.rule, caught.value.received) == ("A rule.", "something")


def test_an_unforeseen_error_is_internal_and_carries_its_traceback():
    with pytest.raises(InternalError, match="ZeroDivisionError"):
        isolate.call(Stage("tests_isolated:fail", dict, object), {}, name="it", limits=Limits())


@pytest.fixture(autouse=True)
def isolated_module(tmp_path, monkeypatch):
    (tmp_path / "tests_isolated.py").write_text(
        "from edgekit.core.errors import DataError\n"
        "def double(request, report):\n"
        "    print('noise'); report('working'); return 2 * request['value']\n"
        "def refuse(request, report):\n"
        "    raise DataError('A rule.', received='something')\n"
        "def eat(request, report):\n"
        "    return bytes(bytearray(b'x' * request['bytes']))[:1].decode()\n"
        "def family(request, report):\n"
        "    import os, subprocess, sys, time\n"
        "    other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "    report(f'{os.getpid()} {other.pid}')\n"
        "    time.sleep(600)\n"
        "def fail(request, report):\n"
        "    return 1 / 0\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


PROGRESS = "import json\nline = json.dumps({'progress': 'x'})\n"
# What a child may do for ever, instead of an answer.
BABBLE = {
    "progress": PROGRESS + "while True: print(line, flush=True)",
    "noise": "while True: print('noise', flush=True)",
    "blank lines": "while True: print(flush=True)",
    "answers that are none": "while True: print('[]', flush=True)",
    "standard error": "import sys\nwhile True: print('noise', file=sys.stderr)",
    "deep JSON": "while True: print('[' * 100_000, flush=True)",
}


@pytest.mark.parametrize("code", BABBLE.values(), ids=BABBLE)
def test_a_child_that_never_stops_talking_ends_at_its_time_limit(code):
    with child(code, seconds=1.5) as process, pytest.raises(WorkerTimeout):
        process.request({})
    assert not psutil.pid_exists(process._child.pid)


@pytest.mark.parametrize("name", ["progress", "noise"])
def test_a_child_that_never_stops_talking_ends_at_its_memory_limit(name):
    eats = "import threading, time\nheld = []\n" + PROGRESS
    eats += (
        "def eat():\n    while True: held.append(bytearray(b'x' * 2**22)); time.sleep(0.01)\n"
        "threading.Thread(target=eat, daemon=True).start()\n"
    )
    limits = {"seconds": 120, "memory_bytes": 200 * 2**20}
    with child(eats + BABBLE[name], **limits) as process, pytest.raises(WorkerOutOfMemory):
        process.request({})


def test_a_limit_is_kept_while_the_caller_is_busy_with_progress():
    with (
        child(PROGRESS + "while True: print(line, flush=True)", seconds=0.5) as process,
        pytest.raises(WorkerTimeout),
    ):
        process.request({}, on_progress=lambda _: process._over.wait(60))


def test_a_line_without_end_ends_the_child_and_not_this_process():
    code = "import sys\nwhile True: sys.stdout.write('x' * 2**20)"
    with (
        child(code, seconds=120) as process,
        pytest.raises(WorkerCrashed, match="does not end") as caught,
    ):
        process.request({})
    assert "64 MiB" in caught.value.received


def test_a_request_that_nobody_reads_ends_at_the_time_limit():
    with child("import time; time.sleep(600)", seconds=0.5) as process:
        with pytest.raises(WorkerTimeout):
            process.request({"value": "x" * 2**22})


def test_what_a_child_prints_on_standard_error_is_bounded_and_its_end_is_kept():
    code = (
        "import os\n"
        "for _ in range(40): os.write(2, b'x' * 2**20)\n"
        "os.write(2, b'\\nthe reason'); os.kill(os.getpid(), 11)"
    )
    with child(code, seconds=60) as process, pytest.raises(WorkerCrashed) as caught:
        process.request({})
    assert "the reason" in caught.value.received
    assert len(process._said) <= 4000


FAMILY = """
import subprocess, sys, time
code = sys.argv[1]
parents = [subprocess.Popen([sys.executable, "-c", code], start_new_session=new)
           for new in (False, True)]
print(f'{{"{sys.argv[2]}": "{parents[0].pid} {parents[1].pid}"}}', flush=True)
"""


def family(code, then, tells, **limits):
    """A child with two children of its own, one of them in another session.

    It tells their numbers as `progress`, or as the `result` of a first request.
    """
    command = [sys.executable, "-c", FAMILY + then, code, tells]
    return Process(command, name="the child", limits=Limits(**limits))


def gone(pids):
    """Whether processes are gone; those that were killed may take a moment."""
    deadline = time.monotonic() + 30
    while any(map(_is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(_is_alive, pids))


def _is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_memory_of_a_childs_children_counts():
    code = "x = bytearray(b'x' * 2**20 * 150); import time; time.sleep(600)"
    said = []
    with (
        family(
            code, "time.sleep(600)", "progress", seconds=120, memory_bytes=250 * 2**20
        ) as process,
        pytest.raises(WorkerOutOfMemory, match="250 MiB"),
    ):
        process.request({}, on_progress=said.append)
    assert gone(map(int, said[0].split()))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what processes share")
def test_memory_that_a_childs_children_share_counts_once():
    code = (
        "import json, os, time\n"
        "held = bytearray(b'x' * 2**20 * 120)\n"
        "forks = [os.fork() for _ in range(2)]\n"  # four processes
        "if 0 not in forks:\n"
        "    time.sleep(3)\n"
        "    print(json.dumps({'result': 'done'}), flush=True)\n"
        "time.sleep(600)\n"
    )
    with child(code, seconds=120, memory_bytes=300 * 2**20) as process:
        assert process.request({}) == "done"


@pytest.mark.parametrize("then", ["time.sleep(600)", "sys.exit(3)", "import os; os.kill(0, 9)"])
def test_children_of_a_child_end_with_it(then):
    with family("import time; time.sleep(600)", then, "result", seconds=60) as process:
        same_group, other_session = map(int, process.request({}).split())
        with pytest.raises((WorkerTimeout, WorkerCrashed)):
            process.request({}, seconds=0.5)
    assert gone([same_group])
    if "sleep" in then:
        assert gone([other_session])
    else:  # what has left the group of a child that was gone at once is nobody's
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(other_session).kill()


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA is Linux's")
def test_an_allocation_beyond_all_memory_is_refused_at_once():
    code = "x = bytearray(2**45)"
    with child(code, seconds=60) as process, pytest.raises(WorkerCrashed, match="crashed") as told:
        process.request({})
    assert "MemoryError" in told.value.received
    with pytest.raises(WorkerOutOfMemory):
        isolate.call(
            Stage("tests_isolated:eat", dict, object), {"bytes": 2**45}, name="it", limits=Limits()
        )


def test_memory_is_watched_however_fast_it_is_taken():
    limits = Limits(memory_bytes=300 * 2**20)
    with pytest.raises(WorkerOutOfMemory):
        isolate.call(
            Stage("tests_isolated:eat", dict, object), {"bytes": 2**33}, name="it", limits=limits
        )


def test_nothing_of_a_call_outlives_a_parent_that_is_killed(tmp_path):
    program = (
        "from edgekit.core import isolate; from edgekit.core.records import Limits\n"
        "stage = isolate.Stage('tests_isolated:family', dict, object)\n"
        "isolate.call(stage, {}, name='it', limits=Limits(),\n"
        "             on_progress=lambda line: print(line, flush=True))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert all(map(_is_alive, pids))
    parent.kill()
    parent.communicate()
    assert gone(pids)


def test_children_that_are_killed_together_are_told_from_crashes_of_their_own(monkeypatch):
    from edgekit.core import process as processes
    from edgekit.core.process import kill_all

    # Children that other tests of this process share are not to go with them.
    monkeypatch.setattr(processes, "_live", type(processes._live)())
    with child("import time; time.sleep(600)", seconds=60) as process:
        pid = process._child.pid
        kill_all()
        with pytest.raises(WorkerCrashed) as caught:
            process.request({})
        assert caught.value.signal == signal.SIGKILL
    assert gone([pid])
