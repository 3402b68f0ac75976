"""How files break: on the way (bytes), in an editor (text), or by somebody's hand (values)."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from typing import Any

import numpy as np

Rng = np.random.Generator

# What stands where something else should: other types, the ends of numbers, text that terminals,
# paths and parsers take amiss.
_ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, -(2**63), 2**64, 10**30, 0.0, -0.5, 1e308, 1e-320),
    *(float("nan"), float("inf"), "", "\0", "\x1b[31m", "a\n::error::b", "\u202eabc", "é" * 300),
    *("../../etc/passwd", "C:\\x", "{", "%s", "1", "nan", "float16", "x" * 5000),
    *([], {}, [[]], [None], [0, 0, 0], {"": ""}, {"class_name": "Dense"}, {"config": None}),
    [[[[[[1]]]]]],
)
# What an attribute of HDF5 can hold.
_ATTRIBUTE_BYTES = 60_000
_ODD_TEXT = (
    *("\0", "\x1b]0;t\x07", "\ufeff", "[", "]", "{", "}", '"', "'", "=", ",", "\n", "\r", "#"),
    *("nan", "inf", "-1", "1e999", "9" * 5000, "é", "\u2028", "[[" * 200, "true", "1979-05-27"),
)


def odd_bytes(data: bytes, rng: Rng) -> bytes:
    """`data` as a broken download or disk leaves it: changed, cut, doubled or filled."""
    changed = bytearray(data)
    if not changed:
        return b"\0"
    start = int(rng.integers(len(changed)))
    length = int(rng.integers(1, max(2, min(len(changed), 4096))))
    kind = rng.choice(["change", "change", "change", "cut", "drop", "double", "zero", "insert"])
    if kind == "change":
        for _ in range(rng.integers(1, 33)):
            changed[rng.integers(len(changed))] = int(rng.integers(256))
    elif kind == "cut":
        del changed[start:]
    elif kind == "drop":
        del changed[start : start + length]
    elif kind == "double":
        changed[start:start] = changed[start : start + length]
    elif kind == "zero":
        changed[start : start + length] = bytes(len(changed[start : start + length]))
    else:
        changed[start:start] = rng.bytes(length)
    return bytes(changed)


def odd_text(data: bytes, rng: Rng) -> bytes:
    """UTF-8 text with some of it replaced by what does not belong there."""
    text = data.decode()
    for _ in range(rng.integers(1, 4)):
        start = int(rng.integers(len(text) + 1))
        end = start + int(rng.integers(0, 12))
        text = text[:start] + str(rng.choice(_ODD_TEXT)) + text[end:]
    return text.encode()


def odd_values(payload: Any, rng: Rng) -> Any:
    """A copy of a JSON value with one to three of its values replaced, dropped or moved."""
    changed = copy.deepcopy(payload)
    for _ in range(rng.integers(1, 4)):
        places = list(_places(changed))
        if not places:
            return _ODD_VALUES[rng.integers(len(_ODD_VALUES))]
        holder, key = places[rng.integers(len(places))]
        kind = rng.choice(["odd", "odd", "odd", "drop", "other"])
        if kind == "drop":
            del holder[key]
        elif kind == "other":  # a value of elsewhere in the same file
            other, place = places[rng.integers(len(places))]
            if place in other if isinstance(other, dict) else place < len(other):
                holder[key] = copy.deepcopy(other[place])
        else:
            holder[key] = copy.deepcopy(_ODD_VALUES[rng.integers(len(_ODD_VALUES))])
    return changed


def _places(value: Any) -> Any:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict | list):
            keys = list(item) if isinstance(item, dict) else range(len(item))
            for key in keys:
                yield item, key
                pending.append(item[key])


def odd_json(data: bytes, rng: Rng) -> bytes:
    """JSON that is JSON still, with odd values; or odd text; or odd bytes."""
    kind = rng.choice(["values", "values", "text", "bytes", "deep"])
    if kind == "text":
        return odd_text(data, rng)
    if kind == "bytes":
        return odd_bytes(data, rng)
    if kind == "deep":
        depth = int(rng.choice([50, 1000, 100_000]))
        return b'{"a": ' + b"[" * depth + b"]" * depth + b"}"
    return json.dumps(odd_values(json.loads(data), rng)).encode()


def odd_zip(data: bytes, rng: Rng) -> bytes:
    """An archive with damage in a member (its checksum right), in its list, or in its bytes."""
    kind = rng.choice(["bytes", "member", "member", "names"])
    if kind == "bytes":
        return odd_bytes(data, rng)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    chosen = int(rng.integers(len(members)))
    if kind == "member":
        name, content = members[chosen]
        damage = odd_json if name.endswith(".json") else odd_bytes
        members[chosen] = (name, damage(content, rng))
    elif rng.random() < 0.5:
        del members[chosen]
    else:
        names = ("../x.npy", "/x", "x\0.npy", "x.npy/", "é.npy", members[chosen][0] * 2, "")
        members[chosen] = (names[rng.integers(len(names))], members[chosen][1])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name or "_"), content)
    return made.getvalue()


def odd_hdf5(data: bytes, rng: Rng) -> bytes:
    """A `.h5` of Keras with damage in its bytes, or with an odd configuration."""
    import h5py

    held = io.BytesIO(data)
    with h5py.File(held, "r+") as file:
        config = file.attrs["model_config"]
        text = odd_json(config if isinstance(config, bytes) else config.encode(), rng)
        if rng.random() < 0.5 or len(text) > _ATTRIBUTE_BYTES:
            return odd_bytes(data, rng)
        # Of fixed length: HDF5's other strings cannot hold a zero byte.
        file.attrs["model_config"] = np.bytes_(text or b" ")
    return held.getvalue()
