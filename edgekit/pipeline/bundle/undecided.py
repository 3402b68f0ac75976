"""Golden samples that a classifier is not sure of: sure ones would hide a wrong model.

Probabilities of 0 and 1 stay what they are when a weight changes, all the more when they are
rounded to 8 bits. Where nearly all golden samples are such, half of them give way to mixtures:
the first values of one sample and the rest of another, cut where the model is least sure. Each
value is one that the input really takes, so that it works for sound and ids of words alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edgekit.core.output_kinds import DECISIONS
from edgekit.core.records import Contract
from edgekit.runtimes.base import Session
from edgekit.tflite import channels

_UNSURE = 0.1  # sum of p * (1 - p) over an output; 0.095 is a probability of 0.95 and one of 0.05
_ENOUGH = 2  # samples
_CUTS = 16  # tried between two samples, and again around the best one


# Outputs by name, with the columns of the last axis that are probabilities.
_Named = Sequence[tuple[str, slice]]


def mixed(
    session: Session, inputs: Mapping[str, np.ndarray], contract: Contract
) -> dict[str, np.ndarray]:
    """The golden inputs, half of them mixtures where the model is sure of nearly all.

    Args:
        session: Has the model loaded.
        inputs: The golden samples, `(samples, ...)` by name.
        contract: What its outputs are; of what nobody knows, values of 0 to 1 are probabilities.
    """
    samples = dict(inputs)
    count = len(next(iter(samples.values())))
    named = _probabilities(session.run(samples), contract)
    if not named or count < 2 or np.sum(_unsure(session, named, samples) > _UNSURE) >= _ENOUGH:
        return samples
    rows = [_mixture(session, named, samples, i, i + count // 2) for i in range(count // 2)]
    first = count - len(rows)
    return {
        name: np.concatenate([array[:first], *(row[name] for row in rows)])
        for name, array in samples.items()
    }


def _probabilities(outputs: Mapping[str, np.ndarray], contract: Contract) -> _Named:
    found = []
    for spec in contract.outputs:
        values = outputs[spec.name]
        for kind, start, stop in channels.kinds(spec, values.shape[-1]):
            part = slice(start, stop)
            if (kind is None or kind in DECISIONS) and _are_probabilities(values[..., part]):
                found.append((spec.name, part))
    return found


def _are_probabilities(values: np.ndarray) -> bool:
    return values.dtype.kind == "f" and bool(np.all((values >= 0) & (values <= 1)))


def _mixture(
    session: Session, named: _Named, samples: dict[str, np.ndarray], one: int, other: int
) -> dict[str, np.ndarray]:
    """The least sure of many mixtures of two samples, as one sample."""
    size = sum(array[0].size for array in samples.values())
    low, high = 0, size
    best = {name: array[one : one + 1] for name, array in samples.items()}
    for _ in range(2):
        cuts = np.unique(np.linspace(low, high, _CUTS + 1).astype(int))
        tried = [_cut(samples, one, other, int(cut)) for cut in cuts]
        together = {name: np.concatenate([row[name] for row in tried]) for name in samples}
        place = int(_unsure(session, named, together).argmax())
        best = tried[place]
        low, high = int(cuts[max(place - 1, 0)]), int(cuts[min(place + 1, len(cuts) - 1)])
    return best


def _cut(samples: dict[str, np.ndarray], one: int, other: int, cut: int) -> dict[str, np.ndarray]:
    """The first `cut` values of sample `other`, and what follows of `one`: all inputs in a row."""
    row = {}
    for name, array in samples.items():
        values = array[one].copy().reshape(-1)
        taken = min(cut, values.size)
        values[:taken] = array[other].reshape(-1)[:taken]
        row[name] = values.reshape(1, *array.shape[1:])
        cut -= taken
    return row


def _unsure(session: Session, named: _Named, samples: Mapping[str, np.ndarray]) -> np.ndarray:
    """How unsure the model is of each sample: p * (1 - p), over all values of all outputs."""
    outputs = session.run(samples)
    each = [
        outputs[name][..., part].reshape(len(outputs[name]), -1).astype(np.float64)
        for name, part in named
    ]
    total: np.ndarray = sum((array * (1.0 - array)).sum(axis=1) for array in each)
    return total
