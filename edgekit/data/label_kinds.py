"""What outputs are, as far as the form of their labels tells it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.core.output_kinds import OutputKind
from edgekit.core.records import Contract, TensorSpec
from edgekit.data.samples import Samples

_MOST_IDS = 1 << 16  # values of so many labels are looked at


def with_label_kinds(contract: Contract, samples: Samples | None) -> Contract:
    """The contract with the kinds that the samples' labels leave no doubt about.

    What the graph or the project file tells already stays, but for independent sigmoids whose
    labels name one class a sample.

    - ids or one-hot rows for an output `(n, classes)` -> `classes`
    - 0 or 1 for an output of one value -> `binary`
    - 0 or 1 for each of several values -> `tags`
    - ids, or 0 and 1, for each pixel of an output `(n, height, width, classes)` -> `mask`
    """
    if samples is None:
        return contract
    return replace(
        contract, outputs=tuple(_with_kind(spec, samples, contract) for spec in contract.outputs)
    )


def _with_kind(spec: TensorSpec, samples: Samples, contract: Contract) -> TensorSpec:
    labels = samples.labels_of(spec.name, alone=len(contract.outputs) == 1)
    if labels is None or not len(labels) or spec.columns or spec.kind not in (None, "tags"):
        return spec
    kind = _kind(spec, labels[:_MOST_IDS])
    if kind is None or (spec.kind == "tags" and kind != "classes"):
        return spec
    return replace(spec, kind=kind)


def _kind(spec: TensorSpec, labels: np.ndarray) -> OutputKind | None:
    if labels.dtype.kind in "US":
        return "classes" if labels.ndim == 1 and spec.labels else None
    if labels.dtype.kind not in "iufb" or (labels.dtype.kind == "f" and (labels % 1).any()):
        return None
    width = spec.shape[-1] if spec.shape else 1
    bits = bool(np.isin(labels, (0, 1)).all())
    inner = [size for size in labels.shape[1:] if size != 1]
    positions = [size for size in spec.shape[1:-1] if size != 1]
    if len(spec.shape) == 4 and len(positions) == 2:
        fits = inner == positions or inner == [*positions, width]
        return "mask" if fits and (width > 1 or bits) else None
    if positions:
        return None
    if width == 1:
        return "binary" if bits and not inner else None
    if not inner:
        return "classes" if 0 <= labels.min() and labels.max() < width else None
    if inner == [width] and bits:
        return (
            "classes" if bool((labels.reshape(len(labels), -1).sum(axis=1) == 1).all()) else "tags"
        )
    return None
