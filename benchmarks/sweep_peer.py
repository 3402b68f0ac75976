"""A source model in Python: what it computes, and what TensorFlow's own converter makes of it.

The converter is used as its documentation says, in two ways: a concrete function with a batch of
1, and the SavedModel that `ExportArchive` writes with such a signature, which carries tables and
state too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

_STATIC = "static_wi8_ai8"
_CALIBRATION = 100

Arrays = Mapping[str, np.ndarray]


class Model:
    """A source model.

    Args:
        path: Anything that Keras 3, tf_keras or `tf.saved_model.load` loads.
    """

    def __init__(self, path: Path) -> None:
        self._signature: Any = None
        if path.is_dir() and (path / "saved_model.pb").exists():
            self._model: Any = tf.saved_model.load(str(path))
            self._signature = self._model.signatures["serving_default"]
            _, named = self._signature.structured_input_signature
            specs = {name: (spec.shape, spec.dtype) for name, spec in named.items()}
        else:
            self._model = load_keras(path)
            specs = {tensor.name: (tensor.shape, tensor.dtype) for tensor in self._model.inputs}
        self._specs = {
            name: tf.TensorSpec([1, *shape[1:]], dtype) for name, (shape, dtype) in specs.items()
        }

    def outputs(self, samples: Arrays) -> dict[str, np.ndarray]:
        """What it computes by output name, one sample at a time as a device does."""
        try:
            return self._outputs(samples, self._call)
        except tf.errors.InvalidArgumentError:  # some kernels are there for XLA only
            return self._outputs(samples, tf.function(self._call, jit_compile=True))

    def _outputs(
        self, samples: Arrays, call: Callable[[list[Any]], dict[str, Any]]
    ) -> dict[str, np.ndarray]:
        found: list[dict[str, np.ndarray]] = []
        for row in map(self._by_input, rows(samples)):
            tensors = [tf.constant(row[name], s.dtype) for name, s in self._specs.items()]
            found.append({n: np.asarray(value) for n, value in call(tensors).items()})
        return {n: np.stack([row[n] for row in found]) for n in found[0]}

    def converters(self) -> Iterator[Callable[[], Any]]:
        """The ways to a `TFLiteConverter`, most usual first."""
        yield self._by_function
        if isinstance(self._model, keras.Model):
            yield self._by_archive

    def convert(
        self, make: Callable[[], Any], recipe: str, samples: Arrays | None
    ) -> tuple[bytes, list[str]]:
        """The file of one way and recipe, and the model's output names by the file's."""
        converter = make()
        if recipe == _STATIC:
            assert samples is not None, "a static file takes samples"

            def representative() -> Iterator[dict[str, np.ndarray]]:
                for row in islice(rows(samples), _CALIBRATION):
                    yield self.by_place(row)

            converter.representative_dataset = representative
        if recipe != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if recipe == "float16":
            converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert()), self._names

    def by_place(self, row: Arrays) -> dict[str, np.ndarray]:
        """A sample by the names that converted files have for inputs."""
        row = self._by_input(row)
        return {
            f"input_{i}": row[name].astype(self._specs[name].dtype.as_numpy_dtype)
            for i, name in enumerate(self._specs)
        }

    def _by_input(self, row: Arrays) -> Arrays:
        """A sample by the model's own names; that of a single input may have any."""
        return dict(zip(self._specs, row.values(), strict=True)) if len(row) == 1 else row

    def _call(self, tensors: list[Any]) -> dict[str, Any]:
        if self._signature is not None:
            return dict(self._signature(**dict(zip(self._specs, tensors, strict=True))))
        if isinstance(self._model, keras.Sequential):  # it need not have been called
            structure = self._model.inputs[0]
        else:
            structure = self._model.input
        given = tf.nest.pack_sequence_as(structure, tensors)
        outputs = tf.nest.flatten(self._model(given, training=False))
        names = list(getattr(self._model, "output_names", None) or ())
        if len(set(names)) != len(outputs):
            names = [f"output_{i}" for i in range(len(outputs))]
        return dict(zip(names, outputs, strict=True))

    def _function(self) -> Any:
        def serve(**tensors: Any) -> dict[str, Any]:
            results = self._call([tensors[f"input_{i}"] for i in range(len(self._specs))])
            self._names = list(results)
            return {
                f"output_{i}": tf.identity(value, name=f"output_{i}")
                for i, value in enumerate(results.values())
            }

        specs = {
            f"input_{i}": tf.TensorSpec(spec.shape, spec.dtype, name=f"input_{i}")
            for i, spec in enumerate(self._specs.values())
        }
        return tf.function(serve, autograph=False).get_concrete_function(**specs)

    def _by_function(self) -> Any:
        holder = self._model
        if isinstance(holder, keras.Model):  # by itself it leaves variables unfrozen
            holder = tf.Module()
            holder.held = [variable.value for variable in self._model.variables]
        return tf.lite.TFLiteConverter.from_concrete_functions([self._function()], holder)

    def _by_archive(self) -> Any:
        archive = keras.export.ExportArchive()
        archive.track(self._model)

        def serve(*tensors: Any) -> dict[str, Any]:
            results = self._call(list(tensors))
            self._names = list(results)
            return {f"output_{i}": value for i, value in enumerate(results.values())}

        signature = [
            tf.TensorSpec(spec.shape, spec.dtype, name=f"input_{i}")
            for i, spec in enumerate(self._specs.values())
        ]
        archive.add_endpoint("serve", serve, input_signature=signature)
        folder = tempfile.mkdtemp()
        archive.write_out(folder, verbose=False)
        return tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serve"])


def rows(samples: Arrays) -> Iterator[dict[str, np.ndarray]]:
    """Each sample with a batch of 1."""
    for i in range(len(next(iter(samples.values())))):
        yield {name: values[i : i + 1] for name, values in samples.items()}


def load_keras(path: Path) -> Any:
    """A model that Keras 3 or tf_keras reads."""
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=False)
    except Exception:  # what Keras 3 refuses is most often written by Keras 2
        import tf_keras

        return tf_keras.models.load_model(path, compile=False)
