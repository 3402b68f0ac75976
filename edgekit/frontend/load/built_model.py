"""A model that a function of the person's own builds, with the weights of a file that has no more.

Such files are `model.save_weights` of either Keras (`.weights.h5`, `.h5`) and TensorFlow's
checkpoints.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from edgekit.core.errors import EdgekitError, ModelError, UsageError
from edgekit.core.text import printable
from edgekit.frontend.load.archive import count_weights, open_hdf5, open_zip
from edgekit.frontend.load.custom_objects import import_builder
from edgekit.frontend.load.loaded import LoadedModel

_CHECKPOINT = ".index"


def load_built(path: Path, builder: str) -> LoadedModel:
    """The model that `builder` returns, with the weights of `path`.

    Args:
        path: A file of weights; of a checkpoint, the one that ends in `.index`.
        builder: `module:FUNCTION`.

    Raises:
        UsageError: The function fails, or returns no Keras model.
        ModelError: The model is not built, or the file does not hold its weights.
    """
    from edgekit.frontend.load import keras_model

    model, keras2 = _built(builder)
    keras_model.require_built(model)
    if path.suffix == _CHECKPOINT:
        _load_checkpoint(model, path, keras2)
    else:
        with tempfile.TemporaryDirectory(prefix="edgekit-") as folder:
            model.load_weights(_named_by_content(path, Path(folder)))
    wrap = keras_model.wrap_keras2 if keras2 else keras_model.wrap_keras3
    return wrap(model, [f"built by {builder}"])


def _built(builder: str) -> tuple[Any, bool]:
    """What the function returns, and whether it is a model of tf_keras."""
    import keras
    import tf_keras

    function = import_builder(builder)
    try:
        model = function()
    except EdgekitError:
        raise
    except Exception as error:  # the person's own code: anything may happen
        raise UsageError(
            "The function of --builder failed.",
            received=f"{builder}: {type(error).__name__}: {printable(str(error)[:300])}",
            hint="it is called without arguments, and must return the built model.",
        ) from None
    if not isinstance(model, keras.Model | tf_keras.Model):
        raise UsageError(
            "The function of --builder must return a Keras model.",
            received=f"{builder} returned a {type(model).__name__}",
            hint="return the keras.Model or tf_keras.Model itself.",
        )
    return model, isinstance(model, tf_keras.Model)


def _named_by_content(path: Path, folder: Path) -> Path:
    """A checked copy of a file of weights, named as Keras names one of that kind."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"PK"
    if zipped:
        with open_zip(path):
            ending = ".keras"
    else:
        with open_hdf5(path) as file:
            count_weights(path, file, path.stat().st_size)
            by_layers = "layer_names" in file.attrs or "model_weights" in file
            ending = ".h5" if by_layers else ".weights.h5"
    return Path(shutil.copyfile(path, folder / f"model{ending}"))


def _load_checkpoint(model: Any, path: Path, keras2: bool) -> None:
    if not keras2:
        raise ModelError(
            "A TensorFlow checkpoint must be loaded into a Keras 2 model.",
            received=f"{path.name}, and a model of Keras 3",
            hint="let --builder return the model made with tf_keras.",
        )
    try:
        # Without this, weights that the checkpoint lacks would stay random.
        model.load_weights(str(path.with_suffix(""))).assert_existing_objects_matched()
    except AssertionError as error:
        raise ModelError(
            "The checkpoint must hold every weight of the model.",
            received=f"{path.name}: {printable(str(error)[:200])}",
            hint="build the model that the checkpoint was made of.",
        ) from None
