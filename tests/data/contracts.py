"""Small contracts, and samples read for them."""

from __future__ import annotations

from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.data.sources import load


def tensor(name="x", shape=(1, 3), dtype="float32", labels=(), **rules):
    return TensorSpec(
        name=name, shape=shape, dtype=dtype, labels=labels, preprocessing=Preprocessing(**rules)
    )


def contract(*inputs, outputs=None):
    return Contract(inputs=inputs or (tensor(),), outputs=outputs or (tensor("out", (1, 2)),))


def evaluate(source, *inputs, outputs=None, **options):
    options = {"purpose": "evaluation", **options}
    return load(str(source), contract(*inputs, outputs=outputs), **options)
