"""Models that keep state or look things up, exported and compared with Keras: one for each case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from edgekit import tflite
from edgekit.core.serde import to_dict
from edgekit.data.export_messages import DrawRequest, ExportRequest
from edgekit.data.samples import Samples
from edgekit.frontend.export import export
from edgekit.measure.fidelity import sqnr_db
from edgekit.tflite.interpreter import run

_WORDS = ["red", "green", "blue"]
_TEXT = np.array([["red", "blue", "?"], ["green", "red", "red"], ["", "é", "blue"]] * 4)
_IDS = np.array([[10, 20, 99], [30, 10, 10], [-1, 0, 7]] * 4)
_STEPS = np.random.default_rng(0).normal(size=(60, 2, 3)).astype(np.float32)
_FRAMES = np.random.default_rng(0).normal(size=(40, 2, 6, 6, 1)).astype(np.float32)


def _looked_up(layer: Any, dtype: str, width: int = 3, library: Any = keras) -> Any:
    given = library.layers.Input((width,), dtype=dtype, name="x")
    return library.Model(given, layer(given))


def _stateful(layer: Any, steps: np.ndarray = _STEPS, batch: int = 1, library: Any = keras) -> Any:
    given = library.layers.Input(batch_shape=(batch, *steps.shape[1:]), name="x")
    return library.Model(given, library.layers.Dense(2, name="y")(layer(given)))


def _integers(library: Any = keras, **options: Any) -> Any:
    return library.layers.IntegerLookup(vocabulary=[10, 20, 30], name="look", **options)


def _words(library: Any = keras, **options: Any) -> Any:
    return library.layers.StringLookup(vocabulary=_WORDS, name="look", **options)


def _embedded_words() -> Any:
    given = keras.Input((3,), dtype="string", name="x")
    size = keras.Input((2,), name="size")
    ids = keras.layers.Flatten()(keras.layers.Embedding(5, 4)(_words()(given)))
    joined = keras.layers.Concatenate()([ids, size])
    return keras.Model([given, size], keras.layers.Dense(3, name="y")(joined))


def _erf(layer: Any) -> Any:
    return lambda given: keras.ops.erf(layer(given))


def _split_text() -> Any:
    layer = keras.layers.TextVectorization(
        vocabulary=["the", "cat"], output_sequence_length=4, name="split"
    )
    return _looked_up(layer, "string", 1)


_L, _K = keras.layers, tf_keras.layers
_MODELS: dict[str, tuple[Callable[[], Any], np.ndarray]] = {
    "words_keras2": (lambda: _looked_up(_words(tf_keras), "string", library=tf_keras), _TEXT),
    "words_exported": (lambda: _looked_up(_words(), "string"), _TEXT),
    "words_masked": (lambda: _looked_up(_words(mask_token=""), "string"), _TEXT),
    "words_multi_hot": (lambda: _looked_up(_words(output_mode="multi_hot"), "string"), _TEXT),
    "words_hashed": (lambda: _looked_up(_words(num_oov_indices=2), "string"), _TEXT),
    "words_out": (lambda: _looked_up(_words(invert=True), "int64"), _IDS % 4),
    "embedded_words": (_embedded_words, _TEXT),
    "split_text": (_split_text, _TEXT[:, :1]),
    "hashing": (lambda: _looked_up(_L.Hashing(7, name="hash"), "string"), _TEXT),
    "integers_keras2": (lambda: _looked_up(_integers(tf_keras), "int64", library=tf_keras), _IDS),
    "integers_two_unknown": (lambda: _looked_up(_integers(num_oov_indices=2), "int64"), _IDS),
    "integers_out": (lambda: _looked_up(_integers(invert=True), "int64"), _IDS % 4),
    "integers_one_hot": (
        lambda: _looked_up(_integers(output_mode="one_hot"), "int64", 1),
        _IDS[:, :1],
    ),
    "lstm": (lambda: _stateful(_L.LSTM(4, stateful=True)), _STEPS),
    "lstm_unrolled": (lambda: _stateful(_L.LSTM(4, stateful=True, unroll=True)), _STEPS),
    "both_ways": (lambda: _stateful(_L.Bidirectional(_L.LSTM(3, stateful=True))), _STEPS),
    "conv_lstm": (lambda: _stateful(_L.ConvLSTM2D(2, 3, stateful=True), _FRAMES), _FRAMES),
    "gru_keras2": (lambda: _stateful(_K.GRU(4, stateful=True), library=tf_keras), _STEPS),
    "lstm_and_erf": (lambda: _stateful(_erf(_L.LSTM(4, stateful=True))), _STEPS),
    "four_streams": (lambda: _stateful(_L.LSTM(4, stateful=True), batch=4), _STEPS),
    "stateless": (lambda: _stateful(_L.LSTM(4)), _STEPS),
}


def _saved(name: str, place: Path) -> tuple[Path, Path]:
    make, samples = _MODELS[name]
    keras.utils.set_random_seed(1)
    model = make()
    path = place / f"{name}.keras"
    if name.endswith("_exported"):
        path = place / name
        model.export(path, verbose=False)
    else:
        model.save(path)
    arrays = {tensor.name.split(":")[0]: samples for tensor in model.inputs}
    if "size" in arrays:
        arrays["size"] = np.random.default_rng(1).normal(size=(len(samples), 2)).astype("f")
    data = place / f"{name}.npz"
    np.savez(data, **arrays)
    return path, data


def exported(name: str, folder: str, state: str = "kept") -> dict[str, Any]:
    """What became of a model: its contract, notes, operators, and how near it comes to Keras."""
    place = Path(folder)
    path, data = _saved(name, place)
    project = place / "edgekit.toml"
    project.write_text(f'[state]\nkind = "{state}"\n')
    out = place / f"{name}.{state}.tflite"
    golden = place / f"{name}.golden.npz"
    done = export.run(
        ExportRequest(
            model=path,
            project=project,
            out=out,
            draw=DrawRequest(
                calibration=str(data),
                golden_samples=6,
                calibration_samples=60,
                golden_out=golden,
                calibration_out=place / f"{name}.calibration.npz",
                training_out=place / f"{name}.training.npz",
            ),
        ),
        lambda text: None,
    )
    model, samples = tflite.read(out), Samples.load(golden)
    found = run(model, samples.inputs)
    wanted = samples.reference
    return {
        "contract": to_dict(done.contract),
        "notes": list(done.notes),
        "operators": sorted({op.name for op in tflite.operators(model)}),
        "sqnr_db": min(
            sqnr_db(wanted[spec.name].reshape(found[spec.name].shape), found[spec.name])
            for spec in done.contract.outputs
        ),
        "is_sequence": samples.is_sequence,
        "samples": len(samples),
        "out": str(out),
    }


def replayed(name: str, folder: str, out: str) -> float:
    """How near a file with its state as inputs comes to Keras over one long run, in dB."""
    place = Path(folder)
    path, data = _saved(name, place)
    model, steps = keras.models.load_model(path), np.load(data)["x"]
    contract, loaded = tflite.contract(Path(out)), tflite.read(Path(out))
    feeds = {f"new_{spec.name}": spec for spec in contract.inputs if spec.name != "x"}
    state = {spec.name: np.zeros(spec.shape, spec.dtype) for spec in feeds.values()}
    mine, theirs = [], []
    for step in steps:
        theirs.append(np.asarray(model(tf.constant(step[None])))[0])
        given = run(loaded, {"x": step[None], **state})
        mine.append(given["y"].reshape(theirs[-1].shape))
        state = {spec.name: given[new].reshape(spec.shape) for new, spec in feeds.items()}
    return sqnr_db(np.stack(theirs), np.stack(mine))
