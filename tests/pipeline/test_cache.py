"""The cache: whole entries, keys of all that matters, and no harm from others at the same work."""

import os
import time

import pytest

from edgekit.errors import OutputError
from edgekit.pipeline import cache


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def put(name, text="x", **options):
    with cache.making(name, **options) as folder:
        (folder / "file").write_text(text, encoding="utf-8")


def get(name):
    folder = cache.find(name)
    return folder and (folder / "file").read_text(encoding="utf-8")


def test_an_entry_is_there_when_it_is_whole_and_not_before():
    name = cache.key("thing", a=1)
    with cache.making(name) as folder:
        (folder / "file").write_text("half", encoding="utf-8")
        assert cache.find(name) is None
    assert get(name) == "half"


def test_what_fails_in_the_middle_leaves_nothing(home):
    with pytest.raises(ZeroDivisionError), cache.making("thing-1") as folder:
        (folder / "file").write_text("half", encoding="utf-8")
        raise ZeroDivisionError
    assert cache.find("thing-1") is None
    assert list((home / "cache").iterdir()) == []


def test_keys_differ_by_everything_that_is_said():
    base = cache.key("thing", a=1, b=[1, 2])
    assert base == cache.key("thing", b=[1, 2], a=1)
    others = [cache.key("thing", a=1, b=[2, 1]), cache.key("other", a=1, b=[1, 2])]
    assert len({base, *others, cache.key("thing", a=1)}) == 4


def test_another_edgekit_has_other_keys(monkeypatch):
    before = cache.key("thing", a=1)
    monkeypatch.setattr(cache, "own_digest", lambda: "another version")
    assert cache.key("thing", a=1) != before


def test_the_first_of_two_stays_unless_the_second_replaces_it():
    put("thing-1", "first")
    put("thing-1", "second")
    assert get("thing-1") == "first"
    put("thing-1", "third", replaces=True)
    assert get("thing-1") == "third"


def test_what_nobody_used_for_long_goes(home):
    put("old")
    put("used")
    long_ago = time.time() - 40 * 24 * 3600
    for name in ("old", "used"):
        os.utime(home / "cache" / name, (long_ago, long_ago))
    assert cache.find("used")  # using it counts
    put("new")
    assert sorted(p.name for p in (home / "cache").iterdir()) == ["new", "used"]


def test_a_cache_that_cannot_be_written_says_what_to_do(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("EDGEKIT_HOME", str(blocked))
    with pytest.raises(OutputError, match="EDGEKIT_HOME"):
        put("thing")
