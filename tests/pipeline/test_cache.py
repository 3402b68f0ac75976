"""The cache: whole entries, keys of all that matters, and no harm from others at the same work."""

import os
import shutil
import time
from pathlib import Path

import pytest

from edgekit.core.errors import DataError, ModelError, OutputError
from edgekit.pipeline import cache
from edgekit.pipeline.cache import Cache


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def load(folder):
    return (folder / "file").read_text(encoding="utf-8")


def put(name, text="x", kept=None):
    with (kept or Cache()).making(name) as folder:
        (folder / "file").write_text(text, encoding="utf-8")


def get(name):
    return Cache().read(name, load)


def test_an_entry_is_there_when_it_is_whole_and_not_before():
    name = cache.key("thing", a=1)
    with Cache().making(name) as folder:
        (folder / "file").write_text("half", encoding="utf-8")
        assert get(name) is None
    assert get(name) == "half"


def test_what_fails_in_the_middle_leaves_nothing(home):
    with pytest.raises(ZeroDivisionError), Cache().making("thing-1") as folder:
        (folder / "file").write_text("half", encoding="utf-8")
        raise ZeroDivisionError
    assert get("thing-1") is None
    assert list((home / "cache").iterdir()) == []


def test_keys_differ_by_everything_that_is_said():
    base = cache.key("thing", a=1, b=[1, 2])
    assert base == cache.key("thing", b=[1, 2], a=1)
    others = [cache.key("thing", a=1, b=[2, 1]), cache.key("other", a=1, b=[1, 2])]
    assert len({base, *others, cache.key("thing", a=1)}) == 4


def test_those_that_were_not_used_for_longest_make_room(home, monkeypatch):
    for number in (1, 2, 3):
        put(f"thing-{number}", "x" * 1000)
        os.utime(home / "cache" / f"thing-{number}", (time.time() - 100 + number,) * 2)
    assert get("thing-1") is not None  # used last, now
    monkeypatch.setattr(cache, "_MOST_BYTES", 4000)
    put("thing-4", "x" * 1000)
    left = {path.name for path in (home / "cache").iterdir()}
    assert left == {"thing-1", "thing-3", "thing-4"}


def test_another_edgekit_has_other_keys(monkeypatch):
    before = cache.key("thing", a=1)
    monkeypatch.setattr(cache, "own_digest", lambda: "another version")
    assert cache.key("thing", a=1) != before


def test_the_first_of_two_stays_unless_the_second_is_to_be_fresh():
    put("thing-1", "first")
    put("thing-1", "second")
    assert get("thing-1") == "first"
    fresh = Cache(fresh=True)
    assert fresh.read("thing-1", load) is None
    put("thing-1", "third", fresh)
    assert fresh.read("thing-1", load) == get("thing-1") == "third"
    assert fresh.notes == ()


def test_what_nobody_used_for_long_goes(home):
    put("old")
    put("used")
    long_ago = time.time() - 40 * 24 * 3600
    for name in ("old", "used"):
        os.utime(home / "cache" / name, (long_ago, long_ago))
    assert get("used")  # using it counts
    put("new")
    assert sorted(p.name for p in (home / "cache").iterdir()) == ["new", "used"]


def test_a_cache_that_cannot_be_written_says_what_to_do(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("EDGEKIT_HOME", str(blocked))
    with pytest.raises(OutputError, match="EDGEKIT_HOME"):
        put("thing")


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1
    path.write_bytes(content)


def replace_by(make):
    def change(path):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        make(path)

    return change


DAMAGE = {
    "a bit": lambda entry: flip(entry / "file", 7),
    "a bit of the seal": lambda entry: flip(entry / "seal.json", 30),
    "no file": lambda entry: (entry / "file").unlink(),
    "no seal": lambda entry: (entry / "seal.json").unlink(),
    "half a seal": lambda entry: os.truncate(entry / "seal.json", 20),
    "an empty file": lambda entry: os.truncate(entry / "file", 0),
    "another kind of seal": lambda entry: (entry / "seal.json").write_text("[[1], null]"),
    "a deep seal": lambda entry: (entry / "seal.json").write_text("[" * 100_000),
    "a seal that is no text": lambda entry: (entry / "seal.json").write_bytes(b"\xff\xfe{"),
    "a pipe": lambda entry: replace_by(os.mkfifo)(entry / "file"),
    "a folder": lambda entry: replace_by(os.mkdir)(entry / "file"),
    "a link": lambda entry: replace_by(lambda path: path.symlink_to("/etc/hostname"))(
        entry / "file"
    ),
    "a file in its place": replace_by(Path.touch),
    "a dangling link in its place": replace_by(lambda path: path.symlink_to("nowhere")),
    "a pipe in its place": replace_by(os.mkfifo),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_none_and_is_made_anew(home, damage):
    put("thing-1", "the first text")
    put("thing-2", "untouched")
    damage(home / "cache" / "thing-1")
    kept = Cache()
    assert kept.read("thing-1", load) is None
    assert kept.read("thing-2", load) == "untouched"
    put("thing-1", "again", kept)
    assert kept.read("thing-1", load) == "again"
    [note] = kept.notes
    assert note.startswith("1 entry of the cache")
    assert get("thing-1") == "again"


def test_an_entry_under_another_name_is_not_taken_for_it(home):
    put("thing-1")
    shutil.copytree(home / "cache" / "thing-1", home / "cache" / "thing-2")
    assert get("thing-2") is None


def test_what_cannot_be_loaded_is_damaged_whoever_says_so():
    put("thing-1")
    for raised in (KeyError("x"), ValueError(), DataError("x"), ModelError("x"), RecursionError()):

        def fail(_, error=raised):
            raise error

        assert Cache().read("thing-1", fail) is None


def test_several_damaged_entries_are_one_note(home):
    kept = Cache()
    for number in range(3):
        put(f"thing-{number}")
        (home / "cache" / f"thing-{number}" / "file").unlink()
        assert kept.read(f"thing-{number}", load) is None
        assert kept.read(f"thing-{number}", load) is None
    [note] = kept.notes
    assert note.startswith("3 entries of the cache")
