from __future__ import annotations

import sys
import time

import psutil
import pytest

from benchmarks import watch


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_command_s_lines_are_seen_when_they_come() -> None:
    cost = watch.run(
        python(
            "import sys, time\n"
            "print('out')\n"
            "print('first', file=sys.stderr, flush=True)\n"
            "time.sleep(1)\n"
            "sys.stderr.write('second\\nno newline')"
        )
    )
    assert cost.output == "out\n"
    assert [line for _, line in cost.said] == ["first", "second", "no newline"]
    # The child slept between them: at least that lies between what was seen.
    assert cost.said[1][0] - cost.said[0][0] >= 0.2
    assert cost.said[-1][0] <= cost.seconds
    assert cost.peak_bytes > 2**20


def test_a_failure_keeps_its_code_and_what_was_said() -> None:
    with pytest.raises(watch.Failed, match="ended with 3") as caught:
        watch.run(python("import sys; print('made'); sys.exit('why') if 0 else sys.exit(3)"))
    assert (caught.value.code, caught.value.cost.output) == (3, "made\n")
    with pytest.raises(watch.Failed, match="why") as caught:
        watch.run(python("import sys; sys.exit('why')"))
    assert (caught.value.code, caught.value.errors) == (1, "why")


def test_a_signal_is_a_negative_code() -> None:
    with pytest.raises(watch.Failed) as caught:
        watch.run(python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert caught.value.code == -11


def test_a_command_that_takes_too_long_is_stopped_with_its_children() -> None:
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)"
    )
    with pytest.raises(watch.Failed, match="was stopped") as caught:
        watch.run(python(program), timeout=5.0)  # it has to have started by then
    assert caught.value.code is None
    child = int(caught.value.cost.output)
    deadline = time.monotonic() + 30  # a killed process takes a moment to be gone
    while running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not running(child)


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
