"""The edgekit.toml that init writes: what stands in it, and that all of it can be read."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import project as projects
from edgekit.core.errors import DataError, ModelError, OutputError, UsageError
from edgekit.core.records import TensorSpec
from edgekit.pipeline.init import lookup
from edgekit.pipeline.init.init import InitOptions
from edgekit.pipeline.init.init import init as measuring_init
from edgekit.verdicts.paired import samples_needed

# What stands in the file; that it is measured, tests/pipeline/init/test_proven_draft.py shows.
init = partial(measuring_init, options=InitOptions(measure=False))
MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture
def dense(tmp_path):
    """A float .tflite of one dense layer, alone in a folder: input (1, n), output (1, m)."""
    path = tmp_path / "dense.tflite"
    shutil.copy(MODELS / "fully_connected.float32.tflite", path)
    return path


def sizes(model: Path) -> tuple[TensorSpec, TensorSpec]:
    from edgekit import tflite

    contract = tflite.contract(model)
    return contract.inputs[0], contract.outputs[0]


def samples(model: Path, count: int, seed: int = 0) -> np.ndarray:
    shape = sizes(model)[0].shape[1:]
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


# What lies beside the model


def test_labelled_samples_give_rules_that_they_can_decide(dense, tmp_path):
    _, output = sizes(dense)
    count, classes = 1500, output.shape[1]
    y = np.arange(count) % classes
    np.savez(tmp_path / "data.npz", x=samples(dense, count), y=y)
    made = init(dense)
    project = projects.load(Path(made.path))
    assert (made.metric, made.num_samples, made.labelled) == ("top1_accuracy", count, True)
    assert project.recipes == made.recipes == ("float32", "static_wi8_ai8")
    assert (project.data.calibration, project.data.evaluation) == ("data.npz", "data.npz")
    to_float, to_baseline, size, speed = project.rule
    assert samples_needed(0.02, to_float.max_loss) <= count < samples_needed(0.02, 0.005)
    assert to_float.variants == ("static_wi8_ai8",)
    assert (to_baseline.against, size.against, size.metric) == (
        "baseline",
        "baseline",
        "size_bytes",
    )
    assert (speed.metric, speed.at_most) == ("latency_ratio", 1.0)
    words = Path(made.path).read_text(encoding="utf-8").replace("\n# ", " ")
    assert f"{count:,} samples can decide {to_float.max_loss:g}" in words


def test_without_data_the_rules_about_accuracy_are_switched_off(dense):
    made = init(dense)
    text = Path(made.path).read_text(encoding="utf-8")
    project = projects.load(Path(made.path))
    assert project.recipes == ("float32", "dynamic_wi8_afp32")
    assert [rule.metric for rule in project.rule] == ["size_bytes", "latency_ratio"]
    assert project.data == projects.Data()
    assert '# metric = "top1_accuracy"' in text
    needed = samples_needed(0.02, 0.01)
    assert f"about {needed:,} to decide a loss of 0.01" in text.replace("\n# ", " ")
    assert any("samples" in line for line in made.left)


def test_without_labels_files_are_compared_with_float(dense, tmp_path):
    np.savez(tmp_path / "data.npz", x=samples(dense, 50))
    made = init(dense)
    assert made.metric == "" and not made.labelled
    metrics = [rule.metric for rule in projects.load(Path(made.path)).rule]
    assert metrics == ["sqnr_db", "size_bytes", "latency_ratio"]
    assert any("labels" in line for line in made.left)
    assert any("taken as values" in line for line in made.left)


@pytest.mark.parametrize(
    ("arrays", "metric"), [("rows", "mae"), ("ids", "top1_accuracy"), ("odd", "")]
)
def test_labels_of_each_form_have_their_metric(dense, tmp_path, arrays, metric):
    classes = sizes(dense)[1].shape[1]
    y = {
        "rows": samples(dense, 30, 1)[:, :1] * np.ones((1, classes)) + np.arange(classes),
        "ids": np.arange(30) % classes,
        "odd": np.zeros((30, classes + 1)),
    }[arrays]
    np.savez(tmp_path / "data.npz", x=samples(dense, 30), y=y)
    made = init(dense)
    assert made.metric == metric
    assert projects.load(Path(made.path)).metric == ((metric,) if metric else ())


def test_arrays_that_feed_nothing_are_named_in_a_note(dense, tmp_path):
    np.savez(tmp_path / "data.npz", frames=np.zeros((3, 2)))
    made = init(dense)
    assert made.data == ""
    assert any("data.npz" in note and "frames" in note for note in made.notes)


def test_data_is_preferred_and_golden_files_are_no_data(dense, tmp_path):
    for name in ("data", "other", "dense.golden", "baseline"):
        np.savez(tmp_path / f"{name}.npz", x=samples(dense, 5))
    assert Path(init(dense).data).name == "data.npz"
    (tmp_path / "data.npz").unlink()
    assert Path(init(dense, force=True).data).name == "other.npz"


def test_files_that_say_what_they_are_for_are_taken_so(dense, tmp_path):
    for name in ("set_test", "set_train", "more"):
        np.savez(tmp_path / f"{name}.npz", x=samples(dense, 5))
    made = init(dense)
    data = projects.load(Path(made.path)).data
    assert (data.evaluation, data.calibration, data.training) == (
        "set_test.npz",
        "set_train.npz",
        "set_train.npz",
    )
    assert not any("draw from the same" in line for line in made.left)


def test_several_files_that_say_nothing_are_left_to_the_person(dense, tmp_path):
    for name in ("one", "two"):
        np.savez(tmp_path / f"{name}.npz", x=samples(dense, 5))
    made = init(dense)
    assert made.data == ""
    assert any("one.npz, two.npz" in note and "--data" in note for note in made.notes)
    assert Path(init(dense, data=str(tmp_path / "two.npz"), force=True).data).name == "two.npz"


def test_arrays_for_one_purpose_are_not_shared(dense, tmp_path):
    x = samples(dense, 9)
    np.savez(tmp_path / "data.npz", calibration_x=x, evaluation_x=x, training_x=x)
    made = init(dense)
    assert projects.load(Path(made.path)).data.training == "data.npz"
    assert not any("draw from the same" in line for line in made.left)


def test_only_calibration_samples_allow_static_recipes_but_no_rules(dense, tmp_path):
    np.savez(tmp_path / "data.npz", calib_x=samples(dense, 9))
    made = init(dense)
    project = projects.load(Path(made.path))
    assert (project.data.calibration, project.data.evaluation) == ("data.npz", None)
    assert "static_wi8_ai8" in project.recipes
    assert [rule.metric for rule in project.rule] == ["size_bytes", "latency_ratio"]


def test_a_table_states_its_columns(dense, tmp_path):
    width = sizes(dense)[0].shape[1]
    columns = [f"a {i}" for i in range(width)]
    rows = [",".join([*columns, "label"])]
    rows += [",".join(map(str, [*row, i % 2])) for i, row in enumerate(samples(dense, 6))]
    (tmp_path / "table.csv").write_text("\n".join(rows), encoding="utf-8")
    made = init(dense)
    project = projects.load(Path(made.path))
    (rules,) = project.input.values()
    assert (rules.kind, rules.columns) == ("tabular", tuple(columns))
    assert made.labelled and made.num_samples == 6
    loaded = lookup.sources.load(made.data, project.describe(made.contract), purpose="evaluation")
    np.testing.assert_allclose(
        next(iter(loaded.inputs.values())), samples(dense, 6), rtol=1e-6, atol=1e-6
    )


def test_labels_beside_the_model_are_taken_where_they_fit(dense, tmp_path):
    _, output = sizes(dense)
    (tmp_path / "labels.txt").write_text("a\nb", encoding="utf-8")
    made = init(dense)
    assert any("labels.txt was left out: it has 2 lines" in note for note in made.notes)
    names = "\n".join(f"class {i}" for i in range(output.shape[1]))
    (tmp_path / "labels.txt").write_text(names, encoding="utf-8")
    made = init(dense, force=True)
    assert projects.load(Path(made.path)).output[output.name].labels == tuple(names.split("\n"))
    assert 'labels = "labels.txt"' in Path(made.path).read_text(encoding="utf-8")


def test_paths_are_relative_to_the_file(dense, tmp_path):
    np.savez(tmp_path / "data.npz", x=samples(dense, 5))
    made = init(dense, output=tmp_path / "a" / "b" / "gate.toml")
    project = projects.load(tmp_path / "a" / "b" / "gate.toml")
    assert (project.model, project.data.evaluation) == ("../../dense.tflite", "../../data.npz")
    assert Path(project.resolve(project.data.evaluation)).samefile(tmp_path / "data.npz")
    assert made.next_commands[-1].endswith("a/b/gate.toml")


# Bad input


def test_a_file_that_is_there_is_replaced_only_by_force(dense, tmp_path):
    (tmp_path / "edgekit.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        init(dense)
    assert (tmp_path / "edgekit.toml").read_text(encoding="utf-8") == "mine"
    assert projects.load(Path(init(dense, force=True).path)).model == "dense.tflite"


@pytest.mark.parametrize(
    ("place", "words"), [("", "must be a file"), ("dense.tflite/edgekit.toml", "may write to")]
)
def test_places_that_cannot_take_the_file(dense, tmp_path, place, words):
    with pytest.raises(OutputError, match=words):
        init(dense, output=tmp_path / place)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.keras", None, "was not found"),
        ("text.keras", b"hello", "A model must be"),
        ("0.h5", b"", "empty"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=words):
        init(tmp_path / name)
    assert not (tmp_path / "edgekit.toml").exists()


def test_a_quantized_file_is_no_start(tmp_path):
    with pytest.raises(ModelError, match="is quantized already"):
        init(MODELS / "conv_2d.int8.tflite", output=tmp_path / "edgekit.toml")


def test_data_that_does_not_fit_is_refused_where_it_was_named(dense, tmp_path):
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 1, 2, 1)))
    with pytest.raises(DataError, match="shape"):
        init(dense, data=str(tmp_path / "x.npz"))
    with pytest.raises(DataError, match="was not found"):
        init(dense, data=str(tmp_path / "none.npz"))
    assert not (tmp_path / "edgekit.toml").exists()


def test_a_name_that_files_cannot_have_is_refused(dense):
    with pytest.raises(UsageError, match="must be of letters"):
        init(dense, options=InitOptions(name="a/b", measure=False))


def test_strange_file_names_are_spelled(dense, tmp_path):
    strange = dense.rename(tmp_path / 'net "1" #ü\t.tflite')
    project = projects.load(Path(init(strange).path))
    assert project.model == strange.name
    assert project.name == "net_1_ü"
