"""Pruning, distillation and quantization-aware training, through the real command."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from edgekit import tflite

pytestmark = pytest.mark.convert

STATIC = "static_wi8_ai8"


def manifest(folder, label):
    return json.loads((folder / f"digits.{label}.json").read_text(encoding="utf-8"))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def compress(edgekit, digits, tmp_path_factory):
    """`compress(FLAGS...)`: convert the digits model; returns (ended, folder)."""

    def run(*flags, expect=0, folder=None):
        folder = folder or tmp_path_factory.mktemp("compressed")
        ended = edgekit("convert", digits / "digits.keras", "-o", folder, *flags)
        assert ended.code == expect, ended.err
        return ended, folder

    return run


@pytest.fixture(scope="module")
def data(digits):
    return digits / "data.npz"


@pytest.fixture(scope="module")
def everything(compress, data):
    """Pruning, distillation and rounding that is trained, for int8 and int4, in one command."""
    return compress(
        *("--prune", "structured", "--sparsity", 0.5, "--finetune", data, "--distill", "--qat"),
        *("--epochs", 3, "-r", STATIC, "-r", "weight_only_wi4_afp32"),
    )


def test_one_command_does_all_of_it_and_names_what_it_wrote(everything):
    _, folder = everything
    labels = ("float32", "pruned.float32", f"pruned.qat.{STATIC}")
    labels += ("pruned.qat.weight_only_wi4_afp32",)
    files = [f"digits.{label}.{ending}" for label in labels for ending in ("json", "tflite")]
    assert names(folder) == sorted([*files, "digits.golden.npz", "digits.pruned.keras"])


def test_the_manifest_tells_each_step_its_cost_and_its_loss(everything):
    _, folder = everything
    assert "steps" not in manifest(folder, "float32") or not manifest(folder, "float32")["steps"]
    steps = manifest(folder, f"pruned.qat.{STATIC}")["steps"]
    assert [step["name"] for step in steps] == ["prune", "finetune", "quantize", "qat"]
    for step in steps:
        assert step["seconds"] > 0
        assert step["num_samples"] == 40  # 8 golden ones, and 32 that judge
        assert 0.5 < step["agreement"] <= 1
    pruned, tuned = steps[:2]
    assert pruned["numbers"]["sparsity"] == pytest.approx(0.5, abs=0.05)
    assert pruned["numbers"]["parameters"] < 0.5 * pruned["numbers"]["parameters_before"]
    assert tuned["numbers"]["validation_loss"] < tuned["numbers"]["validation_loss_before"]
    float_steps = manifest(folder, "pruned.float32")["steps"]
    assert [step["name"] for step in float_steps] == ["prune", "finetune"]
    assert float_steps == steps[:2]


def test_the_recipe_of_a_file_says_what_was_done_to_the_model(everything, data):
    _, folder = everything
    recipe = manifest(folder, f"pruned.qat.{STATIC}")["recipe"]
    assert recipe["prune"]["sparsity"] == 0.5
    assert recipe["training"]["quantization_aware"] is True
    assert recipe["training"]["data"] == str(data)
    tuned = manifest(folder, "pruned.float32")["recipe"]["training"]
    assert not tuned.get("quantization_aware", False)


def test_the_output_tells_what_was_gained(everything):
    ended, _ = everything
    lines = ended.out.splitlines()
    assert any(line.startswith("pruned: 0.") and "parameters" in line for line in lines)
    assert any(line.startswith("trained: 3 epochs") for line in lines)
    [gain] = [line for line in lines if line.startswith("pruned.float32: ")]
    assert "x of float), download" in gain
    assert "nothing" not in gain


def test_validate_compares_with_the_original_and_knows_what_was_trained_on(
    everything, edgekit, data, tmp_path
):
    _, folder = everything
    files = [folder / f"digits.{label}.tflite" for label in ("float32", f"pruned.qat.{STATIC}")]
    ended = edgekit("validate", *files, "--data", data, "--json", "--layers")
    before, after = ended.json()
    found = {metric["name"]: metric["value"] for metric in after["metrics"]}
    was = {metric["name"]: metric["value"] for metric in before["metrics"]}
    assert was["top1_accuracy"] - found["top1_accuracy"] < 0.03
    assert 0.9 < found["agreement"] < 1
    # Layers are compared with the pruned float file, operator by operator: nothing is unmatched.
    assert after["layers"]
    assert not [one for one in after["layers"] if one["scheme"] == "unmatched"]

    seen = tmp_path / "seen.npz"
    with np.load(data) as arrays:
        np.savez(seen, x=arrays["training_x"], y=arrays["training_y"])
    [again] = edgekit("validate", files[1], "--data", seen, "--json").json()
    assert any("used for training" in note for note in again["notes"])


def test_a_kill_in_the_middle_resumes_to_the_same_file(digits, data, tmp_path):
    flags = ("--prune", "structured", "--sparsity", "0.25", "--finetune", str(data), "--distill")
    flags += ("--epochs", "4", "--patience", "4", "-r", "float32", "--no-reconstruct")

    def start(folder):
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "edgekit.cli.main", "convert"),
                *(str(digits / "digits.keras"), "-o", str(folder), *flags),
            ],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    undisturbed = start(whole)
    _, err = undisturbed.communicate(timeout=300)
    assert undisturbed.returncode == 0, err

    process = start(killed)
    assert process.stderr is not None
    for line in process.stderr:
        if "epoch 2/4: loss" in line and "validation" in line:
            break
    while not list(killed.rglob("*")):  # the epoch is told before its checkpoint is written
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert names(killed) == [".digits.training"]

    resumed = start(killed)
    _, err = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, err
    assert "going on after epoch" in err
    assert names(killed) == names(whole)
    same = [(folder / "digits.pruned.float32.tflite").read_bytes() for folder in (whole, killed)]
    assert same[0] == same[1]


def test_zeros_survive_the_rounding_and_are_told_to_gain_nothing(compress):
    ended, folder = compress("--prune", "2:4", "-r", STATIC)
    model = tflite.read((folder / f"digits.pruned.{STATIC}.tflite").read_bytes())
    convolutions = [op for op in tflite.operators(model) if op.name == "CONV_2D"]
    checked = 0
    for op in convolutions:
        weight = op.operands[1]
        codes = tflite.values(model, weight)
        if codes.shape[-1] % 4 == 0:
            fours = codes.reshape(codes.shape[0], -1, 4)
            assert ((fours != 0).sum(axis=-1) <= 2).all()
            checked += 1
    assert checked >= 2
    [line] = [one for one in ended.out.splitlines() if one.startswith("pruned.float32: ")]
    assert "(1.00x of float)" in line
    [download] = re.findall(r"download \S+ kB \((\S+)x\)", line)
    assert float(download) < 0.8


def test_a_target_in_multiply_accumulates_and_one_in_time_are_held(compress):
    _, folder = compress("--prune", "structured", "--to-macs", 0.5, "-r", "float32")
    numbers = manifest(folder, "pruned.float32")["steps"][0]["numbers"]
    assert numbers["macs"] <= 0.5 * numbers["macs_before"]
    _, folder = compress("--prune", "structured", "--to-size", 0.4, "-r", "float32")
    sizes = [manifest(folder, label)["size_bytes"] for label in ("float32", "pruned.float32")]
    assert sizes[1] <= 0.4 * sizes[0]
    _, folder = compress("--prune", "structured", "--to-latency", 0.9, "-r", "float32")
    told = manifest(folder, "pruned.float32")
    assert told["recipe"]["prune"]["to_latency"] == 0.9  # what was asked for, as it was asked
    assert told["steps"][0]["numbers"]["sparsity"] > 0


def test_training_alone_needs_no_keras_and_works_on_a_tflite(edgekit, made, digits, data, tmp_path):
    ended = edgekit(
        *("convert", made.tflite("float32"), "-o", tmp_path, "--qat", "-r", STATIC),
        *("--project", digits / "edgekit.toml", "--finetune", data, "--distill", "--epochs", 1),
        *("--name", "digits"),
    )
    assert ended.code == 0, ended.err
    steps = manifest(tmp_path, f"qat.{STATIC}")["steps"]
    assert [step["name"] for step in steps] == ["quantize", "qat"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--prune-layer", "conv9"), ("'conv9'", "conv")),
        (("--keep-dense", "pointwize"), ("'pointwize'", "pointwise")),
    ],
)
def test_a_layer_that_matches_nothing_is_named_with_the_nearest(compress, flags, words):
    ended, folder = compress("--prune", "structured", "--sparsity", 0.5, *flags, expect=2)
    assert all(word in ended.refused() for word in words)
    assert names(folder) == []


def test_labels_are_needed_without_a_teacher(compress, data, tmp_path):
    with np.load(data) as arrays:
        np.savez(tmp_path / "bare.npz", x=arrays["training_x"][:100])
    ended, folder = compress(
        *("--prune", "structured", "--sparsity", 0.5, "--finetune", tmp_path / "bare.npz"),
        expect=2,
    )
    assert "--distill" in ended.refused()
    assert [name for name in names(folder) if not name.startswith(".")] == []
