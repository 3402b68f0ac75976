"""Two conversions to the same names never mix their files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.core.cache_dir import home
from edgekit.core.errors import UsageError
from edgekit.core.recipes import get
from edgekit.pipeline.convert.output_claim import claim
from edgekit.pipeline.convert.plan import Plan

MODELS = Path(__file__).parents[2] / "models"
NET = MODELS / "fully_connected.float32.tflite"


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))


def planned(folder, name="net"):
    return Plan(recipes=(get("float32"),), folder=folder, name=name, calibration=None, notes=())


def said(settled, force=False):
    """What is reported while the names are claimed and let go."""
    lines = []
    with claim(settled, NET, force, lines.append):
        pass
    return lines


def test_the_same_names_are_claimed_once_however_they_are_spelled(tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "link").symlink_to(out)
    monkeypatch.chdir(tmp_path)
    with claim(planned(out), NET, False, print):
        for folder in (out, Path("out"), tmp_path / "link", out / ".." / "out"):
            with pytest.raises(UsageError, match="Another conversion") as caught:
                said(planned(folder))
            assert "net" in caught.value.received
        assert said(planned(out, "other")) == []
        assert said(planned(tmp_path)) == []
    assert said(planned(out)) == []
    assert list(out.iterdir()) == []
    assert not list((home() / "locks").iterdir())  # no lock file is left


def test_with_force_the_second_waits(tmp_path):
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from edgekit.core.cache_dir import lock_of\n"
        "lock_of(Path(sys.argv[1])).take(wait=True)\nprint('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "net")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    holder.stdout.readline()
    lines = []

    def report(line):
        lines.append(line)
        holder.communicate()  # now it ends

    with claim(planned(tmp_path), NET, True, report):
        assert holder.returncode == 0
    assert len(lines) == 1


def test_what_another_one_wrote_meanwhile_is_not_replaced(tmp_path):
    settled = planned(tmp_path)
    (tmp_path / "net.float32.tflite").touch()
    with pytest.raises(UsageError, match="--force"):
        said(settled)
    assert said(settled, force=True) == []


def test_without_a_home_that_can_be_written_a_conversion_works(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "file" / "home"))
    assert said(planned(tmp_path)) == []


@pytest.mark.parametrize("force", [False, True])
def test_of_conversions_that_are_started_together_the_files_are_of_one(tmp_path, force):
    """Of three at once one alone writes; with --force each writes all, one after the other."""
    folder = tmp_path / "out"
    names = ["fully_connected", "conv_2d", "depthwise_conv_2d"]
    models = [MODELS / f"{name}.float32.tflite" for name in names]
    for model in models:
        shutil.copy(model, tmp_path)
    command = [sys.executable, "-m", "edgekit.cli.main", "convert"]
    options = ["-r", "float16", "-o", str(folder), "--name", "net", *(["--force"] * force)]
    running = [
        subprocess.Popen(
            [*command, str(tmp_path / model.name), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for model in models
    ]
    errors = [process.communicate()[1] for process in running]
    codes = [process.returncode for process in running]
    assert sorted(codes) == ([0] * len(models) if force else [0] + [2] * (len(models) - 1)), errors
    for code, error in zip(codes, errors, strict=True):
        assert code == 0 or "Another conversion" in error or "--force" in error
    sources = {
        line.split('"')[3]
        for path in folder.glob("*.json")
        for line in path.read_text().splitlines()
        if '"source_sha256"' in line
    }
    assert len(sources) == 1
    assert len(list(folder.iterdir())) == 5  # two files, their manifests, golden samples
