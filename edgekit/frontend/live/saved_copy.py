"""A live model, saved for the children that load it. The model itself stays as it is."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.core import npz_record
from edgekit.core.errors import ModelError, UsageError
from edgekit.frontend.live.live_model import Library, library
from edgekit.frontend.live.own_objects import own_objects
from edgekit.frontend.load import keras_model

_NO_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCopy:
    """What stands for a live model.

    Attributes:
        library: Of which the model is.
        path: The copy; of a model that no child could load, its weights.
        custom_objects: Where the model's own classes are, as `load.load` takes it.
        inputs: Names of its inputs, in their order; none where it does not say.
        only_here: Why no child could load it; empty where one can.
    """

    library: Library
    path: Path
    custom_objects: str | None = None
    inputs: tuple[str, ...] = ()
    only_here: str = ""


def save(model: Any, folder: Path, name: str) -> SavedCopy:
    """Write a copy of a live model.

    Args:
        model: A built Keras 3 or tf_keras model, or a `tf.Module` that says what it takes.
        folder: An empty folder.
        name: What the copy is called.

    Raises:
        UsageError: It is no model, or a `tf.Module` that does not say what it takes.
        ModelError: Its weights are not made yet, or it cannot be saved.
    """
    kind = library(model)
    if kind == "tensorflow":
        return SavedCopy(library=kind, path=_save_module(model, folder / name))
    inputs = tuple(keras_model.input_names(model))
    own = own_objects(model)
    if own.elsewhere:
        reason = f"{', '.join(own.elsewhere)} cannot be imported by another process"
        return _weights_only(model, kind, folder / f"{name}.npz", inputs, reason)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on formats, and what is not compiled
            path = _save(model, kind, folder, name)
    except Exception as error:  # whatever get_config of the person's own classes raises
        said = " ".join(str(error).split())[:160]
        reason = f"it cannot be saved ({type(error).__name__}: {said})"
        return _weights_only(model, kind, folder / f"{name}.npz", inputs, reason)
    return SavedCopy(
        library=kind,
        path=path,
        custom_objects=own.write(folder / "own_objects.py"),
        inputs=inputs,
    )


def _save(model: Any, kind: Library, folder: Path, name: str) -> Path:
    path = folder / f"{name}.keras"
    if kind == "tf_keras":
        try:
            model.save(folder / f"{name}.h5", include_optimizer=False)
            return folder / f"{name}.h5"
        except NotImplementedError:  # a subclassed model has no configuration
            model.save(path)
            return path
    written = folder / "dated.keras"
    model.save(written)
    _without_dates(written, path)
    written.unlink()
    return path


def _without_dates(written: Path, path: Path) -> None:
    """The same archive, equal for equal models: it names the model in manifests."""
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "metadata.json":
                metadata = json.loads(content)
                metadata.pop("date_saved", None)
                content = json.dumps(metadata).encode()
            target.writestr(zipfile.ZipInfo(entry.filename, _NO_DATE), content)


def _weights_only(
    model: Any, kind: Library, path: Path, inputs: tuple[str, ...], reason: str
) -> SavedCopy:
    """What names the model in manifests, where it cannot be saved as a whole."""
    arrays = {str(i): np.asarray(v, np.float32) for i, v in enumerate(numbers(model).values())}
    npz_record.write(path, arrays, compress=False)
    return SavedCopy(library=kind, path=path, inputs=inputs, only_here=reason)


def numbers(model: Any, *, trainable: bool = True) -> Mapping[Any, np.ndarray]:
    """The values of a model's variables, by their number; text and tables are left out."""
    variables = model.variables if trainable else model.non_trainable_variables
    found = {}
    for number, variable in enumerate(variables):
        value = np.asarray(variable)
        if value.dtype.kind in "biufV":
            found[number] = value
    return found


def _save_module(model: Any, path: Path) -> Path:
    import tensorflow as tf

    function: Any = model.__call__ if callable(model) else None
    if getattr(function, "input_signature", None) is None:
        raise UsageError(
            "A tf.Module must say what it takes.",
            received=f"a {type(model).__name__} whose __call__ is no tf.function with an "
            "input_signature",
            hint="decorate __call__ with @tf.function(input_signature=[tf.TensorSpec(SHAPE)]); or "
            "give the folder that tf.saved_model.save(module, FOLDER, signatures=...) wrote.",
        )
    try:
        tf.saved_model.save(model, str(path), signatures=function.get_concrete_function())
    except Exception as error:
        raise ModelError(
            "The tf.Module could not be saved.",
            received=f"{type(model).__name__}: {type(error).__name__}: {str(error)[:300]}",
            hint="tf.saved_model.save(module, FOLDER, signatures=...) has to work.",
        ) from None
    (path / "fingerprint.pb").unlink(missing_ok=True)  # a new one each time
    return path
