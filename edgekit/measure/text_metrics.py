"""Word and character error rates: edits that turn what is read into what is written, as a share.

Insertions, deletions and substitutions of all samples, divided by all words (or characters) of the
labels: above 1 where more is inserted than was there.

An output is read position by position: the largest of its scores, or its ids as they are. Where one
of its label names is `<blank>` or empty, repeats become one and blanks vanish (greedy CTC decoding:
Graves et al. 2006, ICML); `<pad>`, `<s>`, `</s>`, `<bos>` and `<eos>` vanish always. Labels are
texts `(n,)`, or ids `(n, length)` filled up with numbers below 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import Metric, TensorSpec
from edgekit.measure import by_sample, metric_packages, targets

_BLANKS = frozenset(("", "<blank>"))
_SILENT = frozenset(("<pad>", "<s>", "</s>", "<bos>", "<eos>", *_BLANKS))

Tokens = Sequence[str] | Sequence[int]


def wer(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Word error rate. Ids that have no names count as words."""
    return _error_rate("wer", output, labels, spec)


def cer(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Character error rate, spaces among them. Ids that have no names count as characters."""
    return _error_rate("cer", output, labels, spec)


def _error_rate(metric: str, output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    targets.check_finite(labels, spec)
    read, written = _read(output, spec), _written(labels, spec)
    if labels.dtype.kind in "US" and not spec.labels:
        raise DataError(
            f"Labels that are texts need the names of what output {spec.name!r} writes.",
            received="an output without label names",
            hint=f"give [output.{spec.name}] labels in edgekit.toml, or labels that are ids.",
        )
    distance = metric_packages.package(metric).distance
    errors, lengths = [], []
    for found, wanted in zip(read, written, strict=True):
        a, b = (_tokens(metric, tokens) for tokens in (wanted, found))
        errors.append(float(distance(a, b)))
        lengths.append(float(len(a)))
    if not sum(lengths):
        raise DataError(
            f"{metric} needs labels with some text.", received=f"{len(labels)} empty labels"
        )
    return by_sample.of_parts(
        "ratio",
        np.array([errors, lengths]),
        sum(errors) / sum(lengths),
        better="lower",
        most=np.inf,
    )


def _tokens(metric: str, text: str | list[int]) -> Tokens:
    return text.split() if metric == "wer" and isinstance(text, str) else text


def _read(output: np.ndarray, spec: TensorSpec) -> Sequence[str | list[int]]:
    scores = output.ndim == 3 and output.shape[-1] > 1
    ids = output.argmax(axis=-1) if scores else output.reshape(len(output), -1)
    if output.ndim > 3 or (not scores and output.ndim == 3 and output.shape[-1] != 1):
        raise UsageError(
            "Error rates of text need an output (n, length, classes), or ids (n, length).",
            received=f"output {spec.name!r} of shape {output.shape}",
        )
    if not (ids == np.floor(ids)).all():
        raise UsageError(
            f"Output {spec.name!r} must be ids, or scores of classes for each position.",
            received=f"shape {output.shape} with fractions",
        )
    ids = ids.astype(np.int64)
    if not spec.labels:
        return [row[row >= 0].tolist() for row in ids]
    if scores and len(spec.labels) != output.shape[-1]:
        raise DataError(
            f"Output {spec.name!r} must have a name for each class.",
            received=f"{len(spec.labels)} names for {output.shape[-1]} classes",
            hint=f"give [output.{spec.name}] labels in edgekit.toml.",
        )
    return [_spelled(row, spec) for row in ids]


def _written(labels: np.ndarray, spec: TensorSpec) -> Sequence[str | list[int]]:
    if labels.dtype.kind in "US":
        if labels.ndim != 1:
            raise DataError("Texts must be one for each sample.", received=f"shape {labels.shape}")
        return [str(text) for text in labels.astype("U")]
    if labels.dtype.kind not in "iuf" or labels.ndim != 2 or (labels != np.floor(labels)).any():
        raise DataError(
            f"Labels of output {spec.name!r} must be texts, or ids (n, length).",
            received=f"shape {labels.shape}, dtype {labels.dtype}",
        )
    ids = labels.astype(np.int64)
    if spec.labels:
        return [_spelled(row, spec, read=False) for row in ids]
    return [row[row >= 0].tolist() for row in ids]


def _spelled(ids: np.ndarray, spec: TensorSpec, *, read: bool = True) -> str:
    """The text of ids, by the names of the output's labels."""
    row = ids[ids >= 0]
    if row.size and row.max() >= len(spec.labels):
        raise DataError(
            f"Ids of output {spec.name!r} must be from 0 to {len(spec.labels) - 1}.",
            received=f"{row.max()} for {len(spec.labels)} names",
        )
    if read and _BLANKS & set(spec.labels):
        row = row[np.diff(row, prepend=-1) != 0]
    names = [spec.labels[i] for i in row.tolist()]
    words = max(len(name) for name in spec.labels if name not in _SILENT) > 1
    return (" " if words else "").join(name for name in names if name not in _SILENT)
