"""The edgekit.toml that init writes: what stands in it, and that all of it can be read."""

from __future__ import annotations

import re
import shutil
import tomllib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgekit.core import project as projects
from edgekit.core.errors import DataError, ModelError, OutputError, UsageError
from edgekit.core.records import Contract, Limits, Preprocessing, TensorSpec
from edgekit.frontend.describe import Scaling
from edgekit.frontend.load.recognise import Recognised
from edgekit.pipeline.init import lookup, model_summary, pixel_scaling, rule_margins, template, toml
from edgekit.pipeline.init.init import init as measuring_init
from edgekit.verdicts.paired import samples_needed

# What stands in the file; that it is measured, tests/pipeline/init/test_proven_draft.py shows.
init = partial(measuring_init, measure=False)
MODELS = Path(__file__).parents[2] / "models"
# A line of TOML that is switched off: a table, or a key with its value.
SWITCHED_OFF = re.compile(r'# (\[{1,2}[\w."\[]+.*\]|("[^"]*"|\w+) = .*)$')


def switched_on(text: str) -> str:
    """The file with everything switched on that it offers."""
    lines = [m.group(1) if (m := SWITCHED_OFF.match(line)) else line for line in text.splitlines()]
    return "\n".join(lines)


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


def described(*inputs: TensorSpec, outputs=None, **more) -> model_summary.Described:
    outputs = outputs or (TensorSpec(name="out", shape=(1, 3), dtype="float32"),)
    return model_summary.Described(
        recognised=Recognised(format="keras3", written_by="Keras 3", path=Path("m.keras")),
        contract=Contract(inputs=inputs, outputs=outputs),
        **more,
    )


def written(told: model_summary.Described, folder: Path, **more) -> tuple[str, projects.Project]:
    """The text for a model, read as every command does."""
    facts = {
        "folder": folder,
        "name": "m",
        "custom_objects": None,
        "recipes": ("float32", "dynamic_wi8_afp32"),
        "found": lookup.Found(),
        "labels": None,
        "metric": None,
    }
    stated = model_summary.Described(
        recognised=told.recognised,
        contract=model_summary.stated(told),
        scaling=told.scaling,
        id_limits=told.id_limits,
    )
    text = template.text(template.Facts(described=stated, **{**facts, **more}))
    path = folder / "edgekit.toml"
    path.write_text(text, encoding="utf-8")
    project = projects.load(path)
    project.describe(told.contract)
    return text, project


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
    assert metrics == ["agreement", "size_bytes", "latency_ratio"]
    assert any("labels" in line for line in made.left)


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
    assert projects.load(Path(made.path)).metric == (metric or None)


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


# Folders by class


def pictures(folder: Path, classes: list[str], size: tuple[int, int]) -> None:
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(2):
            Image.new("RGB", size, (number * 20, i, 0)).save(folder / name / f"{i}.png")


def pixels(*, takes_pixels: bool, classes: int = 3) -> model_summary.Described:
    scaling = Scaling(layer="scale", does="value / 255", takes_pixels=takes_pixels)
    return described(
        TensorSpec(name="image", shape=(1, 8, 9, 3), dtype="float32"),
        outputs=(TensorSpec(name="kind", shape=(1, classes), dtype="float32"),),
        scaling={"image": scaling},
    )


def test_pictures_feed_a_model_that_scales_them_itself(tmp_path):
    pictures(tmp_path / "sorted", ["cat", "dog", "owl"], (20, 30))
    told = pixels(takes_pixels=True)
    found = lookup.beside(tmp_path, model_summary.stated(told), tmp_path / "m.keras")
    assert (found.ready, found.num_samples, found.labels.tolist()) == (True, 6, [0, 0, 1, 1, 2, 2])
    labels = model_summary.labels_of_folders(found.classes, told.contract)
    _, project = written(told, tmp_path, found=found, labels=labels)
    assert project.input["image"].size == (8, 9)
    assert project.output["kind"].labels == ("cat", "dog", "owl")
    assert project.data.evaluation == "sorted"


def test_pictures_whose_scaling_nobody_knows_wait_for_it(tmp_path):
    pictures(tmp_path / "sorted", ["cat", "dog", "owl"], (20, 30))
    told = pixels(takes_pixels=False)
    found = lookup.beside(tmp_path, model_summary.stated(told), tmp_path / "m.keras")
    assert not found.ready and found.num_samples == 6
    text, project = written(told, tmp_path, found=found)
    assert project.data.evaluation is None and not project.input
    assert '# evaluation = "sorted"' in text


@pytest.mark.parametrize("others", [["src"], []])
def test_folders_of_something_else_are_left_alone(tmp_path, others):
    names = ["cat", "dog"] if not others else ["cat", "dog", "owl"]
    pictures(tmp_path / "assets", names, (4, 4))
    for name in others:
        (tmp_path / "assets" / name).mkdir()
    contract = model_summary.stated(pixels(takes_pixels=True))
    assert lookup.beside(tmp_path, contract, tmp_path / "m.keras").evaluation is None


def test_a_folder_that_is_named_has_pictures_in_it(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="must hold images or sounds"):
        lookup.named(str(tmp_path / "empty"), pixels(takes_pixels=True).contract)


# Scaling by trial


def trial(name: str, right: list[int]) -> pixel_scaling.Trial:
    rules = Preprocessing(kind="image", size=(8, 9), std=(255.0,))
    return pixel_scaling.Trial(name=name, preprocessing=rules, right=tuple(map(float, right)))


@pytest.mark.parametrize(
    ("best", "other", "wins"),
    [
        ([1] * 90 + [0] * 10, [1] * 60 + [0] * 40, True),
        ([1] * 90 + [0] * 10, [1] * 85 + [0] * 15, False),  # 5 samples are chance
        ([1] * 40 + [0] * 60, [0] * 100, False),  # a third is right by chance alone
        ([1] * 100, [1] * 100, False),
    ],
)
def test_a_way_wins_that_is_right_more_often_than_chance(best, other, wins):
    trials = [trial("0 to 1", best), trial("0 to 255", other)]
    won = pixel_scaling.winner(trials, pixels(takes_pixels=False).contract)
    assert (won is trials[0]) == wins and (won is None) != wins


def test_one_way_alone_wins_nothing():
    assert pixel_scaling.winner([trial("a", [1])], pixels(takes_pixels=False).contract) is None


@pytest.mark.parametrize(
    ("array", "labels"),
    [
        (np.zeros((6, 8, 9, 3), np.float32), True),  # inputs already
        (np.full((6, 8, 9, 3), 999), True),
        (np.zeros((6, 8, 9, 3), np.uint8), False),
    ],
    ids=["floats", "no pixels", "no labels"],
)
def test_nothing_is_tried_where_a_trial_would_say_nothing(tmp_path, array, labels):
    np.savez(tmp_path / "data.npz", x=array, **({"y": [0, 1, 2] * 2} if labels else {}))
    told = pixels(takes_pixels=False)
    source = describe.Source(model=told.recognised.path, unsafe=False)
    found = lookup.beside(tmp_path, told.contract, tmp_path / "m.keras")
    assert found.num_samples == 6
    ways = pixel_scaling.tries(
        told.recognised, source, told.contract, found, limits=Limits(), on_progress=pytest.fail
    )
    assert ways == ()


def test_trials_stand_in_the_comment_whether_or_not_one_won(tmp_path):
    trials = (trial("0 to 1", [1, 1]), trial("0 to 255", [1, 0]))
    text, project = written(pixels(takes_pixels=False), tmp_path, trials=trials)
    assert "1.00 as 0 to 1, 0.50 as 0 to 255" in text.replace("\n# ", " ")
    assert not project.input


# The text


KINDS = {
    "image": TensorSpec(name="a.b", shape=(1, 32, 32, 3), dtype="float32"),
    "gray": TensorSpec(name='say "hi"', shape=(1, 32, 32, 1), dtype="float32"),
    "open": TensorSpec(name="open", shape=(1, -1, -1, 3), dtype="float32"),
    "bytes": TensorSpec(name="bytes", shape=(1, 16, 16, 3), dtype="uint8"),
    "sound": TensorSpec(name="wave", shape=(1, 16000), dtype="float32"),
    "row": TensorSpec(name="row", shape=(1, 4), dtype="float32"),
    "ids": TensorSpec(name="ids", shape=(1, 20), dtype="int32"),
    "window": TensorSpec(name="müßig\n#", shape=(1, 26, 3), dtype="float32"),
    "scalar": TensorSpec(name="scalar", shape=(1,), dtype="float32"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", ["", "int16 from 0 to 256"], ids=["plain", "raw"])
def test_all_that_is_switched_off_can_be_switched_on(kind, raw, tmp_path):
    spec = KINDS[kind]
    found = lookup.Found(raw={spec.name: raw} if raw else {})
    told = described(spec, id_limits={"ids": 100})
    text, _ = written(told, tmp_path, found=found)
    (tmp_path / "labels.txt").write_text("a\nb\nc\n", encoding="utf-8")
    (tmp_path / "vocabulary.txt").write_text("a\nb\n", encoding="utf-8")
    path = tmp_path / "on.toml"
    path.write_text(switched_on(text), encoding="utf-8")
    project = projects.load(path)
    project.describe(told.contract)
    assert set(project.variant) == {"small"} and len(project.target) == 2
    assert len(project.rule) == 7 and project.rule[-1].allowed_operators
    assert project.data.calibration == "data.npz"
    assert project.output["out"].labels == ("a", "b", "c")
    wanted = {"image", "gray", "open", "bytes", "sound", "row", "ids"}
    assert set(project.input) == ({spec.name} if kind in wanted or raw else set())
    if kind == "open":
        assert project.input_shapes == {"open": (1, 224, 224, 3)}


def test_bytes_need_no_scaling(tmp_path):
    _, project = written(described(KINDS["bytes"]), tmp_path)
    assert (project.input["bytes"].kind, project.input["bytes"].size) == ("image", (16, 16))


def test_custom_objects_are_said_once(tmp_path):
    _, project = written(described(KINDS["row"]), tmp_path, custom_objects="layers:OBJECTS")
    assert project.custom_objects == "layers:OBJECTS"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_survives_as_a_string_and_as_a_key(value):
    line = f"{toml.key(value)} = {toml.string(value)}"
    assert tomllib.loads(line) == {value: value}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_name_ends_a_comment(value):
    assert tomllib.loads("\n".join(toml.comment(toml.string(value)))) == {}


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(UsageError, match="must be text"):
        toml.string("caf\udce9")


@pytest.mark.parametrize("count", [1, 60, 500, 2000, 10_000, 100_000])
def test_the_margin_is_the_smallest_that_the_samples_decide(count):
    made = rule_margins.margin(count, 0.02)
    fine = [m for m in (0.005, 0.01, 0.02, 0.05) if samples_needed(0.02, m) <= count]
    assert made.max_loss == (fine[0] if fine else 0.05)
    assert f"{count:,} samples" in made.says
    assert ("seldom" in made.says) == (not fine)


# Bad input


def test_a_file_that_is_there_is_replaced_only_by_force(dense, tmp_path):
    (tmp_path / "edgekit.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        init(dense)
    assert (tmp_path / "edgekit.toml").read_text(encoding="utf-8") == "mine"
    assert projects.load(Path(init(dense, force=True).path)).model == "dense.tflite"


@pytest.mark.parametrize(
    ("place", "words"), [("", "is a file"), ("dense.tflite/edgekit.toml", "may write to")]
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
    with pytest.raises(UsageError, match="name must be of letters"):
        init(dense, options=InitOptions(name="a/b"))


def test_strange_file_names_are_spelled(dense, tmp_path):
    strange = dense.rename(tmp_path / 'net "1" #ü\t.tflite')
    project = projects.load(Path(init(strange).path))
    assert project.model == strange.name
    assert project.name == "net_1_ü"
