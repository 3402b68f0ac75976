"""What records say of themselves: labels, what a quantization needs, summaries."""

from __future__ import annotations

import pytest

from edgekit.core.records import (
    BenchmarkOptions,
    ConvertOptions,
    Host,
    Measurement,
    Metric,
    Pruning,
    Quantization,
    Recipe,
    Target,
    Training,
)

STATIC = Quantization(scheme="static", activation_bits=8)
PLAIN = {"rounding": "nearest", "bias_correction": False}


@pytest.mark.parametrize(
    ("how", "ranges", "refines", "calibration"),
    [
        (STATIC, True, True, True),
        (Quantization(scheme="static", activation_bits=8, **PLAIN), True, False, True),
        (Quantization(scheme="weight_only"), False, True, False),
        (Quantization(scheme="weight_only", weight_bits=4), False, True, True),
        (Quantization(scheme="weight_only", weight_bits=4, **PLAIN), False, False, False),
        (Quantization(scheme="dynamic"), False, False, False),
        (Quantization(scheme="dynamic", weight_bits=4), False, True, True),
        (
            Quantization(scheme="dynamic", weight_bits=4, granularity="blockwise_32"),
            False,
            False,
            False,
        ),
        (Quantization(scheme="float16", weight_bits=16), False, False, False),
    ],
)
def test_what_a_quantization_needs(
    how: Quantization, ranges: bool, refines: bool, calibration: bool
) -> None:
    assert (how.needs_ranges, how.refines_weights, how.needs_calibration) == (
        ranges,
        refines,
        calibration,
    )


@pytest.mark.parametrize(
    ("prune", "training", "label"),
    [
        (None, None, "r"),
        (Pruning(sparsity=0.5), None, "pruned.r"),
        (None, Training(data="d.npz"), "r"),  # fine-tuning alone changes no name
        (None, Training(data="d.npz", quantization_aware=True), "qat.r"),
        (Pruning(), Training(data="d.npz", quantization_aware=True), "pruned.qat.r"),
    ],
)
def test_a_recipes_label_tells_what_was_done_before(prune, training, label: str) -> None:
    assert Recipe(name="r", summary="", prune=prune, training=training).label == label


@pytest.mark.parametrize(
    ("target", "label", "title"),
    [
        (Target(), "litert", "litert"),
        (Target(num_threads=2), "litert", "litert, 2 threads"),
        (
            Target(runtime="tflite-runtime", version="2.14.0", num_threads=4),
            "tflite-runtime==2.14.0",
            "tflite-runtime==2.14.0, 4 threads",
        ),
    ],
)
def test_a_target_is_spelled_as_on_the_command_line(target: Target, label: str, title: str) -> None:
    assert (target.label, target.title) == (label, title)


def test_a_measurements_summary_keeps_all_but_the_samples() -> None:
    metric = Metric(name="mae", value=1.5, low=1.0, high=2.0, raw=(1.0, 2.0), parts=((1.0,),))
    whole = Measurement(
        artifact="a",
        artifact_sha256="",
        samples_sha256="",
        num_samples=2,
        target=Target(),
        host=Host(machine="", system="", cpu="", cores=1, python=""),
        metrics=(metric,),
        notes=("n",),
    )
    short = whole.summary()
    assert short.metrics == (Metric(name="mae", value=1.5, low=1.0, high=2.0),)
    assert short.notes == ("n",)
    assert whole.metric("mae") is metric
    assert whole.metric("rmse") is None


def test_defaults_that_two_commands_share_are_equal() -> None:
    assert ConvertOptions().rounding == STATIC.rounding
    assert ConvertOptions().bias_correction == STATIC.bias_correction
    assert ConvertOptions().limits.seconds > 0
    assert BenchmarkOptions().num_threads == Target().num_threads
