"""What the Android checks decide by themselves: permissions left, and lines a compiler refuses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
CHECKS = REPOSITORY / "android_demo/checks"
_BROUGHT = ["android.permission.FOREGROUND_SERVICE", "android.permission.CAMERA"]


def _manifest(*elements: tuple[str, str]) -> str:
    lines = [f'<uses-permission android:name="{name}" {more}/>' for name, more in elements]
    return (
        '<manifest xmlns:android="http://schemas.android.com/apk/res/android" '
        f'xmlns:tools="http://schemas.android.com/tools">{"".join(lines)}<application /></manifest>'
    )


def _merged(folder: Path, app: str, library: str) -> tuple[int, set[str]]:
    """What merging ends with, and the permissions that are left."""
    (folder / "app.xml").write_text(app, encoding="utf-8")
    (folder / "library.xml").write_text(library, encoding="utf-8")
    (folder / "brought.txt").write_text("\n".join(["# read in", *_BROUGHT]), encoding="utf-8")
    files = [folder / name for name in ("app.xml", "library.xml", "brought.txt", "merged.xml")]
    command = [sys.executable, CHECKS / "app/manifest.py", "dev.app", *files]
    code = subprocess.run(command, capture_output=True, check=False).returncode
    merged = (folder / "merged.xml").read_text(encoding="utf-8")
    assert 'package="dev.app"' in merged and "<application" in merged
    return code, set(re.findall(r'uses-permission android:name="([^"]*)"', merged))


_GONE = 'tools:node="remove"'
_GONE_FROM_LITERT = f'{_GONE} tools:selector="com.google.ai.edge.litert"'
_GONE_FROM_OTHER = f'{_GONE} tools:selector="com.other"'


@pytest.mark.parametrize("mark", [_GONE, _GONE_FROM_LITERT])
@pytest.mark.parametrize("above", [0, 1])
def test_what_is_removed_above_is_not_asked_for(tmp_path: Path, mark: str, above: int) -> None:
    manifests = [_manifest(), _manifest()]
    manifests[above] = _manifest(*((name, mark) for name in _BROUGHT))
    assert _merged(tmp_path, *manifests) == (0, set())


@pytest.mark.parametrize(
    ("app", "library", "left"),
    [
        ([], [], set(_BROUGHT)),
        ([(_BROUGHT[0], _GONE)], [], {_BROUGHT[1]}),
        ([(name, _GONE_FROM_OTHER) for name in _BROUGHT], [], set(_BROUGHT)),
        ([(name, "") for name in _BROUGHT], [(name, _GONE) for name in _BROUGHT], set(_BROUGHT)),
        ([(name, _GONE) for name in _BROUGHT], [("own", "")], {"own"}),
    ],
)
def test_what_is_left_is_asked_for_and_fails(
    tmp_path: Path, app: list[tuple[str, str]], library: list[tuple[str, str]], left: set[str]
) -> None:
    assert _merged(tmp_path, _manifest(*app), _manifest(*library)) == (1, left)


@pytest.mark.parametrize(
    ("refused", "code", "holds"),
    [([2, 3], 1, True), ([2], 1, False), ([1, 2, 3], 1, False), ([], 0, False), ([2, 3], 0, False)],
)
def test_a_compiler_refuses_the_marked_lines_and_no_other(
    tmp_path: Path, refused: list[int], code: int, holds: bool
) -> None:
    (tmp_path / "Refused.kt").write_text("good\nbad // refused\nworse // refused\n", "utf-8")
    says = "".join(f"echo 'Refused.kt:{line}:5: error: no'; " for line in refused)
    command = [sys.executable, CHECKS / "kotlin/refused.py", tmp_path / "Refused.kt"]
    result = subprocess.run(
        [*command, "sh", "-c", f"{says} exit {code}"], capture_output=True, text=True, check=False
    )
    assert (result.returncode == 0) == holds, result.stdout
