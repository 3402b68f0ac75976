"""The command's options become records: what `convert` is called with, without converting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edgekit.cli import convert_command
from edgekit.core.errors import UsageError
from edgekit.core.records import ConvertOptions, Limits, Override, Pruning, Training
from edgekit.pipeline.convert import conversion


class Called(Exception):
    """What the command called `convert` with."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """`asked(ARGUMENTS...)`: the keywords that `convert` gets."""

    def convert(model: Path, **keywords: Any) -> None:
        raise Called(model, keywords)

    monkeypatch.setattr(conversion, "convert", convert)

    def run(*arguments: str) -> dict[str, Any]:
        result = invoke(str(tmp_path / "net.keras"), *arguments)
        if not isinstance(result.exception, Called):
            assert result.exception is not None, result.output
            raise result.exception
        model, keywords = result.exception.args
        assert model == tmp_path / "net.keras"
        return keywords

    return run


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(convert_command.convert, arguments)


def test_without_options_the_records_hold_their_defaults(asked):
    keywords = asked()
    assert keywords["options"] == ConvertOptions()
    assert (keywords["output"], keywords["name"], keywords["calibration"]) == (None, None, None)
    assert keywords["input_shapes"] == {}


def test_each_option_reaches_its_record(asked):
    keywords = asked(
        *(
            "-r",
            "float16",
            "-r",
            "static_wi8_ai8",
            "--io",
            "int8",
            "--storage-bits",
            "6",
            "-c",
            "d.npz",
            "-o",
            "out",
        ),
        *("--name", "n", "--input-shape", "x=1,2,3", "--input-shape", "y=1,4"),
        *("--max-loss", "0.01", "--min-sqnr", "25", "--override", "a=b=float16"),
        *("--keep-float", "c.*", "--rounding", "nearest", "--no-bias-correction"),
        *("--for", "npu", "--calibration-samples", "7", "--seed", "3"),
        *(
            "--custom-objects",
            "m:N",
            "--builder",
            "m:build",
            "--unsafe",
            "--force",
            "--tensor-names",
            "original",
            "--timeout",
            "9",
            "--memory-limit",
            "2",
        ),
    )
    assert keywords["options"] == ConvertOptions(
        recipes=("float16", "static_wi8_ai8"),
        io_dtype="int8",
        storage_bits=6,
        rounding="nearest",
        bias_correction=False,
        overrides=(
            Override(layers="a=b", recipe="float16"),
            Override(layers="c.*", recipe="float32"),
        ),
        max_loss=0.01,
        min_sqnr_db=25.0,
        device="npu",
        tensor_names="original",
        calibration_samples=7,
        seed=3,
        unsafe=True,
        force=True,
        limits=Limits(seconds=9.0, memory_bytes=2 * 2**30),
    )
    assert (keywords["output"], keywords["name"]) == (Path("out"), "n")
    assert (keywords["calibration"], keywords["custom_objects"]) == ("d.npz", "m:N")
    assert keywords["builder"] == "m:build"
    assert keywords["input_shapes"] == {"x": (1, 2, 3), "y": (1, 4)}


def test_compression_reaches_its_records(asked):
    options = asked(
        *("--prune", "structured", "--sparsity", "0.25", "--importance", "l1", "--round-to", "8"),
        *("--prune-layer", "a", "--prune-layer", "b", "--keep-dense", "c", "--no-reconstruct"),
        *("--finetune", "d.npz", "--distill", "--qat", "--epochs", "2", "--batch-size", "4"),
        *("--learning-rate", "0.5", "--patience", "1", "--no-augment", "--seed", "6"),
    )["options"]
    assert options.prune == Pruning(
        sparsity=0.25,
        importance="l1",
        round_to=8,
        layers=("a", "b"),
        keep=("c",),
        reconstruct=False,
    )
    assert options.training == Training(
        data="d.npz",
        distill=True,
        quantization_aware=True,
        epochs=2,
        batch_size=4,
        learning_rate=0.5,
        patience=1,
        augment=False,
        seed=6,
    )


@pytest.mark.parametrize(
    ("arguments", "to_bytes", "to_latency"),
    [
        (("--to-bytes", "400kB"), 400_000, None),
        (("--to-latency", "0.8"), None, 0.8),
        (("--to-bytes", "1.5 MB", "--to-latency", "0.5"), 1_500_000, 0.5),
    ],
)
def test_a_budget_reaches_the_record(asked, arguments, to_bytes, to_latency):
    options = asked(*arguments)["options"]
    assert (options.to_bytes, options.to_latency) == (to_bytes, to_latency)
    assert options.has_budget and options.prune is None


def test_the_time_of_a_pruned_model_is_what_it_is_pruned_to(asked):
    options = asked("--prune", "structured", "--to-latency", "0.7", "--to-bytes", "9kB")["options"]
    assert options.prune.to_latency == 0.7
    assert (options.to_bytes, options.to_latency) == (9_000, None)


@pytest.mark.parametrize("size", ["400 bananas", "-4", "0", "400kb", ""])
def test_a_size_that_is_none_is_a_mistake_of_usage(size, tmp_path):
    result = invoke(str(tmp_path / "net.keras"), f"--to-bytes={size}")
    assert result.exit_code == 2
    assert "such as 400000, 400kB or 390KiB" in " ".join(result.output.replace("│", " ").split())


def test_a_pattern_is_unstructured(asked):
    assert asked("--prune", "2:4")["options"].prune == Pruning(method="unstructured", pattern="2:4")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--prune", "structurd"), ("--prune must be", "structured")),
        (("--prune-layer", "a", "--sparsity", "0.5"), ("--sparsity, --prune-layer", "--prune")),
        (("--no-reconstruct",), ("--reconstruct", "--prune")),
        (("--distill", "--epochs", "3"), ("--distill, --epochs", "--finetune")),
        (("--qat",), ("--qat needs samples",)),
        (("--override", "conv"), ("--override must be LAYER=RECIPE",)),
        (("--input-shape", "x=1,2", "--input-shape", "x=1,3"), ("each input once",)),
        (("--input-shape", "x"), ("--input-shape must be NAME=1,SIZE",)),
        (("--min-sqnr", "inf"), ("min_sqnr must be a number of decibels",)),
    ],
)
def test_what_cannot_be_meant_is_refused(asked, arguments, words):
    with pytest.raises(UsageError) as caught:
        asked(*arguments)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_the_seed_of_the_project_is_the_default(asked, tmp_path):
    (tmp_path / "edgekit.toml").write_text('model = "net.keras"\n[data]\nseed = 11\n')
    options = asked("--finetune", "d.npz", "--qat")["options"]
    assert (options.seed, options.training.seed) == (11, 11)
    assert asked("--seed", "0")["options"].seed == 0
