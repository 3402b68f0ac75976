"""Rewrites of a float file that change no output: fewer operators, or ones that quantize better.

Done to the file that all others derive from. Each is proven on samples that are made up: every
output to 100 dB, which floats in another order keep. One that is not proven is not done, and a note
says so.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from edgekit.compat import litert
from edgekit.core.errors import QuantizeError
from edgekit.tflite import cancelled_moves, folded_norms, folded_pads, whole_map_pools
from edgekit.tflite.graph import tensors
from edgekit.tflite.graph_edits import drop_unused_tensors
from edgekit.tflite.interpreter import run
from edgekit.tflite.read import read
from edgekit.tflite.schema_objects import Model
from edgekit.tflite.signal import sqnr_db
from edgekit.tflite.signature import binding
from edgekit.tflite.write import to_bytes

Rewrite = Callable[[Model], int]

REWRITES: Mapping[str, Rewrite] = {
    "AVERAGE_POOL_2D of a whole map as MEAN": whole_map_pools.as_means,
    "PAD as padding of a convolution": folded_pads.fold,
    "MUL and ADD of a normalization into weights": folded_norms.fold,
    "TRANSPOSE and RESHAPE that cancel out": cancelled_moves.cancel,
}
LEAST_DB = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """What was rewritten.

    Attributes:
        counts: How many operators, by what was done.
        notes: What was left out, and why.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def rewritten(content: bytes) -> tuple[bytes, Rewritten]:
    """`apply` to a file's bytes; the same where nothing was done."""
    model = read(content)
    done = apply(model)
    return to_bytes(model) if done.counts else content, done


def apply(model: Model, rewrites: Mapping[str, Rewrite] = REWRITES) -> Rewritten:
    """Do what is proven, in place.

    Args:
        model: A float model with a signature.
        rewrites: By name. Each changes a model in place and says how often.
    """
    counts, notes = {}, []
    proof = None
    trial = _copy(model)
    for name, rewrite in rewrites.items():
        count = rewrite(trial)
        if not count:
            continue
        proof = proof or Proof(model)
        _drop_unused(trial)
        wrong = proof.says(trial)
        if wrong:
            notes.append(f"{name} was left out ({count}): {wrong}")
        else:
            counts[name] = count
            _assign(model, trial)
        trial = _copy(model)
    return Rewritten(counts=counts, notes=tuple(notes))


class Proof:
    """What a file gives for samples that are made up, to compare others with.

    Args:
        model: The file; what is done to it later does not matter.
    """

    def __init__(self, model: Model) -> None:
        self._samples = _samples(model)
        self._expected = self._outputs(model)

    def says(self, model: Model) -> str:
        """What is wrong with a model in the file's place; nothing where its outputs are equal."""
        if not self._expected:
            return "the file does not run on made-up samples, so that nothing proves it"
        given = self._outputs(model)
        if not given:
            return "the file would not run"
        for name, expected in self._expected.items():
            numbers = np.isfinite(expected)
            if not expected[numbers].any():
                return f"output {name} is zero for made-up samples, which proves nothing"
            for real, other, finite in zip(expected, given[name], numbers, strict=True):
                near = sqnr_db(real[finite], other[finite])
                if near < LEAST_DB:
                    return f"output {name} would differ ({near:.1f} dB, {LEAST_DB:g} are wanted)"
        return ""

    def _outputs(self, model: Model) -> dict[str, np.ndarray]:
        try:
            return {name: np.asarray(v) for name, v in run(model, self._samples).items()}
        except (QuantizeError, KeyError):
            return {}


def _samples(model: Model) -> dict[str, np.ndarray]:
    """Standard normal values, fractions, and as large as those of pixels; ids that all have."""
    names = binding(model)
    known = tensors(model, names.subgraph)
    rng = np.random.default_rng(0)
    samples = {}
    for name, index in names.inputs.items():
        tensor = known[index]
        shape = tuple(max(size, 1) for size in tensor.shape)
        if tensor.dtype.startswith("float"):
            values = np.stack([rng.normal(size=shape), rng.random(shape), 255 * rng.random(shape)])
            samples[name] = values.astype(np.float32)
        elif tensor.dtype != "string":
            samples[name] = rng.integers(0, 2, (3, *shape)).astype(tensor.dtype)
    return samples


def _copy(model: Model) -> Model:
    """A copy that can be rewritten; the bytes of constants are shared, and never changed."""
    result: Model = copy.copy(model)
    result.subgraphs = copy.deepcopy(model.subgraphs)
    result.operatorCodes = copy.deepcopy(model.operatorCodes)
    result.signatureDefs = copy.deepcopy(model.signatureDefs)
    result.buffers = list(model.buffers)
    return result


def _assign(model: Model, other: Model) -> None:
    model.subgraphs, model.operatorCodes = other.subgraphs, other.operatorCodes
    model.signatureDefs, model.buffers = other.signatureDefs, other.buffers


def _drop_unused(model: Model) -> None:
    """Without the tensors and the bytes that the file does not need any more."""
    drop_unused_tensors(model, binding(model).subgraph)
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    used |= {entry.buffer for entry in model.metadata or []}
    for number in range(len(model.buffers)):
        if number not in used:
            model.buffers[number] = litert.schema().BufferT()
