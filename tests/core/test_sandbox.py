"""A child behind the wall changes nothing outside of the folders that its caller named."""

import ctypes
import os
import random
import re
import shutil
import socket
import sys
from pathlib import Path

import pytest

from edgekit.core import isolate, sandbox, scratch
from edgekit.core.isolate import Stage
from edgekit.core.records import Limits

needs_wall = pytest.mark.skipif(
    not sandbox.abi(), reason="this system has no Landlock (Linux 5.19 or later has, where enabled)"
)
WALL = {"name": "the child", "limits": Limits(seconds=60)}

# What a model's code might do to a file or folder: each entry changes `place`, a folder with
# `file`, `folder/inner` and `link` (to `file`) in it, and `other` is a second such folder.
HOSTILE = '''
import ctypes, os, shutil, socket, subprocess, sys, tempfile

def _fd(path, flags=os.O_RDONLY):
    return os.open(path, flags, 0o600)

def _new_fd(path, other):
    os.write(_fd(f"{path}/new", os.O_WRONLY | os.O_CREAT), b"x")

OPERATIONS = {
    "write": lambda p, o: open(f"{p}/file", "w").write("changed"),
    "append": lambda p, o: open(f"{p}/file", "a").write("changed"),
    "update": lambda p, o: open(f"{p}/file", "r+").write("changed"),
    "write through a link": lambda p, o: open(f"{p}/link", "w").write("changed"),
    "truncate": lambda p, o: os.truncate(f"{p}/file", 0),
    "open and truncate": lambda p, o: os.close(_fd(f"{p}/file", os.O_RDONLY | os.O_TRUNC)),
    "create": lambda p, o: open(f"{p}/new", "x").close(),
    "create by descriptor": _new_fd,
    "remove": lambda p, o: os.remove(f"{p}/file"),
    "remove a link": lambda p, o: os.unlink(f"{p}/link"),
    "remove a tree": lambda p, o: shutil.rmtree(f"{p}/folder"),
    "make a folder": lambda p, o: os.mkdir(f"{p}/new"),
    "make folders": lambda p, o: os.makedirs(f"{p}/new/newer"),
    "remove a folder": lambda p, o: os.rmdir(f"{p}/empty"),
    "rename": lambda p, o: os.rename(f"{p}/file", f"{p}/new"),
    "rename a folder": lambda p, o: os.rename(f"{p}/folder", f"{p}/new"),
    "replace": lambda p, o: os.replace(f"{p}/folder/inner", f"{p}/file"),
    "move in": lambda p, o: os.rename(f"{o}/file", f"{p}/new"),
    "move out": lambda p, o: os.rename(f"{p}/file", f"{o}/new"),
    "hard link in": lambda p, o: os.link(f"{o}/file", f"{p}/new"),
    "hard link out": lambda p, o: os.link(f"{p}/file", f"{o}/new"),
    "symbolic link": lambda p, o: os.symlink("/etc/passwd", f"{p}/new"),
    "pipe": lambda p, o: os.mkfifo(f"{p}/new"),
    "socket": lambda p, o: socket.socket(socket.AF_UNIX).bind(f"{p}/new"),
    "device": lambda p, o: os.mknod(f"{p}/new", 0o600 | 0o020000, os.makedev(1, 3)),
    "copy": lambda p, o: shutil.copy(f"{o}/file", f"{p}/new"),
    "temporary file": lambda p, o: tempfile.NamedTemporaryFile(dir=p, delete=False).close(),
    "nameless file": lambda p, o: os.close(_fd(p, os.O_WRONLY | os.O_TMPFILE)),
    "by a shell": lambda p, o: subprocess.run(["sh", "-c", f"echo x > {p}/new"], check=True),
    "by a child": lambda p, o: subprocess.run(
        [sys.executable, "-c", f"open({p!r} + '/new', 'w')"], check=True, stderr=-3),
    "by C": lambda p, o: 1 // (1 + ctypes.CDLL(None).creat(f"{p}/new".encode(), 0o600)),
    "by the folder's descriptor": lambda p, o: os.close(
        os.open("new", os.O_CREAT | os.O_WRONLY, dir_fd=_fd(p))),
    "from inside": lambda p, o: (os.chdir(p), open("new", "w").close()),
    "by a detour": lambda p, o: open(f"{o}/../{os.path.basename(p)}/new", "w").close(),
}

def attack(request, report):
    """Do each operation; the names of those that were refused."""
    refused = []
    for name in request["names"]:
        try:
            OPERATIONS[name](request["place"], request["other"])
        except (OSError, subprocess.CalledProcessError, ZeroDivisionError):
            refused.append(name)
    return refused

def write(request, report):
    for path in request["paths"]:
        with open(path, "w") as file:
            file.write("ours")
    return os.listdir(tempfile.gettempdir())

def connect(request, report):
    try:
        socket.create_connection(("127.0.0.1", request["port"]), timeout=10).close()
    except PermissionError:
        return "refused"
    return "connected"

def listen(request, report):
    try:
        socket.create_server(("127.0.0.1", 0)).close()
    except PermissionError:
        return "refused"
    return "listening"

def signal_parent(request, report):
    try:
        os.kill(os.getppid(), 0)
    except PermissionError:
        return "refused"
    return "sent"

def ordinary(request, report):
    """What libraries do: read anything, write to the null device and to temporary files."""
    open(os.devnull, "w").write("x")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
        file.write(b"x")
        open(f"{folder}/a", "w").close()
        os.rename(f"{folder}/a", f"{folder}/b")
        os.mkdir(f"{folder}/c")
        os.rename(f"{folder}/b", f"{folder}/c/b")
        os.link(f"{folder}/c/b", f"{folder}/d")
    return len(open(request["file"]).read()), os.listdir("/")
'''
NAMES = re.findall(r'^    "([\w ]+|by the folder\'s descriptor)": ', HOSTILE, re.MULTILINE)

if sandbox.abi() < 3:
    NAMES = [name for name in NAMES if "truncate" not in name]


@pytest.fixture(autouse=True)
def hostile_module(tmp_path, monkeypatch):
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "tests_hostile.py").write_text(HOSTILE)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


def filled(folder: Path) -> Path:
    (folder / "folder").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "file").write_text("as it was")
    (folder / "folder" / "inner").write_text("as it was")
    (folder / "link").symlink_to(folder / "file")
    return folder


def state(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else "not a file"
        for path in sorted(folder.rglob("*"))
    }


@needs_wall
@pytest.mark.parametrize("seed", range(4))
def test_nothing_outside_changes_whatever_is_tried_in_whichever_order(tmp_path, seed):
    draw = random.Random(seed)
    names = draw.sample(NAMES, draw.randrange(10, len(NAMES) + 1))
    outside, other = filled(tmp_path / "outside"), filled(tmp_path / "other")
    before = state(outside), state(other)
    request = {"names": names, "place": str(outside), "other": str(other)}
    assert isolate.call(Stage("tests_hostile:attack", dict, object), request, **WALL) == names
    assert (state(outside), state(other)) == before


@needs_wall
@pytest.mark.parametrize("name", NAMES)
def test_what_crosses_the_wall_is_refused_in_both_directions(tmp_path, name):
    inside, outside = filled(tmp_path / "inside"), filled(tmp_path / "outside")
    before = state(outside)
    crossing = name in ("move in", "hard link in")
    request = {"names": [name], "place": str(inside), "other": str(outside)}
    refused = isolate.call(
        Stage("tests_hostile:attack", dict, object), request, **WALL, writable=[inside]
    )
    assert state(outside) == before
    if crossing or name in ("move out", "hard link out"):
        assert refused == [name]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_works_inside(tmp_path, name):
    if name == "device" and os.getuid():
        pytest.skip("devices are made by root only")
    inside = filled(tmp_path / "inside" / "place")
    other = filled(tmp_path / "inside" / "other")
    before = state(tmp_path / "inside")
    request = {"names": [name], "place": str(inside), "other": str(other)}
    writable = [tmp_path / "inside"]
    assert (
        isolate.call(
            Stage("tests_hostile:attack", dict, object), request, **WALL, writable=writable
        )
        == []
    )
    # A file that has no name, or that is open for writing only, leaves the folder as it was.
    assert (state(tmp_path / "inside") != before) == (name != "nameless file")


@needs_wall
def test_files_that_are_named_can_be_written_and_nothing_beside_them(tmp_path):
    named, beside = tmp_path / "named", tmp_path / "beside"
    named.touch()
    beside.touch()
    call = {"stage": Stage("tests_hostile:write", dict, object), **WALL, "writable": [named]}
    isolate.call(request={"paths": [str(named)]}, **call)
    assert named.read_text() == "ours"
    with pytest.raises(Exception, match="Permission denied"):
        isolate.call(request={"paths": [str(beside)]}, **call)
    assert beside.read_text() == ""


def test_own_code_writes_where_its_person_may(tmp_path):
    path = tmp_path / "new"
    isolate.call(
        Stage("tests_hostile:write", dict, object), {"paths": [str(path)]}, **WALL, own_code=True
    )
    assert path.read_text() == "ours"


def test_what_libraries_do_works_behind_the_wall(tmp_path):
    length, names = isolate.call(
        Stage("tests_hostile:ordinary", dict, object), {"file": __file__}, **WALL
    )
    assert length == len(Path(__file__).read_text())
    assert "tmp" in names


@pytest.mark.skipif(sandbox.abi() < 4, reason="this system's Landlock does not know TCP")
def test_no_connection_is_made_or_taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        request = {"port": server.getsockname()[1]}
        assert (
            isolate.call(Stage("tests_hostile:connect", dict, object), request, **WALL) == "refused"
        )
        assert isolate.call(Stage("tests_hostile:listen", dict, object), {}, **WALL) == "refused"
        own = isolate.call(
            Stage("tests_hostile:connect", dict, object), request, **WALL, own_code=True
        )
        assert own == "connected"


@pytest.mark.skipif(sandbox.abi() < 6, reason="this system's Landlock does not know signals")
def test_no_signal_reaches_processes_outside():
    assert isolate.call(Stage("tests_hostile:signal_parent", dict, object), {}, **WALL) == "refused"


@needs_wall
def test_a_wall_within_a_wall_is_no_wider(tmp_path):
    (tmp_path / "tests_nested.py").write_text(
        "from pathlib import Path\n"
        "from edgekit.core import isolate\n"
        "from edgekit.core.records import Limits\n"
        "def run(request, report):\n"
        "    place = Path(request['place'])\n"
        "    stage = isolate.Stage('tests_hostile:attack', dict, object)\n"
        "    return isolate.call(stage, request, name='inner', limits=Limits(), writable=[place])\n"
    )
    outside, other = filled(tmp_path / "outside"), filled(tmp_path / "other")
    request = {"names": ["write", "create"], "place": str(outside), "other": str(other)}
    os.environ["PYTHONPATH"] += os.pathsep + str(tmp_path)
    assert isolate.call(Stage("tests_nested:run", dict, object), request, **WALL) == [
        "write",
        "create",
    ]


@needs_wall
def test_a_worker_of_any_runtime_stands_behind_it(tmp_path, monkeypatch):
    from edgekit.core.records import Target
    from edgekit.runtimes import local

    worker = tmp_path / "worker.py"
    worker.write_text(
        "import json, sys\n"
        "json.loads(sys.stdin.readline())\n"
        f"try:\n    open({str(tmp_path / 'new')!r}, 'w')\n    said = 'written'\n"
        "except PermissionError:\n    said = 'refused'\n"
        "print(json.dumps({'result': said}), flush=True)\n"
    )
    monkeypatch.setattr(local, "WORKER", worker)
    with local.start(Path(sys.executable), Target(), name="it", limits=Limits()) as process:
        assert process.request({}) == "refused"


def test_without_landlock_a_child_runs_all_the_same(tmp_path):
    """As on an older system: the wall is never the only one, and its absence is no error."""
    command = sandbox.wrapped(["python", "x.py"], data_bytes=1, writable=[tmp_path])
    if sys.platform != "linux":
        assert command == ["python", "x.py"]
        return
    assert command[-3:] == ["--", "python", "x.py"]
    program = (
        "import runpy, sys\n"
        "sys.argv = ['sandbox.py', str(1 << 40), 'wall', '/no/such/folder', '--', 'true']\n"
        f"module = runpy.run_path({sandbox.__file__!r})\n"
        "module['_main'].__globals__['abi'] = lambda: 0\n"
        "module['_main']()\n"
    )
    assert shutil.which("true")
    assert os.spawnl(os.P_WAIT, sys.executable, sys.executable, "-c", program) == 0


@needs_wall
def test_the_version_is_the_kernels():
    assert sandbox.abi() == ctypes.CDLL(None).syscall(444, None, 0, 1)
    assert scratch.root().is_dir()
