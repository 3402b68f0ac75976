"""`edgekit validate`: where samples come from, what is shown, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from edgekit.cli.validate_command import validate as command
from edgekit.core.errors import UsageError
from edgekit.core.records import LayerError, Target
from edgekit.pipeline import validate as pipeline
from edgekit.pipeline.validate import ValidateOptions
from tests.cli.commands import invoke, measurement
from tests.pipeline.files import MODELS

LAYER = LayerError(
    layer="dense",
    operator="FULLY_CONNECTED",
    tensor="y",
    scheme="int8",
    local_sqnr_db=30.0,
    cumulative_sqnr_db=29.0,
    output_sqnr_db=28.0,
    blame=1.0,
)


@pytest.fixture
def answer() -> dict[str, Any]:
    """Fields of the measurements that the pipeline returns."""
    return {}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def validate(files: tuple[Path, ...], **how: Any) -> list[Any]:
        seen.update(how, files=files)
        return [measurement(path.name, **answer) for path in files]

    monkeypatch.setattr(pipeline, "validate", validate)
    return seen


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


TOML = 'metric = "mae"\n[data]\nevaluation = "data.npz"\nseed = 5\n'


def test_the_project_says_what_options_do_not(asked, folder):
    (folder / "edgekit.toml").write_text(TOML, encoding="utf-8")
    invoke(command, "net.tflite")
    assert asked["data"] == str(folder / "data.npz")
    assert asked["metric"] == ("mae",)
    options = asked["options"]
    assert (options.seed, options.jobs, options.limit, options.layers) == (5, 1, None, False)
    assert options.project.metric == ("mae",)


def test_options_win(asked, folder):
    (folder / "edgekit.toml").write_text(TOML, encoding="utf-8")
    invoke(
        command,
        *"a.tflite b.tflite -d other.npz -m auc --reference f.tflite --limit 10 --seed 0".split(),
        *"--jobs 2 --layers --runtime tflite-runtime==2.14.0".split(),
    )
    assert (asked["data"], asked["metric"]) == ("other.npz", ("auc",))
    assert [target.label for target in asked["targets"]] == ["tflite-runtime==2.14.0"]
    assert asked["options"] == ValidateOptions(
        reference=Path("f.tflite"),
        limit=10,
        seed=0,
        jobs=2,
        layers=True,
        project=asked["options"].project,
    )


def test_without_samples_nothing_is_measured(asked, folder):
    with pytest.raises(UsageError, match="evaluation samples") as caught:
        invoke(command, "net.tflite")
    assert "there is no edgekit.toml" in str(caught.value)
    (folder / "edgekit.toml").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="evaluation samples") as caught:
        invoke(command, "net.tflite")
    assert "names none" in str(caught.value) and asked == {}


def test_a_table_or_json_without_values_of_samples(asked, folder, answer):
    answer["notes"] = ("Few samples.",)
    shown = invoke(command, "net.tflite", "-d", "data.npz")
    assert "top1_accuracy" in shown.stdout and "0.7500" in shown.stdout
    assert shown.stderr == "Note: Few samples.\n"
    [one] = json.loads(invoke(command, "net.tflite", "-d", "data.npz", "--json").stdout)
    assert one["metrics"][0]["value"] == 0.75 and "raw" not in one["metrics"][0]


def test_layers_have_a_table_of_their_own(asked, folder, answer):
    answer["layers"] = (LAYER,)
    shown = invoke(command, "net.tflite", "-d", "data.npz", "--layers")
    assert "errors by operator" in shown.stdout and "dense" in shown.stdout


def test_a_file_that_a_runtime_cannot_run_ends_the_command_so(asked, folder, answer):
    answer.update(failure="GELU", metrics=(), target=Target(version="2.1"))
    result = invoke(command, "net.tflite", "-d", "data.npz")
    assert isinstance(result.exception, click.exceptions.Exit) or result.return_value == 2
    assert "Error: net.tflite on litert==2.1: GELU" in result.stderr


def test_an_overlay_is_written_and_asks_for_layers(asked, folder, answer):
    answer["layers"] = (LAYER,)
    file = MODELS / "fully_connected.int8.tflite"
    invoke(command, file, "-d", "data.npz", "--overlay", "o.json")
    assert asked["options"].layers
    assert "30" in (folder / "o.json").read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="--force"):
        invoke(command, file, "-d", "data.npz", "--overlay", "o.json")
    invoke(command, file, "-d", "data.npz", "--overlay", "o.json", "--force")
    with pytest.raises(UsageError, match="several files"):
        invoke(command, file, file, "-d", "data.npz", "--overlay", "p.json")
    assert not (folder / "p.json").exists()
