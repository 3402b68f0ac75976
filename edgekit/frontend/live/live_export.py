"""Run a live model in its own process: to export what no child could load, to check a copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.compat.tf_keras import as_it_recurred
from edgekit.core.errors import ModelError, UsageError
from edgekit.core.process import Progress
from edgekit.data.export_messages import Exported, ExportRequest
from edgekit.data.samples import Samples
from edgekit.frontend.export import export
from edgekit.frontend.live.live_model import Library
from edgekit.frontend.load import keras_model
from edgekit.frontend.load.loaded import LoadedModel
from edgekit.tflite.signal import sqnr_db

# What a copy in float32 differs by from a model in half precision.
_LEAST_DB, _LEAST_HALF_DB = 80.0, 20.0


def export_here(model: Any, library: Library, request: ExportRequest, report: Progress) -> Exported:
    """What the exporter's child does, in this process and with the model itself.

    Raises:
        EdgekitError: As `export.run`.
    """
    _check_backend(model)
    with _unchanged(model, library):
        return export.run_loaded(_loaded(model, library), request, report)


def check_copy(model: Any, library: Library, golden: Path) -> None:
    """Check that a copy which was saved and loaded computes what the live model does.

    Args:
        model: The live one, with layers of the person's own.
        library: Of which it is.
        golden: Samples with the copy's outputs.

    Raises:
        ModelError: It does not: its classes save less than they need.
    """
    if not _has_tensorflow(model):
        return
    samples = Samples.load(golden)
    with _unchanged(model, library):
        outputs = _loaded(model, library).predict(samples.inputs)
    for name, expected in outputs.items():
        half = expected.dtype.kind == "V" or expected.dtype.itemsize < 4
        expected = expected.astype(np.float32)
        found = samples.reference.get(name)
        least = _LEAST_HALF_DB if half else _LEAST_DB
        if found is None or not sqnr_db(expected, found) >= least:
            raise ModelError(
                "The saved copy of the model must compute what the model does.",
                received=f"output {name!r} differs",
                hint="its own layers lose something when they are saved: let get_config() return "
                "every argument, and make weights with add_weight().",
            )


def _loaded(model: Any, library: Library) -> LoadedModel:
    wrap = keras_model.wrap_keras3 if library == "keras" else keras_model.wrap_keras2
    return wrap(model)


@contextmanager
def _unchanged(model: Any, library: Library) -> Iterator[None]:
    """What running a model may change (the state of stateful layers) is put back."""
    variables = model.non_trainable_variables
    before = [np.array(variable) for variable in variables]
    with as_it_recurred(model) if library == "tf_keras" else nullcontext():
        try:
            yield
        finally:
            for variable, value in zip(variables, before, strict=True):
                if not np.array_equal(np.asarray(variable), value, equal_nan=False):
                    variable.assign(value)


def _has_tensorflow(model: Any) -> bool:
    """Whether a model computes with TensorFlow: Keras 3 may do so with JAX or PyTorch."""
    import tensorflow as tf

    return all(
        isinstance(getattr(variable, "value", variable), tf.Variable)
        or isinstance(variable, tf.Variable)
        for variable in model.variables
    )


def _check_backend(model: Any) -> None:
    if not _has_tensorflow(model):
        raise UsageError(
            "A model with classes of this process must run on TensorFlow.",
            received=f"{model.name!r}, whose Keras has another backend",
            hint="move its classes into a module that can be imported, or set "
            "KERAS_BACKEND=tensorflow before Keras is imported.",
        )
