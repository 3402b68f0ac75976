"""Are samples fit to calibrate on? What is wrong with them, one sentence for each finding.

Static ranges are only as good as the samples that they come from, and the accuracy on other
samples shows it late. So everything is said here that the samples alone can tell, and only
where it is plain: a warning that cries wolf is not read the second time.

What nobody can see here: one class alone without labels, or an order of classes that look
alike in their mean and spread (photographs of cats, then of dogs).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from edgekit.core.records import Contract, TensorSpec
from edgekit.data import input_ranges
from edgekit.data.samples import Samples
from edgekit.data.split import class_ids

_Summaries = Mapping[str, tuple[np.ndarray, np.ndarray]]

# Of samples in random order, a new one passes the extremes of `n` with a chance of
# 2 / (n + 1), whatever their distribution: 6 in 100 for 32 samples, 1 in 100 for 200.
_FEW = 32

# Of the variance of ranks that lies between the thirds of a file. Random draws of 50 and more
# samples of the corpus, kept in their file's order, reach 0.17; the first 200 of HAR have 0.82.
_DRIFT = 0.25
_DRIFT_CHANCE = 1e-6

# Golden samples are few and drawn from the same data: what one of them passes by chance is
# little. On the corpus a tenth is passed in at most 43 of 1,000 draws (speech, rare peaks).
_GOLDEN_EXCESS = 0.1

# Wider inputs are pictures or bags of words laid flat, in which constant places are usual.
_WIDEST_TABLE = 64
_NAMED = 4
# Values of a sample that its mean and spread are taken from.
_ENOUGH = 10_000


def warnings(
    calibration: Samples, golden: Samples, drawn: Samples, contract: Contract
) -> tuple[str, ...]:
    """What is wrong with calibration samples, each as one sentence that says what to do.

    Args:
        calibration: Samples that ranges will be taken from.
        golden: Samples of the same source that are not among them.
        drawn: Both, in the order in which the source holds them where all of it was
            drawn, else in random order.
        contract: Inputs and outputs of the model.

    Returns:
        Warnings; none where nothing is plainly wrong.
    """
    summaries = {
        name: _summarize(array)
        for name, array in drawn.inputs.items()
        if array.dtype.kind in "iufb" and array.size
    }
    found = [*_few(calibration), *_twins(drawn, summaries)]
    if not found:  # either explains what these two would find
        found += _drift(drawn, contract, summaries)
        found += _excess_of_golden(golden, input_ranges.of(calibration, contract))
    return (*found, *_classes(drawn, contract), *_constant(drawn, contract))


def drift(values: np.ndarray) -> float:
    """How much of the variance of `values` lies between their first, middle and last third.

    Computed of ranks, so that one outlier says no more than its place: the eta squared of
    Kruskal and Wallis' test. 0 where the thirds agree, at most 8/9.

    Args:
        values: One number for each sample, `(n,)`, in the order of the samples.
    """
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places.reshape(-1)]
    ranks -= ranks.mean()
    total = float((ranks**2).sum())
    if total == 0:
        return 0.0
    return sum(len(part) * float(part.mean()) ** 2 for part in np.array_split(ranks, 3)) / total


def drift_limit(count: int) -> float:
    """What `drift` of `count` samples in random order practically never passes.

    There it has about the distribution Beta(1, (n - 3) / 2), whose tail is
    `(1 - limit) ** ((n - 3) / 2)`: one in a million, and at least 0.25. Of 100,000 shuffled
    sets each of 32, 50 and 200 samples (normal, log-normal, four values, rare ones) it was
    passed by 0, 1 and 0.
    """
    if count <= 3:
        return 1.0
    return float(max(_DRIFT, 1 - _DRIFT_CHANCE ** (2 / (count - 3))))


def _few(calibration: Samples) -> list[str]:
    count = len(calibration)
    if count >= _FEW:
        return []
    return [
        f"{_samples(count, 'calibration')} {'is' if count == 1 else 'are'} few: another one passes "
        f"their range with a chance of up to {2 / (count + 1):.2g}; give 100 to 500."
    ]


def _twins(drawn: Samples, summaries: _Summaries) -> list[str]:
    count = len(drawn)
    # Cheap first: samples that are equal have equal means and spreads.
    if summaries:
        each = np.concatenate([s for pair in summaries.values() for s in pair]).reshape(-1, count)
        if 2 * np.unique(each, axis=1).shape[1] >= count:
            return []
    distinct = len(set(drawn.digests()))
    if 2 * distinct >= count:
        return []
    return [
        f"{count - distinct} of {_samples(count, 'calibration')} are copies of another, which add "
        "nothing to the ranges; give different ones."
    ]


def _drift(drawn: Samples, contract: Contract, summaries: _Summaries) -> list[str]:
    if _known_classes(drawn, contract) is not None:
        return []  # an order is harmless where all classes are there, and labels tell that
    found = []
    limit = drift_limit(len(drawn))
    for name, (means, spreads) in summaries.items():
        amount, word, values = max(
            ((drift(means), "mean", means), (drift(spreads), "spread", spreads)),
            key=lambda item: item[0],
        )
        if amount > limit:
            first, _, last = (float(part.mean()) for part in np.array_split(values, 3))
            found.append(
                f"input {name!r} drifts through {drawn.source or 'the calibration samples'}: its "
                f"{word} goes from {first:.4g} in the first third of {len(drawn)} samples to "
                f"{last:.4g} in the last ({amount:.2f} of its variance; shuffled samples stay "
                f"below {limit:.2f}); if they are the beginning of a longer, "
                "ordered set, draw them at random from all of it."
            )
    return found


def _excess_of_golden(golden: Samples, allowed: input_ranges.Ranges) -> list[str]:
    return [
        f"input {over.input!r}: {over.samples} of {_samples(len(golden), 'golden')} from the same "
        f"source {over.beyond(allowed[over.input])}, so others do too, and static files clip them; "
        "give more calibration samples."
        for over in input_ranges.exceeding(golden, allowed, by=_GOLDEN_EXCESS)
    ]


def _classes(drawn: Samples, contract: Contract) -> list[str]:
    known = _known_classes(drawn, contract)
    if known is None:
        return []
    ids, count, names = known
    seen = np.unique(ids)
    # As many as so many samples of equally likely classes are expected to show, by half:
    # data need not be balanced, nor hold every class that a model knows.
    expected = count * (1 - (1 - 1 / count) ** len(ids))
    if count < 2 or len(seen) > expected / 2:
        return []
    named = ", ".join(str(names[i] if names else i) for i in seen[:_NAMED].tolist())
    more = ", ..." if len(seen) > _NAMED else ""
    return [
        f"the {len(ids)} calibration samples show {len(seen)} of the model's {count} classes "
        f"({named}{more}), where as many drawn at random would show about {expected:.0f}: the "
        "ranges may miss the others; draw samples of all classes."
    ]


def _known_classes(
    samples: Samples, contract: Contract
) -> tuple[np.ndarray, int, tuple[str, ...]] | None:
    """Class ids `(n,)`, the model's number of classes and their names; None where in doubt."""
    labels = samples.labels
    named = [spec for spec in contract.outputs if spec.labels] or list(contract.outputs)
    if labels is None or len(named) != 1:
        return None
    output = named[0]
    count = len(output.labels) or (output.shape[-1] if len(output.shape) == 2 else -1)
    count = 2 if count == 1 else count
    ids = class_ids(labels)
    if ids is None and labels.shape[1:] == (count,) and _one_hot(labels):
        ids = labels.argmax(axis=1)
    if ids is None:
        return None
    if ids.dtype.kind in "US":
        places = {name: place for place, name in enumerate(output.labels)}
        if any(str(name) not in places for name in np.unique(ids)):
            return None
        ids = np.array([places[str(name)] for name in ids])
    ids = ids.astype(np.int64)
    if count < 2 or ids.min() < 0 or ids.max() >= count:
        return None
    return ids, count, output.labels


def _one_hot(labels: np.ndarray) -> bool:
    if labels.dtype.kind not in "iufb":
        return False
    ones = labels == 1
    return bool((ones | (labels == 0)).all() and (ones.sum(axis=1) == 1).all())


def _constant(drawn: Samples, contract: Contract) -> list[str]:
    if len(drawn) < 2:
        return []
    found = []
    for spec in contract.inputs:
        array = drawn.inputs[spec.name]
        if array.dtype.kind not in "iufb" or not array.size:
            continue
        if np.array_equal(array[0], array[-1]) and (array == array[:1]).all():
            if len(drawn.inputs) > 1 or array.min() == array.max():
                found.append(
                    f"input {spec.name!r} is the same in all {len(drawn)} calibration samples "
                    f"({_values(array)}): its range says nothing of other values; give samples in "
                    "which it varies as it does in the app."
                )
        else:
            found += _constant_columns(array, spec)
    return found


def _constant_columns(array: np.ndarray, spec: TensorSpec) -> list[str]:
    """Columns of a table, or channels, that never change though others do."""
    size = array.shape[-1] if array.ndim > 1 else 1
    table = spec.preprocessing.kind == "tabular"
    if size < 2 or (size > _WIDEST_TABLE and not table):
        return []
    rows = array.reshape(-1, size)
    few = rows[:: max(1, len(rows) // 1000)]
    if (few.min(axis=0) < few.max(axis=0)).all():
        return []  # a look at a few settles it for most
    low, high = rows.min(axis=0), rows.max(axis=0)
    if low.min() >= 0 and high.max() == 1 and ((rows == 0) | (rows == 1)).all():
        return []  # a mask, or one-hot rows: a class that is absent changes no range
    still = np.flatnonzero(low == high)
    if not len(still):
        return []
    names = spec.preprocessing.columns if table else ()
    listed = ", ".join(
        f"{names[i] if names else i} is {low[i]:.4g}" for i in still[:_NAMED].tolist()
    )
    return [
        f"{len(still)} of the {size} {'columns' if array.ndim == 2 else 'channels'} of input "
        f"{spec.name!r} never change{'s' if len(still) == 1 else ''} in {len(array)} calibration "
        f"samples ({listed}{', ...' if len(still) > _NAMED else ''}): give samples in which they "
        "vary as they do in the app, or leave them out of the model."
    ]


def _summarize(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of each sample, `(n,)` each; of large samples, of every so many values."""
    rows = array.reshape(len(array), -1)
    step = max(1, rows.shape[1] // _ENOUGH)
    while math.gcd(step, array.shape[-1]) > 1:  # or it would look at some channels only
        step += 1
    some = rows[:, ::step].astype(np.float64)
    return some.mean(axis=1), some.std(axis=1)


def _values(array: np.ndarray) -> str:
    low, high = float(array.min()), float(array.max())
    return f"{low:.4g} everywhere" if low == high else f"{low:.4g} to {high:.4g}"


def _samples(count: int, kind: str) -> str:
    return f"{count} {kind} sample{'' if count == 1 else 's'}"
