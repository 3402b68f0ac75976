"""What was computed once, kept by the hash of all that it depends on.

Entries are folders below `$EDGEKIT_HOME/cache` (`cache_dir`), written whole and then moved into
place, so that processes that make the same one at once do no harm. Each is sealed by the hashes of
its files: a damaged one is no entry. Those that nobody has used for a month are removed, and those
that were not used for longest, where all of them take more than some gigabytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

import edgekit
from edgekit.core import serde
from edgekit.core.cache_dir import home
from edgekit.core.errors import EdgekitError, OutputError, ProjectError, reading

T = TypeVar("T")

# What takes part in a conversion, beside edgekit and the model.
TOOLS = ("tensorflow", "keras", "tf-keras", "ai-edge-litert", "litert-quantizer", "numpy")

# Names the entry, and has the hashes of its files.
_SEAL = "seal.json"
_UNUSED_SECONDS = 30 * 24 * 3600.0
_MOST_BYTES = 4 * 2**30


@cache
def own_digest() -> str:
    """Of edgekit's own sources: what another version computes is another thing."""
    root = Path(edgekit.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def key(kind: str, **parts: object) -> str:
    """The name of an entry.

    Args:
        kind: What it holds.
        parts: All that it depends on besides edgekit itself, as plain JSON values.
    """
    text = json.dumps({"kind": kind, "edgekit": own_digest(), **parts}, sort_keys=True)
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


class Cache:
    """The entries as one run uses them.

    An entry is believed while every file in it is the one that was written: a list of their
    hashes lies beside them. One that is damaged, however, is as good as none; the run that finds
    it counts it and makes it anew.

    Args:
        fresh: Whether to make everything anew, whatever there is.
    """

    def __init__(self, *, fresh: bool = False) -> None:
        self.is_fresh = fresh
        self._damaged: dict[str, None] = {}
        self._made: set[str] = set()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of damaged entries: one note at most."""
        count = len(self._damaged)
        if not count:
            return ()
        entries = "1 entry" if count == 1 else f"{count} entries"
        return (f"{entries} of the cache in {_root()} had been damaged: computed anew.",)

    def read(self, name: str, load: Callable[[Path], T]) -> T | None:
        """What `load` makes of an entry's folder; None where there is no entry to believe."""
        if self.is_fresh and name not in self._made:
            return None
        folder = _root() / name
        if not os.path.lexists(folder):
            return None
        try:
            # Of an entry nothing is this run's own, so all of `load` is reading.
            with _believing(folder):
                _check(folder)
                entry = load(folder)
        except EdgekitError:  # what `load` refuses by itself has another class
            self._damaged[name] = None
            return None
        with suppress(OSError):  # a cache that may only be read is a cache
            os.utime(folder)
        return entry

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A folder to fill; when the block ends well it becomes the entry `name`.

        Where there is one already (another process was faster) that one stays, unless it is
        damaged, or everything is to be fresh.

        Raises:
            OutputError: The cache cannot be written.
        """
        root = _root()
        try:
            root.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=".part-", dir=root))
        except OSError as error:
            raise _unwritable(root, error) from None
        try:
            yield temporary
            try:
                _seal(temporary, name)
                place = root / name
                if os.path.lexists(place) and (self.is_fresh or not _is_whole(place)):
                    _remove(place)
                temporary.rename(place)
            except OSError as error:
                if not _is_whole(root / name):
                    raise _unwritable(root, error) from None
            self._made.add(name)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            _forget(root)


def _seal(folder: Path, name: str) -> None:
    """Write down which entry it is, and what each of its files holds."""
    hashes = {path.name: serde.sha256(path) for path in sorted(folder.iterdir())}
    seal = json.dumps({"entry": name, "files": hashes})
    (folder / _SEAL).write_text(seal, encoding="utf-8")


def _check(folder: Path) -> None:
    """Raise where an entry is not as it was made."""
    seal = json.loads(_regular(folder / _SEAL).read_text(encoding="utf-8"))
    if seal["entry"] != folder.name:
        raise ValueError("it is another entry")
    if {path.name for path in folder.iterdir()} != {*seal["files"], _SEAL}:
        raise ValueError("it has other files")
    for name, digest in seal["files"].items():
        if serde.sha256(_regular(folder / name)) != digest:
            raise ValueError(f"{name} has another content")


def _regular(path: Path) -> Path:
    """`path`, where it is a file by itself: to open a pipe would wait, a link leads elsewhere."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError(f"{path.name} is not a file")
    return path


def _is_whole(folder: Path) -> bool:
    try:
        with _believing(folder):
            _check(folder)
    except ProjectError:
        return False
    return True


def _believing(folder: Path) -> AbstractContextManager[None]:
    return reading(folder, "The cache entry is damaged.", kind=ProjectError)


def _remove(entry: Path) -> None:
    """Take an entry away, or whatever is in its place."""
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


def _root() -> Path:
    return home() / "cache"


def _unwritable(root: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The cache {root} could not be written.",
        received=error.strerror or str(error),
        hint="look at free space and permissions there, or set EDGEKIT_HOME to another folder.",
    )


def _forget(root: Path) -> None:
    """Remove what has not been used for long, and what killed processes left."""
    oldest = time.time() - _UNUSED_SECONDS
    left = _MOST_BYTES
    with suppress(OSError):
        used = sorted(((one.lstat().st_mtime, one) for one in root.iterdir()), reverse=True)
        for when, entry in used:
            left -= _size(entry)
            if when < oldest or left < 0:
                _remove(entry)


def _size(entry: Path) -> int:
    return sum(path.lstat().st_size for path in entry.rglob("*"))
