"""What `convert` says of pruning and training: once for all files, and honestly."""

from dataclasses import replace

from edgekit.core import recipes
from edgekit.core.records import Artifact, Contract, Metric, Pruning, Step, Training
from edgekit.report import compression_lines

PRUNE = Step(
    name="prune",
    summary="5 of 8 groups",
    seconds=2.04,
    sqnr_db=9.0,
    agreement=0.91,
    num_samples=136,
)
TRAIN = Step(name="finetune", summary="12 epochs", seconds=20.0, agreement=0.99, num_samples=136)
QAT = Step(name="qat", summary="7 epochs", seconds=9.0, sqnr_db=31.26, num_samples=24)


def made(name, size, compressed, prune=None, training=None, done=()):
    recipe = replace(recipes.get(name), prune=prune, training=training)
    return Artifact(
        path=f"net.{recipe.label}.tflite",
        sha256="0",
        size_bytes=size,
        compressed_bytes=compressed,
        recipe=recipe,
        contract=Contract(inputs=(), outputs=()),
        source_sha256="0",
        float_sha256="0",
        steps=done,
    )


FLOAT = made("float32", 1000, 900)


def ratio(value, low, high):
    return Metric(name="latency_ratio", value=value, low=low, high=high)


def test_steps_that_files_share_are_told_once():
    structured = Pruning(sparsity=0.5)
    aware = Training(data="d", quantization_aware=True)
    files = [
        FLOAT,
        made("float32", 400, 380, structured, done=(PRUNE, TRAIN)),
        made("static_wi8_ai8", 120, 100, structured, aware, done=(PRUNE, TRAIN, QAT)),
    ]
    lines = compression_lines.lines(files, {"pruned.float32": ratio(0.5, 0.49, 0.52)})
    assert lines == [
        "pruned: 5 of 8 groups; agrees with the original on 0.910 of 136 (2.0 s).",
        "trained: 12 epochs; agrees with the original on 0.990 of 136 (20.0 s).",
        "pruned.qat.static_wi8_ai8: trained: 7 epochs; 31.3 dB from the original on 24 samples "
        "(9.0 s).",
        "pruned.float32: 400 B (0.40x of float), download 380 B (0.42x), time 0.50x [0.49 0.52] "
        "on this machine.",
        "pruned.qat.static_wi8_ai8: 120 B (0.12x of float), download 100 B (0.11x).",
    ]


def test_zeros_are_told_to_save_a_download_and_nothing_else():
    sparse = Pruning(method="unstructured", sparsity=0.5)
    file = made("float32", 1000, 600, sparse)
    for ratios in ({}, {"pruned.float32": ratio(1.01, 0.98, 1.04)}):
        [line] = compression_lines.lines([FLOAT, file], ratios)
        assert "nothing but the download got smaller" in line
        assert "--prune structured" in line
    [line] = compression_lines.lines([FLOAT, replace(file, compressed_bytes=900)], {})
    assert "nothing got smaller" in line


def test_what_got_faster_is_not_told_to_have_gained_nothing():
    sparse = Pruning(method="unstructured", sparsity=0.5)
    file = made("float32", 1000, 600, sparse)
    [line] = compression_lines.lines([FLOAT, file], {"pruned.float32": ratio(0.8, 0.78, 0.82)})
    assert "nothing" not in line


def test_files_that_were_neither_pruned_nor_trained_are_not_mentioned():
    assert compression_lines.lines([FLOAT, made("float16", 500, 450)], {}) == []
