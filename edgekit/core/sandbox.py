"""The wall around a child process: where it may write, and how much memory it may ask for.

Linux lets a process give up rights without any privilege (Landlock). A child behind the wall
reads what this user may read, and writes, creates, renames and removes below the folders that
its caller names, nowhere else (Linux 5.19; by truncate(), 6.2); it opens no TCP connection (6.7)
and sends no signal to processes outside (6.12). The kernel does not hold modes, owners, times and
attributes of files to it. The wall is the second one: what a model may do at all is decided
before anything is loaded.

As a program, `python sandbox.py BYTES WALL [PATH ...] -- COMMAND ...` raises the wall around
itself and then becomes the command: nothing of the command runs before the wall stands, and
whatever it starts is inside too. It uses the standard library alone.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the program starts in milliseconds
    from collections.abc import Sequence
    from pathlib import Path

# Landlock's system calls have these numbers on every architecture but Alpha.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
# The first version refuses to rename from folder to folder even inside: TensorFlow needs that.
_OLDEST_ABI = 2
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_CHILD_SUBREAPER = 36

# Rights over files that change something, by the version that first knows them.
_WRITE_FILE, _REFER, _TRUNCATE, _IOCTL_DEV = 1 << 1, 1 << 13, 1 << 14, 1 << 15
_REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))
_RIGHTS = {2: _WRITE_FILE | _REMOVE_AND_MAKE | _REFER, 3: _TRUNCATE, 5: _IOCTL_DEV}
_OF_A_FILE = _WRITE_FILE | _TRUNCATE | _IOCTL_DEV  # the others are of folders
_TCP = 0b11  # bind, connect
_SCOPES = 0b11  # abstract UNIX sockets, signals

_EVERYBODYS = ("/dev/null",)


@cache
def abi() -> int:
    """The version of Landlock that this system has; 0 where it has none that serves."""
    if sys.platform != "linux":
        return 0
    version = _call(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    return version if version >= _OLDEST_ABI else 0


def denies_network() -> bool:
    """Whether the wall stops TCP connections as well."""
    return abi() >= 4


def wrapped(
    command: Sequence[str], *, data_bytes: int, writable: Sequence[Path] | None
) -> list[str]:
    """`command` behind the wall, where the system can build one.

    Args:
        command: A program and its arguments.
        data_bytes: More memory than this is refused to each process of it.
        writable: Folders and files that it may write to, all of which exist; None for no wall.
    """
    if sys.platform != "linux":
        return list(command)
    paths = [] if writable is None else [str(path) for path in writable]
    walled = "no wall" if writable is None else "wall"
    # -I and -S: neither the environment nor installed packages take part.
    program = [sys.executable, "-I", "-S", __file__, str(data_bytes), walled, *paths]
    return [*program, "--", *command]


def confine(writable: Sequence[str]) -> None:
    """Give up every right to write outside of `writable`, for this thread and all it starts.

    Raises:
        OSError: One of the paths does not exist, or the system refuses.
    """
    import ctypes

    version = abi()
    rights = sum(right for since, right in _RIGHTS.items() if version >= since)
    network, scopes = _TCP * denies_network(), _SCOPES * (version >= 6)
    attributes = (ctypes.c_uint64 * 3)(rights, network, scopes)
    ruleset = _checked(_CREATE_RULESET, attributes, ctypes.sizeof(attributes), 0)
    for path in (*writable, *filter(os.path.exists, _EVERYBODYS)):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = rights if os.path.isdir(path) else rights & _OF_A_FILE
        # A packed C structure: 64 bits of rights, then the descriptor.
        rule = allowed.to_bytes(8, sys.byteorder) + descriptor.to_bytes(4, sys.byteorder)
        _checked(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        os.close(descriptor)
    _prctl(_PR_SET_NO_NEW_PRIVS)
    _checked(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _call(number: int, *arguments: object) -> int:
    import ctypes

    result: int = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    return result


def _checked(number: int, *arguments: object) -> int:
    import ctypes

    result = _call(number, *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock: {os.strerror(error)}")
    return result


def _prctl(option: int) -> None:
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(option, 1, 0, 0, 0)


def _main() -> None:
    """Raise the wall, then become the command."""
    import resource

    end = sys.argv.index("--")
    data_bytes, walled, *writable = sys.argv[1:end]
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = int(data_bytes) if hard == resource.RLIM_INFINITY else min(int(data_bytes), hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash writes no file
    # What its own children leave behind stays below it, to be counted and ended with it.
    _prctl(_PR_SET_CHILD_SUBREAPER)
    if walled == "wall" and abi():
        confine(writable)
    command = sys.argv[end + 1 :]
    os.execvp(command[0], command)


if __name__ == "__main__":
    _main()
