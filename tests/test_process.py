"""A child that crashes, hangs, overeats or babbles becomes one clear error."""

import sys

import pytest

from edgekit import isolate
from edgekit.errors import (
    DataError,
    InternalError,
    WorkerCrashed,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from edgekit.process import Process
from edgekit.records import Limits

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
sys.stdin.readline()
for number in range(12):
    time.sleep(0.2)
    print(json.dumps({"progress": str(number)}), flush=True)
print(json.dumps({"result": "done"}), flush=True)
"""
    with child(code, seconds=1.5) as process, pytest.raises(WorkerTimeout):
        process.request({})
    with child(code, seconds=1.5) as process:
        assert process.request({}, restart=True) == "done"


def test_memory_above_the_limit_ends_the_child():
    code = "x = bytearray(300 * 2**20); import time; time.sleep(600)"
    with child(code, seconds=60, memory_bytes=200 * 2**20) as process:
        with pytest.raises(WorkerOutOfMemory, match="200 MiB"):
            process.request({})


def test_a_program_that_is_not_there_is_a_clear_error():
    with pytest.raises(WorkerCrashed, match="must start"):
        Process(["/no/such/python"], name="the child", limits=Limits())


def test_a_function_runs_isolated_and_what_it_prints_does_not_disturb():
    assert isolate.call("tests_isolated:double", {"value": 21}, name="it", limits=Limits()) == 42


def test_an_isolated_error_arrives_as_the_same_class():
    with pytest.raises(DataError) as caught:
        isolate.call("tests_isolated:refuse", {}, name="it", limits=Limits())
    assert (caught.value.rule, caught.value.received) == ("A rule.", "something")


def test_an_unforeseen_error_is_internal_and_carries_its_traceback():
    with pytest.raises(InternalError, match="ZeroDivisionError"):
        isolate.call("tests_isolated:fail", {}, name="it", limits=Limits())


@pytest.fixture(autouse=True)
def isolated_module(tmp_path, monkeypatch):
    (tmp_path / "tests_isolated.py").write_text(
        "from edgekit.errors import DataError\n"
        "def double(request, report):\n"
        "    print('noise'); report('working'); return 2 * request['value']\n"
        "def refuse(request, report):\n"
        "    raise DataError('A rule.', received='something')\n"
        "def fail(request, report):\n"
        "    return 1 / 0\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
