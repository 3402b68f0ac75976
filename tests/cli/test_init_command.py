"""`edgekit init` on models of several Kerases, as a person types it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.corpus import ITEMS
from edgekit.core import project as projects
from edgekit.core import serde
from edgekit.core.errors import EdgekitError
from edgekit.core.records import Contract
from edgekit.pipeline.init.init import InitOptions, init

HERE = Path(__file__).parent
# Items of the corpus whose models are known to load.
KNOWN = {item.folder for item in ITEMS.values()}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `init_models.py` makes."""
    pytest.importorskip("h5py", reason="TensorFlow is not installed")
    folder = tmp_path_factory.mktemp("init")
    done = subprocess.run(
        [sys.executable, str(HERE / "init_models.py"), str(folder)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for kind in ("cat", "dog"):
        (folder / "pictures" / "photos" / kind).mkdir(parents=True)
        for i in range(3):
            place = folder / "pictures" / "photos" / kind / f"{i}.png"
            Image.new("RGB", (30, 20), (40 * i, 80, 0)).save(place)
    return folder


@pytest.mark.convert
def test_the_sample_model_gets_a_file_that_convert_takes(edgekit, digits, tmp_path):
    for name in ("digits.keras", "data.npz", "labels.txt"):
        shutil.copy(digits / name, tmp_path)
    told = edgekit("init", "digits.keras", cwd=tmp_path)
    assert told.code == 0, told.err
    assert "Wrote edgekit.toml and baseline.json" in told.out
    assert re.search(r"Measured:\n  static_wi8_ai8: 0\.2", told.out)
    assert "720 samples with labels" in told.out and "digit 10 with 10 labels" in told.out
    assert told.out.rstrip().endswith("Next:\n  edgekit gate")
    assert edgekit("gate", cwd=tmp_path).code == 0
    project = projects.load(tmp_path / "edgekit.toml")
    # Nothing in the model tells that pixels are divided by 255: it was found by trial.
    assert (project.input["image"].std, project.input["image"].mean) == ((255.0,), (0.0,))
    assert "the way that was right most often" in told.out
    assert [rule.max_loss for rule in project.rule[:3]] == [0.02, 0.02, 0.05]
    again = edgekit("init", "digits.keras", cwd=tmp_path)
    assert "exists already" in again.refused()
    made = edgekit("convert", "digits.keras", "-o", "out", "--json", cwd=tmp_path)
    assert made.code == 0, made.err
    recipes = [artifact["recipe"]["name"] for artifact in made.json()]
    assert recipes == list(project.recipes)
    # What is near float and not slow here: a busy machine may find int8 too slow.
    assert recipes[1:] in (["static_wi8_ai8"], ["dynamic_wi8_afp32"], ["float16"])
    labels = made.json()[0]["contract"]["outputs"][0]["labels"]
    assert labels == (tmp_path / "labels.txt").read_text(encoding="utf-8").splitlines()
    # The float .tflite tells the same, on LiteRT.
    float_file = tmp_path / "out" / "digits.float32.tflite"
    adopted = init(float_file, data=str(tmp_path / "data.npz"), options=InitOptions(measure=False))
    assert adopted.contract.inputs[0].preprocessing.std == (255.0,)
    assert (adopted.name, adopted.metric) == ("digits", "top1_accuracy")


@pytest.mark.convert
def test_pictures_by_class_feed_a_keras_2_model_that_scales_them(edgekit, models):
    told = edgekit(
        "init", models / "pictures" / "pictures.h5", "--no-measure", "--json", cwd=models
    )
    found = told.json()
    assert found["path"] == str(models / "pictures" / "edgekit.toml")
    assert (found["format"], found["num_samples"], found["labelled"]) == ("keras2_h5", 6, True)
    assert found["next_commands"][1] == "edgekit gate --project pictures"
    project = projects.load(models / "pictures" / "edgekit.toml")
    assert (project.input["pixels"].kind, project.input["pixels"].size) == ("image", (12, 10))
    assert project.output["kind"].labels == ("cat", "dog")
    assert project.output["kind"].activation == "softmax"
    assert project.data.calibration == "photos"
    text = (models / "pictures" / "edgekit.toml").read_text(encoding="utf-8")
    assert "computes value * 0.00784314 - 1 by itself" in text.replace("\n# ", " ")


@pytest.mark.convert
def test_names_with_dots_and_quotes_of_a_model_with_several_inputs(models):
    made = init(models / "several" / "model.keras", options=InitOptions(measure=False))
    project = projects.load(models / "several" / "edgekit.toml")
    assert project.name == "several"
    assert project.data.evaluation == "samples.npz"
    assert [spec.name for spec in made.contract.inputs] == ["a.b", 'say "c"']
    text = Path(made.path).read_text(encoding="utf-8")
    assert '# [input."a.b"]' in text and r'# [input."say \"c\""]' in text


@pytest.mark.convert
def test_a_saved_model_is_not_written_into(models):
    before = serde.sha256(models / "saved" / "net")
    made = init(models / "saved" / "net", options=InitOptions(measure=False))
    assert Path(made.path) == models / "saved" / "edgekit.toml"
    assert projects.load(Path(made.path)).model == "net"
    assert serde.sha256(models / "saved" / "net") == before


@pytest.mark.convert
def test_code_in_a_model_wants_unsafe(edgekit, models):
    model = models / "code" / "code.keras"
    assert "--unsafe" in edgekit("init", model).refused()
    assert not (models / "code" / "edgekit.toml").exists()
    told = edgekit("init", model, "--unsafe")
    assert told.code == 0, told.err
    assert told.out.rstrip().endswith("code --unsafe")


def test_what_is_missing_is_said(edgekit, tmp_path):
    assert "The model file was not found" in edgekit("init", "none.keras", cwd=tmp_path).refused()
    (tmp_path / "m.keras").write_text("text", encoding="utf-8")
    assert "A model must be" in edgekit("init", "m.keras", cwd=tmp_path).refused()
    assert list(tmp_path.iterdir()) == [tmp_path / "m.keras"]


@pytest.mark.corpus
@pytest.mark.convert
def test_models_that_other_people_made(corpus_items, tmp_path):
    """Every model of the corpus: the file can be read, and describes the model.

    A model that nobody looked at yet may be refused, by an error that says why.
    """
    models = [path for item in corpus_items for path in (*item.models, *item.official)]
    # Weights without an architecture lie beside a model, and are none.
    models += [
        path
        for item in corpus_items
        for path in sorted(item.models[0].parent.glob("*.h5"))
        if path not in models
    ]
    assert models
    refused = {}
    for number, model in enumerate(models):
        output = tmp_path / str(number) / "edgekit.toml"
        try:
            made = init(model, output=output, options=InitOptions(measure=False))
        except EdgekitError as error:
            refused[model.name] = str(error)
            assert not output.exists()
            continue
        project = projects.load(output)
        assert isinstance(project.describe(made.contract), Contract)
        if model.name == "pretrainedResnet.h5":  # raw pixels, as corpus.json says
            assert made.contract.inputs[0].preprocessing.std == (1.0,)
            assert made.contract.inputs[0].preprocessing.kind == "image"
        data = project.data.evaluation
        assert Path(project.resolve(str(project.model))).samefile(model)
        assert data is None or Path(project.resolve(data)).parent.samefile(model.parent)
        metrics = {rule.metric for rule in project.rule}
        assert {"size_bytes", "latency_ratio"} < metrics or data is None
    # Weights without an architecture, and files that are quantized already.
    known = {path.name for item in corpus_items if item.name in KNOWN for path in item.models}
    assert not known & set(refused), refused
    assert "weights" in refused["model-tiny.h5"]
    assert "quantize" in refused["pretrainedResnet_quant.tflite"]


@pytest.mark.slow
@pytest.mark.corpus
@pytest.mark.convert
@pytest.mark.parametrize(
    ("item", "taken"),
    [
        # A busy machine may find int8 too slow.
        ("kws_dscnn", {"static_wi8_ai8", "dynamic_wi8_afp32", "float16"}),
        ("vit_mnist", {"static_wi8_ai8", "dynamic_wi8_afp32", "float16"}),
        ("magika_bytes_v1", {"static_wi8_ai8", "dynamic_wi8_afp32", "float16"}),
        ("regression_diamonds", {"static_wi8_ai8", "dynamic_wi8_afp32", "float16"}),
    ],
)
def test_what_is_advised_for_a_real_model_passes_its_gate(
    edgekit, corpus_items, tmp_path, item, taken
):
    (model,) = next(one.models for one in corpus_items if one.name == item)
    data = model.parent / "data.npz"
    told = edgekit("init", model, "-d", data, "-o", tmp_path / "edgekit.toml", "--json")
    recipes = told.json()["recipes"]
    assert recipes[0] == "float32" and set(recipes[1:]) <= taken and len(recipes) == 2
    judged = edgekit("gate", "--project", tmp_path)
    assert judged.code == 0, judged.out
