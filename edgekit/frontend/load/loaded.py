"""A trained model in memory: the same few operations, whichever Keras wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from edgekit.core.errors import DataError, ModelError, reading
from edgekit.core.records import TensorSpec
from edgekit.core.suggest import nearest

_RUN = "call it on one sample in Keras: the same error shows there, or the file is damaged."

Kind = Literal["keras3", "keras2", "saved_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """What `load` returns. It lives in one process; nothing of it is written to disk.

    Attributes:
        kind: Which library runs it.
        name: The model's own name.
        inputs: By Keras' names, with the batch as size -1 where it is free.
        outputs: Likewise; unknown sizes are -1.
        trackable: Keeps the variables alive. Pass it to
            `tf.lite.TFLiteConverter.from_concrete_functions([f], trackable)`: with a Keras 3
            model itself in its place the converter writes garbage and says nothing.
        call: Tensors by input name to tensors by output name, in inference mode. Usable
            inside `tf.function`.
        layers: The names of the layers, to name the one that an operator comes from.
        layer_paths: Each layer's name behind those of the models it is nested in, from the
            outermost. Empty where the file does not tell (a SavedModel).
        id_limits: For an input that holds ids (it feeds an Embedding): ids are below this.
        notes: What was changed while loading, for the manifest.
        model: The Keras model itself; None for a SavedModel.
        reset: Puts variables that the model changes while it runs back to where they were before
            its first call; None where there are none.
    """

    kind: Kind
    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    trackable: Any
    call: Callable[[dict[str, Any]], dict[str, Any]]
    layers: tuple[str, ...] = ()
    layer_paths: tuple[tuple[str, ...], ...] = ()
    id_limits: Mapping[str, int]
    notes: tuple[str, ...] = ()
    model: Any = None
    reset: Callable[[], None] | None = None

    def predict(
        self, inputs: Mapping[str, np.ndarray], batch_size: int = 32
    ) -> dict[str, np.ndarray]:
        """The outputs for a number of samples. What is stateful takes them as one sequence.

        Args:
            inputs: By input name, shape `(samples, ...)`; converted to the input's dtype.
            batch_size: Samples at once. A model with a fixed batch uses that; the last
                batch is filled up with its last sample.

        Returns:
            By output name, shape `(samples, ...)`, in the model's own dtype.

        Raises:
            DataError: A missing or unknown input, no samples, or a wrong shape.
            ModelError: The model fails on them.
        """
        arrays, samples = self._check(inputs)
        fixed = {spec.shape[0] for spec in self.inputs if spec.shape and spec.shape[0] > 0}
        size = min(fixed) if fixed else max(1, batch_size)
        parts: dict[str, list[np.ndarray]] = {spec.name: [] for spec in self.outputs}
        if self.reset is not None:
            self.reset()
        call = self._compiled(samples > 4 * size)
        for start in range(0, samples, size):
            batch = {name: array[start : start + size] for name, array in arrays.items()}
            kept = min(size, samples - start)
            if fixed and kept < size:
                batch = {name: _fill(array, size) for name, array in batch.items()}
            for name, value in call(batch).items():
                parts[name].append(np.asarray(value)[:kept])
        return {name: np.concatenate(values) for name, values in parts.items()}

    def _compiled(self, many: bool) -> Callable[[dict[str, np.ndarray]], dict[str, Any]]:
        import tensorflow as tf

        # Tracing costs about a second for a large model: worth it for many batches only.
        call = tf.function(self.call, reduce_retracing=True) if many else self.call

        def run(batch: dict[str, np.ndarray]) -> dict[str, Any]:
            with reading(
                self.name, "TensorFlow could not run the model.", kind=ModelError, hint=_RUN
            ):
                result = call({name: tf.constant(array) for name, array in batch.items()})
                return {name: value.numpy() for name, value in result.items()}

        return run

    def require_inputs(self, names: Iterable[str]) -> None:
        """Check that these are the names of all inputs.

        Raises:
            DataError: A missing or unknown one.
        """
        given, known = list(names), [spec.name for spec in self.inputs]
        rule = f"The inputs of {self.name} must be {', '.join(known)}."
        for name in given:
            if name not in known:
                raise DataError(rule, received=f"an input {name!r}", hint=nearest(name, known))
        for name in known:
            if name not in given:
                raise DataError(
                    rule, received=f"no input {name!r}", hint="give an array for each of them."
                )

    def _check(self, inputs: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], int]:
        self.require_inputs(inputs)
        arrays = {}
        for spec in self.inputs:
            array = np.asarray(inputs[spec.name])
            arrays[spec.name] = array if spec.dtype == "string" else array.astype(spec.dtype)
            if not _fits(array.shape, spec.shape):
                raise DataError(
                    f"The input {spec.name!r} must have the shape {('samples', *spec.shape[1:])}.",
                    received=f"shape {array.shape}",
                    hint="-1 stands for any size.",
                )
        sizes = {len(array) for array in arrays.values()}
        if len(sizes) != 1 or 0 in sizes:
            raise DataError(
                "Every input must hold the same number of samples, at least one.",
                received=", ".join(f"{name}: {len(array)}" for name, array in arrays.items()),
            )
        return arrays, sizes.pop()


def _fits(shape: tuple[int, ...], spec: tuple[int, ...]) -> bool:
    if not spec:
        return len(shape) == 1
    return len(shape) == len(spec) and all(
        want in (-1, have) for have, want in zip(shape[1:], spec[1:], strict=True)
    )


def _fill(array: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([array, np.repeat(array[-1:], size - len(array), axis=0)])


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names made unique and non-empty: the second `dense` becomes `dense_1`.

    Examples:
        >>> unique(["dense", "dense", "", "dense_1"])
        ('dense', 'dense_2', 'tensor', 'dense_1')
    """
    taken = set(names)
    seen: set[str] = set()
    result = []
    for name in names:
        proposal = name or "tensor"
        count = 0
        while proposal in seen or (count and proposal in taken):
            count += 1
            proposal = f"{name or 'tensor'}_{count}"
        seen.add(proposal)
        result.append(proposal)
    return tuple(result)


def tensor_spec(name: str, shape: Iterable[Any] | None, dtype: Any) -> TensorSpec:
    """A record of a Keras or TensorFlow tensor: sizes of None become -1."""
    sizes = tuple(-1 if size is None else int(size) for size in shape or ())
    return TensorSpec(name=name, shape=sizes, dtype=str(getattr(dtype, "name", dtype)))
