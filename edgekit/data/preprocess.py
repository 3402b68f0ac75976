"""Raw data to model inputs, by the contract. The reference for the phones' code.

What is computed is small on purpose, since Kotlin and Swift compute it too. All
arithmetic after the resize is float32: `(value - mean) / std`, in this order.
"""

from __future__ import annotations

import math

import numpy as np

from edgekit.core.errors import DataError, ProjectError
from edgekit.core.records import Preprocessing, TensorSpec
from edgekit.data import images

# The keys that each kind reads. Any other key that is set would silently do nothing.
_KEYS: dict[str, tuple[str, ...]] = {
    "none": (),
    "image": ("size", "resize", "resize_shorter_to", "channels", "mean", "std"),
    "audio": ("sample_rate", "window", "mean", "std"),
    "tabular": ("columns", "mean", "std"),
    "text": ("vocabulary", "unknown_id"),
}


def preprocess(raw: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """One raw sample as the model's input, without the batch dimension.

    - `image`: integers 0 to 255 of shape `(height, width)` or `(height, width, 1|3|4)`,
      RGB(A). With `resize_shorter_to` the shorter side becomes that, the longer one
      `floor(longer * resize_shorter_to / shorter)`, and the centre is cut out at
      `floor((resized - size) / 2)`; without it the image is stretched to `size`. `nearest`,
      `bilinear` and `bicubic` are Pillow's, of bytes; `keras-bilinear` is that of
      `tf.image.resize`, of float32 that is not rounded. Then `channels` (before
      `keras-bilinear`, where gray is concerned), then mean and std by channel.
      `(*size, 1 or 3)`.
    - `audio`: `(samples,)` or `(samples, channels)`; integers are divided by half their
      range (int16 by 32768), channels averaged, the end cut or filled with zeros to
      `window`. `(window,)`.
    - `tabular`: any shape; mean and std by the last axis.
    - `text`: one string. A vocabulary of single characters (and special entries like
      `[UNK]` or `<pad>`) maps each code point, another one each word between blanks; what
      is not in it becomes `unknown_id`, the end is cut or filled with 0. `(length,)`.
    - `none`: as it is.

    Args:
        raw: One sample.
        spec: The input of the contract; its `preprocessing` says what is done.

    Returns:
        float32; int32 for text; the spec's own dtype where that is a plain integer.

    Raises:
        ProjectError: The preprocessing contradicts itself or the input's shape.
        DataError: The raw sample is not what the kind takes.
    """
    validate(spec)
    return _one(np.asarray(raw), spec)


def preprocess_batch(raw: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Raw samples `(n, ...)` as model inputs `(n, ...)`: `preprocess` of each.

    Raises:
        ProjectError: The preprocessing contradicts itself or the input's shape.
        DataError: A raw sample is not what the kind takes; the first such is named.
    """
    validate(spec)
    if spec.preprocessing.kind in ("none", "tabular"):
        return _one(raw, spec)  # by the last axis, so a batch is as good as a sample
    rows = []
    for index, sample in enumerate(raw):
        try:
            rows.append(_one(np.asarray(sample), spec))
        except DataError as error:
            received = f"sample {index}: {error.received}"
            raise DataError(error.rule, received=received, hint=error.hint) from None
    if spec.preprocessing.kind == "text" and spec.shape[-1] == -1:
        longest = max(len(row) for row in rows)
        rows = [np.pad(row, (0, longest - len(row))) for row in rows]
    return np.stack(rows)


def takes_raw(array: np.ndarray, spec: TensorSpec) -> bool:
    """Whether arrays of this dtype count as raw data, to be preprocessed.

    Integers are raw where the contract states a preprocessing, floats are model inputs
    already. Text is raw as strings; its integers are ids already.
    """
    kind = spec.preprocessing.kind
    if kind == "text":
        return array.dtype.kind == "U"
    return kind != "none" and array.dtype.kind in "iu"


def _one(raw: np.ndarray, spec: TensorSpec) -> np.ndarray:
    rules = spec.preprocessing
    if rules.kind == "none":
        return raw
    if rules.kind == "text":
        return _text(raw, spec)
    if rules.kind == "image":
        values = images.pixels(raw, rules, spec.name).astype(np.float32)
    elif rules.kind == "audio":
        values = _audio(raw, rules, spec.name)
    else:
        if raw.dtype.kind not in "iufb":
            raise DataError(f"Values of {spec.name} must be numbers.", received=str(raw.dtype))
        values = raw.astype(np.float32)
    mean, std = np.asarray(rules.mean, np.float32), np.asarray(rules.std, np.float32)
    return as_dtype((values - mean) / std, spec)


def dtype_of(spec: TensorSpec) -> np.dtype:
    """NumPy's type of an input; `string` is its `str`."""
    return np.dtype("str" if spec.dtype == "string" else spec.dtype)


def as_dtype(values: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Values in a dtype that the input takes.

    A quantized input (one with a scale) and a float input take real values. A plain
    integer input takes integers of its own range, and nothing is rounded to fit.
    Integers for a float input stay as they are up to 16 bits, wider ones become float32.

    Raises:
        DataError: A plain integer input is given fractions, or values out of its range.
    """
    wanted = dtype_of(spec)
    if wanted.kind not in "iub" or spec.scale:
        small = values.dtype.kind in "iub" and values.dtype.itemsize <= 2
        return values if small or wanted.kind in "USO" else values.astype(np.float32, copy=False)
    if values.dtype == wanted:
        return values
    low, high = (0, 1) if wanted.kind == "b" else (np.iinfo(wanted).min, np.iinfo(wanted).max)
    unfit = (values < low) | (values > high)
    if values.dtype.kind == "f":
        unfit |= values != np.floor(values)
    if unfit.any():
        first = tuple(int(i) for i in np.argwhere(unfit)[0])
        raise DataError(
            f"The model's input {spec.name!r} must be {wanted} values from {low} to {high}.",
            received=f"{int(unfit.sum())} others, first {values[first]} at index {list(first)}",
            hint="give the integers themselves, without a mean or std that makes fractions.",
        )
    return values.astype(wanted)


def _audio(raw: np.ndarray, rules: Preprocessing, name: str) -> np.ndarray:
    if raw.ndim not in (1, 2) or raw.dtype.kind not in "iuf":
        raise DataError(
            f"A sample of {name} must be sound of shape (samples,) or (samples, channels).",
            received=f"shape {raw.shape}, {raw.dtype}",
        )
    values = raw.astype(np.float32)
    if raw.dtype.kind == "i":
        values /= np.float32(2.0 ** (8 * raw.dtype.itemsize - 1))
    elif raw.dtype.kind == "u":
        half = np.float32(2.0 ** (8 * raw.dtype.itemsize - 1))
        values = (values - half) / half
    if values.ndim == 2:
        values = values.mean(axis=1, dtype=np.float32)
    window = rules.window or 0
    return np.pad(values[:window], (0, max(0, window - len(values))))


def _text(raw: np.ndarray, spec: TensorSpec) -> np.ndarray:
    if raw.dtype.kind != "U" or raw.ndim:
        raise DataError(
            f"A sample of {spec.name} must be one string.",
            received=f"{raw.dtype}, shape {raw.shape}",
        )
    rules, text = spec.preprocessing, str(raw)
    index = {entry: i for i, entry in reversed(list(enumerate(rules.vocabulary)))}
    by_character = all(len(entry) <= 1 or _is_special(entry) for entry in index)
    parts = list(text) if by_character else text.split()
    ids = np.array([index.get(part, rules.unknown_id) for part in parts], dtype=np.int32)
    length = spec.shape[-1]
    if length == -1:
        return as_dtype(ids, spec) if dtype_of(spec).kind in "iu" else ids
    ids = np.pad(ids[:length], (0, max(0, length - len(ids))))
    return as_dtype(ids, spec) if dtype_of(spec).kind in "iu" else ids


def _is_special(entry: str) -> bool:
    return len(entry) > 2 and entry[0] + entry[-1] in ("[]", "<>")


def validate(spec: TensorSpec) -> None:
    """Check that the preprocessing of an input makes sense, and fits its shape.

    Raises:
        ProjectError: It does not; the error names the key of `edgekit.toml`.
    """
    rules, where = spec.preprocessing, f"[input.{spec.name}]"
    unset = Preprocessing()
    known = _KEYS[rules.kind]
    for key in Preprocessing.__dataclass_fields__:
        if key not in ("kind", *known) and getattr(rules, key) != getattr(unset, key):
            kinds = [kind for kind, keys in _KEYS.items() if key in keys]
            raise ProjectError(
                f"{where} of kind {rules.kind!r} cannot have {key}; it knows "
                f"{', '.join(known) or 'no other key'}.",
                received=f"{key} = {getattr(rules, key)!r}",
                hint="set kind = " + " or ".join(f'"{kind}"' for kind in kinds) + ".",
            )
    _finite(where, "mean", rules.mean, zero_allowed=True)
    _finite(where, "std", rules.std, zero_allowed=False)
    if rules.kind == "image":
        images.validate(spec, where)
        _lengths(where, rules, 1 if rules.channels == "gray" else 3, "channel")
    elif rules.kind == "audio":
        _positive(where, "window", rules.window, "samples", "`window = 16000`")
        if rules.sample_rate is not None:
            _positive(where, "sample_rate", rules.sample_rate, "samples a second", "`16000`")
        _lengths(where, rules, 1, "channel")
        _shape(spec, where, "window", rules.window)
    elif rules.kind == "tabular":
        features = spec.shape[-1] if spec.shape else 1
        _lengths(where, rules, features, "feature")
        if rules.columns and features not in (-1, len(rules.columns)):
            raise ProjectError(
                f"{where} columns must name each of the input's {features} features.",
                received=f"{len(rules.columns)} columns",
            )
    elif rules.kind == "text":
        if not rules.vocabulary:
            raise ProjectError(
                f"{where} of kind 'text' needs a vocabulary.",
                received="none",
                hint='give `vocabulary = "vocabulary.txt"`, one entry a line.',
            )
        if rules.unknown_id < 0:
            raise ProjectError(
                f"{where} unknown_id must be at least 0.", received=str(rules.unknown_id)
            )


def _positive(where: str, key: str, value: int | None, unit: str, example: str) -> None:
    if value is None or value < 1:
        raise ProjectError(
            f"{where} needs {key}: a number of {unit}, at least 1.",
            received=f"{key} = {value}" if value is not None else f"no {key}",
            hint=f"for example {example}.",
        )


def _shape(spec: TensorSpec, where: str, key: str, length: int | None) -> None:
    sizes = [size for size in spec.shape[1:] if size != 1]
    if -1 not in sizes and math.prod(sizes) != length:
        raise ProjectError(
            f"{where} {key} must be the length of the model's input, shape {spec.shape}.",
            received=f"{key} = {length}",
        )


def _finite(where: str, key: str, values: tuple[float, ...], *, zero_allowed: bool) -> None:
    if not values or not all(math.isfinite(v) and (zero_allowed or v != 0) for v in values):
        rule = "finite numbers" if zero_allowed else "finite numbers, none of them 0"
        raise ProjectError(f"{where} {key} must hold {rule}.", received=f"{key} = {list(values)}")


def _lengths(where: str, rules: Preprocessing, count: int, unit: str) -> None:
    for key in ("mean", "std"):
        values: tuple[object, ...] = getattr(rules, key)
        if len(values) != 1 and count not in (-1, len(values)):
            raise ProjectError(
                f"{where} {key} must have one value, or one for each of {count} {unit}(s).",
                received=f"{len(values)} values",
            )
