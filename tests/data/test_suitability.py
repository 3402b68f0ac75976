"""What is said of calibration samples, and that nothing is said without a reason."""

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.data import draw, sources, suitability
from edgekit.data import split as parts
from edgekit.data.export_messages import DrawRequest
from edgekit.data.samples import Samples


def contract(*inputs, classes=10, labels=()):
    output = TensorSpec(name="out", shape=(1, classes), dtype="float32", labels=labels)
    return Contract(inputs=inputs or (tensor("x"),), outputs=(output,))


def tensor(name, *shape, dtype="float32", **rules):
    return TensorSpec(
        name=name, shape=(1, *shape), dtype=dtype, preprocessing=Preprocessing(**rules)
    )


def said(inputs, of=None, labels=None, golden=8):
    inputs = inputs if isinstance(inputs, dict) else {"x": inputs}
    drawn = Samples(inputs=inputs, labels=labels, source="data.npz")
    if len(drawn) == 1:
        split = {"calibration": drawn, "golden": drawn}
    else:
        golden = max(1, min(golden, len(drawn) // 10))
        split = parts.split(drawn, {"golden": golden, "calibration": len(drawn) - golden}, 0)
    of = of or contract(*(tensor(n, *a.shape[1:]) for n, a in inputs.items()))
    return suitability.warnings(split["calibration"], split["golden"], drawn, of)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_random_samples_bring_no_warning(rng):
    for scale in (1e-6, 1, 1e6):
        assert said(rng.uniform(-scale, scale, (200, 8)).astype(np.float32)) == ()
    assert said(rng.integers(0, 256, (100, 8, 8, 3), dtype=np.uint8)) == ()


# Few


@pytest.mark.parametrize(
    ("count", "few", "chance"), [(1, "1 calibration sample is", "1"), (20, "18 calib", "0.11")]
)
def test_few_samples(rng, count, few, chance):
    [warning] = said(rng.random((count, 3)))
    assert warning.startswith(few)
    assert f"few: another one passes their range with a chance of up to {chance};" in warning


def test_a_new_sample_passes_the_extremes_as_often_as_is_said(rng):
    count, times = 18, 4000
    values = rng.standard_cauchy((times, count + 1))
    known, new = values[:, :-1], values[:, -1]
    passed = ((new < known.min(axis=1)) | (new > known.max(axis=1))).mean()
    assert abs(passed - 2 / (count + 1)) < 0.02


# Copies


def test_copies(rng):
    x = np.repeat(rng.random((10, 4)), 20, axis=0)[rng.permutation(200)]
    [warning] = said(x)
    assert warning.startswith("190 of 200 calibration samples are copies of another")
    some = rng.random((200, 4))
    some[:80] = some[80:160]
    assert said(some) == ()


def test_samples_of_equal_mean_and_spread_are_no_copies(rng):
    x = np.stack([rng.permutation(np.arange(50.0)) for _ in range(100)])
    assert said(x) == ()


# Drift


def test_drift_of_a_ramp_noise_and_a_constant(rng):
    assert suitability.drift(np.arange(300.0)) == pytest.approx(8 / 9, abs=1e-4)
    assert suitability.drift(np.ones(300)) == 0
    assert suitability.drift(rng.random(30000)) < 0.001


def test_drift_does_not_depend_on_the_unit_nor_on_outliers(rng):
    values = rng.normal(size=90) + np.arange(90) / 20
    outlier = values.copy()
    outlier[values.argmax()] = 1e12
    for other in (values * 1000 - 7, np.exp(values), outlier):
        assert suitability.drift(other) == pytest.approx(suitability.drift(values))


@pytest.mark.parametrize("count", [32, 100, 200])
def test_shuffled_samples_practically_never_drift(rng, count):
    limit = suitability.drift_limit(count)
    kinds = (rng.standard_normal, lambda n: rng.lognormal(0, 2, n), lambda n: rng.integers(0, 4, n))
    worst = max(suitability.drift(kind(count)) for kind in kinds for _ in range(1000))
    assert worst < limit <= 0.62


def test_the_limit_falls_with_the_number_of_samples():
    limits = [suitability.drift_limit(n) for n in (1, 3, 4, 32, 64, 128, 1000)]
    assert limits == sorted(limits, reverse=True)
    assert (limits[0], limits[-1]) == (1, 0.25)


def test_an_input_that_drifts_is_named_with_the_amount(rng):
    x = rng.normal(size=(120, 6))
    x[80:] += 3
    [warning] = said({"calm": rng.normal(size=(120, 6)), "rising": x})
    assert warning.startswith("input 'rising' drifts through data.npz: its mean goes from ")
    assert "in the first third of 120 samples" in warning
    assert "at random" in warning


def test_a_growing_spread_is_a_drift_too(rng):
    x = rng.normal(size=(150, 100)) * np.linspace(0.5, 2, 150)[:, None]
    [warning] = said(x)
    assert "its spread goes from 0." in warning


def test_ordered_samples_with_labels_of_every_class_are_harmless(rng):
    labels = np.repeat(np.arange(10), 20)
    x = rng.normal(size=(200, 6)) + labels[:, None]
    assert said(x, labels=labels) == ()
    assert said(x, labels=np.eye(10)[labels]) == ()
    assert "drifts" in said(x)[0]
    assert "drifts" in said(x, labels=x[:, 0])[0]  # targets are no classes


# Classes


def test_few_of_the_models_classes(rng):
    x, labels = rng.random((100, 4)), np.repeat([3, 7], 50)
    [warning] = said(x, labels=labels)
    assert "show 2 of the model's 10 classes (3, 7)" in warning
    assert "would show about 10" in warning
    names = tuple("abcdefghij")
    of = contract(tensor("x", 4), labels=names)
    for same in (labels, np.array(names)[labels], np.eye(10)[labels], labels[:, None]):
        [warning] = said(x, of, labels=same)
        assert "10 classes (d, h)" in warning


def test_one_of_two_classes(rng):
    of = contract(tensor("x", 4), classes=1)
    [warning] = said(rng.random((100, 4)), of, labels=np.zeros(100, np.int64))
    assert "1 of the model's 2 classes (0)" in warning
    assert said(rng.random((100, 4)), of, labels=(np.arange(100) < 3).astype(np.int64)) == ()


def test_labels_that_say_nothing_of_classes_are_left_alone(rng):
    x = rng.random((100, 4))
    ages = rng.integers(0, 90, 100)
    assert said(x, contract(tensor("x", 4), classes=1), labels=ages) == ()
    assert said(x, labels=np.array(["cat"] * 100)) == ()
    assert said(x, labels=rng.random((100, 10))) == ()
    assert said(x, labels=np.zeros((100, 10), np.int64)) == ()  # multi-label, none of them set
    two = contract(tensor("x", 4))
    two = Contract(inputs=two.inputs, outputs=two.outputs * 2)
    assert said(x, two, labels=np.zeros(100, np.int64)) == ()


def test_fewer_samples_than_classes_need_not_show_all(rng):
    of = contract(tensor("x", 4), classes=1000)
    assert said(rng.random((100, 4)), of, labels=rng.permutation(1000)[:100]) == ()
    [warning] = said(rng.random((100, 4)), of, labels=rng.integers(0, 5, 100))
    assert "5 of the model's 1000 classes (0, 1, 2, 3, ...)" in warning


# Constants


def test_an_input_that_never_changes(rng):
    x = rng.random((100, 4))
    [warning] = said({"x": x, "state": np.zeros((100, 8))})
    assert warning.startswith(
        "input 'state' is the same in all 100 calibration samples (0 everywhe"
    )
    [warning] = said({"x": x, "state": np.tile(np.arange(3.0), (100, 1))})
    assert "(0 to 2)" in warning


def test_columns_and_channels_that_never_change(rng):
    table = rng.random((100, 6))
    table[:, 2], table[:, 4] = 5, -0.25
    [warning] = said(table)
    assert warning.startswith(
        "2 of the 6 columns of input 'x' never change in 100 calibration samples "
        "(2 is 5, 4 is -0.25)"
    )
    columns = ("age", "height", "floor", "rooms", "lift", "rent")
    named = contract(tensor("x", 6, kind="tabular", columns=columns))
    assert "(floor is 5, lift is -0.25)" in said(table, named)[0]
    images = rng.random((100, 5, 5, 3))
    images[..., 1] = 0.5
    [warning] = said(images)
    assert "1 of the 3 channels of input 'x' never changes" in warning


def test_constants_that_mean_nothing(rng):
    flat = rng.random((100, 784))
    flat[:, :28] = 0  # the border of pictures laid flat
    assert said(flat) == ()
    one_hot = np.eye(6)[rng.integers(0, 4, (100, 9))]
    assert said(one_hot + np.zeros((100, 9, 6))) == ()


# Golden samples


def test_golden_samples_beyond_the_calibration_range(rng):
    rest, golden = rng.random((100, 4)), rng.random((8, 4))
    golden[2, 1] = 1.5
    drawn = Samples(inputs={"x": np.concatenate([rest, golden])})
    calibration = Samples(inputs={"x": rest})
    [warning] = suitability.warnings(
        calibration, Samples(inputs={"x": golden}), drawn, contract(tensor("x", 4))
    )
    assert warning.startswith("input 'x': 1 of 8 golden samples from the same source goes beyond")
    assert "by up to 0.5 of its width (to 1.5)" in warning


# Drawing


def request(path, **more):
    nowhere = Path("nowhere")
    fixed = {"golden_samples": 8, "calibration_samples": 200, "seed": 0, "calibrates": True}
    return DrawRequest(
        calibration=None if path is None else str(path),
        golden_out=nowhere,
        calibration_out=nowhere,
        training_out=nowhere,
        **(fixed | more),
    )


def test_a_random_draw_from_ordered_data_is_harmless(rng, tmp_path):
    x = (rng.normal(size=(1000, 4)) + np.arange(1000)[:, None] / 100).astype(np.float32)
    np.savez(tmp_path / "all.npz", x=x)
    np.savez(tmp_path / "first.npz", x=x[:200])
    of = contract(tensor("x", 4))
    assert draw.draw(of, request(tmp_path / "all.npz"), {}).warnings == ()
    first = draw.draw(of, request(tmp_path / "first.npz"), {})
    assert "drifts" in first.warnings[0]
    rows = first.calibration.inputs["x"]
    assert first.ranges["x"] == (rows.min(), rows.max())
    assert first.ranges["x[2]"] == (rows[:, 2].min(), rows[:, 2].max())
    assert first.facts.calibration_ranges == first.ranges


def test_nothing_is_said_when_nothing_is_calibrated(tmp_path):
    np.savez(tmp_path / "bad.npz", x=np.zeros((5, 4), np.float32))
    of = contract(tensor("x", 4))
    assert len(draw.draw(of, request(tmp_path / "bad.npz"), {}).warnings) == 3
    assert draw.draw(of, request(tmp_path / "bad.npz", calibrates=False), {}).warnings == ()
    made_up = draw.draw(of, request(None), {})
    assert (made_up.warnings, made_up.ranges) == ((), {})
    assert made_up.facts.golden == "synthetic"


def test_the_digits_sample_brings_no_warning_and_its_first_classes_do(digits, tmp_path):
    of = contract(tensor("image", 8, 8, 1))
    for seed in range(20):
        drawn = draw.draw(of, request(digits / "data.npz", seed=seed), {})
        assert drawn.warnings == ()
    data = sources.load(str(digits / "data.npz"), of, purpose="training")
    first = data.take(np.argsort(data.labels, kind="stable")[:200])
    np.savez(tmp_path / "first.npz", x=first.inputs["image"], y=first.labels)
    [warning] = draw.draw(of, request(tmp_path / "first.npz"), {}).warnings
    assert "3 of the model's 10 classes (0, 1, 2)" in warning
    np.savez(tmp_path / "first.npz", x=first.inputs["image"])
    [warning] = draw.draw(of, request(tmp_path / "first.npz"), {}).warnings
    assert "drifts" in warning


@pytest.mark.corpus
def test_the_first_samples_of_a_recording(corpus, tmp_path):
    with np.load(corpus / "har_st_cnn1d" / "data.npz") as data:
        x, y = data["x"].astype(np.float32) / 4000, data["y"]
    of = contract(tensor("x", 26, 3), classes=4)
    np.savez(tmp_path / "first.npz", x=x[:200])
    np.savez(tmp_path / "labelled.npz", x=x[:200], y=y[:200])
    [warning] = draw.draw(of, request(tmp_path / "first.npz"), {}).warnings
    assert "its spread goes from" in warning
    [warning] = draw.draw(of, request(tmp_path / "labelled.npz"), {}).warnings
    assert "1 of the model's 4 classes" in warning


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("item", "model_classes", "few"),
    [
        ("resnet8_cifar10", 10, False),
        ("kws_dscnn", 12, False),
        ("har_st_cnn1d", 4, False),
        ("magika_bytes_v1", 113, False),
        ("crepe_tiny_pitch", 360, False),
        ("quickdraw_doodlenet_tfjs", 345, False),
        ("sww_1dconv", 3, True),
        ("superres_upscaler_2x", 3, True),
    ],
)
def test_the_corpus_brings_no_warning_but_of_few_samples(
    corpus, tmp_path, item, model_classes, few
):
    from benchmarks.corpus import prepare

    made = prepare(item, tmp_path, corpus)
    with np.load(made.calib) as data:
        of = contract(tensor("x", *data["x"].shape[1:]), classes=model_classes)
    found = draw.draw(of, request(made.calib), {}).warnings
    assert [" few: " in warning for warning in found] == [True] * few


def test_large_samples_are_looked_at_in_every_channel(rng):
    images = rng.random((60, 160, 160, 3))
    images[40:, ..., 2] += 2  # only one channel drifts, and no more than 1 value of 9 is read
    [warning] = said(images)
    assert "drifts" in warning
