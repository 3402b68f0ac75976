"""A model run operator by operator over many samples.

Ordinary interpreters run a sample through all operators; here all samples pass one
operator, then the next. So an operator can be looked at, or changed, after those before it
and before those behind it, in one pass. Only activations that are still needed are kept.

What an operator takes from a table or a variable depends on more than its operands: that is
read once, from the whole model as it is when this begins.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence

import numpy as np

from edgekit import tflite
from edgekit.core.errors import QuantizeError
from edgekit.tflite import Model, Operator, Tensor
from edgekit.tflite.dequantize import dequantize, dequantized, quantize
from edgekit.tflite.interpreter import Interpreter, run
from edgekit.tflite.submodel import single

_RESOURCE = "resource"


def uses_resource(op: Operator) -> bool:
    """Whether an operator makes, fills, reads or writes a table or a variable."""
    tensors = (*op.inputs, *op.outputs)
    return op.name == "CALL_ONCE" or any(tensor.dtype == _RESOURCE for tensor in tensors)


class Steps:
    """The state between operators: activations of all samples, by tensor index.

    Args:
        model: What `tflite.read` returned. `run` reads an operator's weights when its turn
            comes: they may be changed in place until then.
        inputs: Samples by input name, `(n, ...)` without the batch dimension, real values.
        num_threads: Of each operator; as many as there are cores by default.
    """

    def __init__(
        self, model: Model, inputs: Mapping[str, np.ndarray], num_threads: int | None = None
    ) -> None:
        self.model = model
        self._num_threads = num_threads or os.cpu_count() or 1
        names = tflite.binding(model)
        self.operators = tflite.main_operators(model)
        known = tflite.tensors(model, names.subgraph)
        self._kept: dict[int, np.ndarray] = {}
        # A value that comes from constants alone is the same for all samples: kept once.
        self._same: set[int] = set()
        self.num_samples = len(next(iter(inputs.values())))
        for name, index in names.inputs.items():
            self.set(known[index], inputs[name])
        self._keep_empty_constants(known)
        self._taken = self._from_resources(inputs)
        self._last_use = {t.index: op.index for op in self.operators for t in op.inputs}
        for index in names.outputs.values():
            self._last_use[index] = len(self.operators)

    def stored(self, tensor: Tensor) -> np.ndarray:
        """An activation as it is stored, `(n, *shape)`: a batch of 1 is in its shape."""
        kept = self._kept[tensor.index]
        if tensor.index in self._same:
            return np.broadcast_to(kept, (self.num_samples, *kept.shape[1:]))
        return kept

    def real(self, tensor: Tensor) -> np.ndarray:
        """An activation, or the samples' share of a constant, in real units."""
        return dequantize(self.stored(tensor), tensor)

    def set(self, tensor: Tensor, values: np.ndarray) -> None:
        """Replace an activation by real values, `(n, ...)`.

        Raises:
            QuantizeError: They are not as many as the file says: a size that is known only while
                it runs.
        """
        stored = quantize(values, tensor)
        if -1 in tensor.shape:  # its sizes are those of the samples
            missing = len(tensor.shape) - (stored.ndim - 1)
            shape = (*(1 for _ in range(missing)), *stored.shape[1:])
        else:
            shape = tensor.shape
        if stored[0].size != math.prod(shape):
            raise QuantizeError(
                "Every size must be known before the file runs.",
                received=f"{tensor.name} {list(tensor.shape)} with values of {stored.shape[1:]}",
            )
        self._kept[tensor.index] = stored.reshape(len(stored), *shape)
        self._same.discard(tensor.index)

    def run(self, op: Operator) -> None:
        """Run one operator over all samples; its inputs that nobody else needs are dropped.

        Raises:
            QuantizeError: The interpreter could not run it.
        """
        fed = list(op.activations)
        same = all(t.index in self._same for t in fed)
        if uses_resource(op):
            nothing = np.empty((self.num_samples, 0), np.uint8)  # a handle has no values
            for tensor in op.outputs:
                self._kept[tensor.index] = self._taken.pop(tensor.index, nothing)
            return
        if op.name == "DEQUANTIZE" and not fed:
            results = [self._dequantized(op)]
        else:
            results = self._execute(op, fed, 1 if same else self.num_samples)
        for tensor, values in zip(op.outputs, results, strict=True):
            self._kept[tensor.index] = values
            if same:
                self._same.add(tensor.index)
        for tensor in (*op.inputs, *op.outputs):
            if self._last_use.get(tensor.index, -1) <= op.index:
                self._kept.pop(tensor.index, None)

    def _keep_empty_constants(self, known: Sequence[Tensor]) -> None:
        """A constant without values, as the shape of a scalar, looks like an activation."""
        made = {tensor.index for op in self.operators for tensor in op.outputs}
        for tensor in known:
            if 0 in tensor.shape and tensor.index not in made | self._kept.keys():
                self._kept[tensor.index] = np.empty((1, *tensor.shape), tensor.dtype)
                self._same.add(tensor.index)

    def _value(self, tensor: Tensor) -> np.ndarray:
        kept = self._kept.get(tensor.index)
        if kept is None:
            raise QuantizeError(
                "Every tensor must be an input, a constant or what an operator gives.",
                received=f"{tensor.name} {list(tensor.shape)}, which has no value here",
            )
        return kept

    def _from_resources(self, inputs: Mapping[str, np.ndarray]) -> dict[int, np.ndarray]:
        """What operators give that read tables or variables, by tensor."""
        read = {
            str(tensor.index): tensor.index
            for op in self.operators
            if uses_resource(op)
            for tensor in op.outputs
            if tensor.dtype != _RESOURCE
        }
        if not read:
            return {}
        return {int(name): values for name, values in run(self.model, inputs, read).items()}

    def _dequantized(self, op: Operator) -> np.ndarray:
        """Weights in real units: not every runtime has this cast for every layout by itself."""
        tensor = tflite.tensor(self.model, op.subgraph, op.inputs[0].index)
        return dequantized(self.model, op.subgraph, tensor)[None].astype(np.float32)

    def _execute(self, op: Operator, fed: list[Tensor], count: int) -> list[np.ndarray]:
        constants = {}
        if count > 1 and not op.facts.called_subgraphs:  # weights in real units
            constants = {t.index: self._kept[t.index][0] for t in fed if t.index in self._same}
            fed = [t for t in fed if t.index not in constants]
        try:
            runner = Interpreter(single(self.model, op, constants), self._num_threads)
            for place, tensor in enumerate(fed):
                runner.resize(place, self._value(tensor).shape[1:])
            runner.allocate()
            results: list[np.ndarray] = []
            for sample in range(count):
                runner.reset()
                for place, tensor in enumerate(fed):
                    kept = self._kept[tensor.index]
                    runner.set(place, kept[0 if tensor.index in self._same else sample])
                for place, values in enumerate(runner.outputs()):
                    if sample == 0:
                        results.append(np.empty((count, *values.shape), values.dtype))
                    results[place][sample] = values
        except (RuntimeError, ValueError) as error:
            raise QuantizeError(
                f"{op.name} of layer {op.layer} could not be run by itself.", received=str(error)
            ) from None
        return results
