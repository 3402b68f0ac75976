"""Folders of bundles: all or none, and never a file that edgekit did not write."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import EdgekitError, OutputError, UsageError
from edgekit.pipeline.bundle import bundle_folders as folders

OLD = {"README.md": b"old", "contract.json": b"{}", "src/model.c": b"1", "gone/away.c": b"2"}
NEW = {"README.md": b"new", "contract.json": b"{1}", "src/model.c": b"3", "src/more.c": b"4"}


def content(folder: Path) -> dict[str, bytes]:
    """All but the list."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != folders.LIST
    }


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A bundle."""
    folders.write({tmp_path / "bundle": OLD}, force=False)
    return tmp_path / "bundle"


def refused(
    kind: type[EdgekitError], bundles: Mapping[Path, Mapping[str, bytes]], force: bool = True
) -> str:
    with pytest.raises(kind) as caught:
        folders.write(bundles, force=force)
    return str(caught.value)


def test_the_list_is_what_sha256sum_checks(place: Path) -> None:
    assert content(place) == OLD
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", folders.LIST], cwd=place, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(OLD)


def test_a_bundle_is_replaced_with_force_only(place: Path) -> None:
    assert "--force" in refused(UsageError, {place: NEW}, force=False)
    assert content(place) == OLD
    folders.write({place: NEW}, force=True)
    assert content(place) == NEW
    assert not (place / "gone").exists()
    assert [path.name for path in place.parent.iterdir()] == ["bundle"]
    folders.write({place: OLD}, force=True)
    assert content(place) == OLD


def test_an_empty_folder_is_free(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    folders.write({tmp_path / "a": OLD, tmp_path / "b" / "c": OLD}, force=False)
    assert content(tmp_path / "a") == content(tmp_path / "b" / "c") == OLD


@pytest.mark.parametrize("seed", range(30))
def test_files_of_others_stay_as_they_are_whatever_they_are_called(place: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = ["src", "gone", "build", ".gradle", "a b", "contract", "README.md.bak", "数"]
    mine = {}
    for _ in range(rng.integers(1, 6)):
        name = "/".join(rng.choice(parts, rng.integers(1, 4)))
        if (place / name).exists() or any(name in (n, *ancestors(n)) for n in mine):
            continue
        if any(parent.is_file() for parent in (place / name).parents):
            continue
        mine[name] = rng.bytes(5)
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(mine[name])
    folders.write({place: NEW}, force=True)
    assert content(place) == {**NEW, **mine}


def ancestors(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


@pytest.mark.parametrize("name", [*OLD])
def test_a_file_that_somebody_edited_is_named_and_kept(place: Path, name: str) -> None:
    (place / name).write_bytes(b"mine")
    said = refused(UsageError, {place: NEW, place.parent / "other": NEW})
    assert name in said and "move them elsewhere" in said
    assert content(place) == {**OLD, name: b"mine"}
    assert not (place.parent / "other").exists()


def test_a_file_that_somebody_deleted_is_written_again(place: Path) -> None:
    (place / "src" / "model.c").unlink()
    shutil.rmtree(place / "gone")
    folders.write({place: NEW}, force=True)
    assert content(place) == NEW


def test_what_stands_where_a_new_file_goes_is_named_and_kept(place: Path) -> None:
    (place / "src" / "more.c").write_bytes(b"mine")
    said = refused(UsageError, {place: NEW})
    assert "src/more.c" in said and "did not write" in said
    assert content(place) == {**OLD, "src/more.c": b"mine"}
    (place / "src" / "more.c").unlink()
    (place / "src" / "more.c").mkdir()
    assert "src/more.c" in refused(UsageError, {place: NEW})


def test_a_folder_without_the_list_is_nobodys_bundle(place: Path) -> None:
    (place / folders.LIST).unlink()
    said = refused(UsageError, {place: NEW})
    assert "only a bundle" in said and folders.LIST in said
    assert content(place) == OLD


def links(place: Path, outside: Path) -> list[Callable[[], object]]:
    """Ways to lead a bundle's path out of its folder."""
    return [
        lambda: (shutil.move(place / "src", outside), (place / "src").symlink_to(outside / "src")),
        lambda: (
            shutil.move(place / "README.md", outside / "r"),
            (place / "README.md").symlink_to(outside / "r"),
        ),
        lambda: (place / "src" / "more.c").symlink_to(outside / "new"),
        lambda: (place / "README.md").unlink() or (place / "README.md").symlink_to("/etc/hosts"),
        lambda: (
            (place / folders.LIST).rename(outside / "list")
            and (place / folders.LIST).symlink_to(outside / "list")
        ),
    ]


@pytest.mark.parametrize("number", range(5))
def test_links_are_not_followed_out_of_the_folder(place: Path, tmp_path: Path, number: int) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    links(place, outside)[number]()
    before = content(outside)
    refused(UsageError, {place: NEW})
    assert content(outside) == before


def test_a_folder_that_is_a_link_or_a_file_is_refused(place: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(place)
    said = refused(OutputError, {tmp_path / "link": NEW})
    assert "is a link" in said and str(place) in said
    (tmp_path / "dangling").symlink_to("nowhere")
    refused(OutputError, {tmp_path / "dangling": NEW})
    (tmp_path / "file").touch()
    assert "is a file" in refused(OutputError, {tmp_path / "file": NEW})
    assert content(place) == OLD


SHA = "0" * 64


@pytest.mark.parametrize(
    "text",
    [f"{SHA}  ../../outside/secret\n", f"{SHA}  /etc/hosts\n", f"{SHA}  src/../../secret\n",
     f"{SHA}  .\n", "no list\n", f"{SHA[:-1]}  README.md\n", f"{SHA}  \n", "\x00", "\ud800"],
)  # fmt: skip
def test_a_list_that_leads_elsewhere_is_damaged(place: Path, text: str) -> None:
    (place / folders.LIST).write_bytes(text.encode("utf-8", "surrogatepass"))
    said = refused(UsageError, {place: NEW})
    assert "damaged" in said and "delete the folder" in said
    assert content(place) == OLD


@pytest.mark.parametrize("fails", range(1, 12))
def test_several_bundles_are_written_all_or_none(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    (place / "mine").write_bytes(b"mine")
    others = [tmp_path / "b", tmp_path / "c" / "d"]
    real, seen = Path.replace, [0]

    def replace(self: Path, target: Path) -> Path:
        seen[0] += 1
        if seen[0] == fails:
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    bundles = {others[0]: NEW, place: NEW, others[1]: NEW}
    if fails > 8:  # two whole folders; in the old one four files and the list twice
        folders.write(bundles, force=True)
        assert content(place) == {**NEW, "mine": b"mine"}
        assert content(others[0]) == content(others[1]) == NEW
        return
    said = refused(OutputError, bundles)
    assert "No space left" in said
    assert content(place) == {**OLD, "mine": b"mine"}
    assert not any(path.exists() for path in others)
    monkeypatch.undo()
    folders.write(bundles, force=True)  # the list is the old one too


def test_a_killed_edgekit_leaves_what_the_next_one_knows(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a child that ends at each move in turn, as SIGKILL would end it."""
    real = Path.replace
    for fails in range(1, 6):
        child = os.fork()
        if not child:
            seen = [0]

            def replace(self: Path, target: Path) -> Path:
                seen[0] += 1  # noqa: B023  (called within the loop that binds it)
                if seen[0] == fails:  # noqa: B023  (called within the loop that binds it)
                    os._exit(9)
                return real(self, target)

            monkeypatch.setattr(Path, "replace", replace)
            folders.write({place: NEW}, force=True)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        folders.write({place: OLD}, force=True)
        assert {k: v for k, v in content(place).items() if "/." not in f"/{k}"} == OLD
