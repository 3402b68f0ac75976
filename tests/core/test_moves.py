"""Moves: all of them or none, wherever one of them fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import OutputError
from edgekit.core.moves import Move, move_all, staging


def tree(folder: Path) -> dict[str, bytes | None]:
    """Files with what they hold, and empty folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if path.is_file() or not any(path.iterdir())
    }


NAMES = st.sampled_from(["a", "b", "c/d", "c/e", "f/g/h"])


def fail_at(number: int) -> Callable[[Path, Path], Path]:
    """`Path.replace`, which the system refuses the `number`-th time that a file comes from new."""
    real, seen = Path.replace, [0]

    def replace(self: Path, target: Path) -> Path:
        if "new" in self.parts:
            seen[0] += 1
            if seen[0] == number:
                raise OSError(28, "No space left on device")
        return real(self, target)

    return replace


@given(
    st.dictionaries(NAMES, st.binary(max_size=3)),
    st.dictionaries(NAMES, st.binary(max_size=3), min_size=1),
    st.integers(1, 6),
)
def test_all_or_none_wherever_one_move_fails(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[str, bytes],
    after: dict[str, bytes],
    fails: int,
) -> None:
    root = tmp_path_factory.mktemp("moves")
    place, new = root / "place", root / "scratch" / "new"
    for folder, files in ((place, before), (new, after)):
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    gone = [name for name in before if name not in after]
    moves = [Move(None, place / name, root / "scratch") for name in gone]
    moves += [Move(new / name, place / name, root / "scratch") for name in after]
    was = tree(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", fail_at(fails))
        if fails <= len(after):
            with pytest.raises(OSError, match="No space"):
                move_all(moves)
            assert tree(place) == was
        else:
            move_all(moves)
            assert {k: v for k, v in tree(place).items() if v is not None} == after


def test_a_replaced_file_is_there_at_every_moment(tmp_path: Path) -> None:
    """Also where the file system has no links."""
    for links in (True, False):
        (tmp_path / "scratch").mkdir(exist_ok=True)
        (tmp_path / "new").write_text("new")
        (tmp_path / "old").write_text("old")
        seen = []

        def watch(self: Path, target: Path, real: Callable = Path.replace) -> Path:
            seen.append((tmp_path / "old").read_text())  # noqa: B023  (called within the loop that binds it)
            return real(self, target)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "replace", watch)
            if not links:
                patch.setattr(os, "link", no_links)
            move_all([Move(tmp_path / "new", tmp_path / "old", tmp_path / "scratch")])
        assert seen == ["old"]
        assert (tmp_path / "old").read_text() == "new"
        (tmp_path / "scratch" / "before-0").unlink()


def no_links(*_: object, **__: object) -> None:
    raise OSError(1, "Operation not permitted")


def test_what_the_system_refuses_is_an_error_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="could not be written"):
        with staging(tmp_path / "file" / "x", tmp_path / "file"):
            pass
    with pytest.raises(OutputError, match="could not be written") as caught:
        with staging(tmp_path / "x", tmp_path):
            raise OSError(28, "No space left on device")
    assert "No space left" in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]
