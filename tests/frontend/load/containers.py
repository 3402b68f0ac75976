"""The containers that Keras writes, made by hand."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

KERAS3 = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": []}}


def write_zip(path: Path, entries: dict[str, Any], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            text = content if isinstance(content, (bytes, str)) else json.dumps(content)
            archive.writestr(name, text)
    return path


def keras_zip(path: Path, version: str | None = "3.15.1", **more: Any) -> Path:
    entries: dict[str, Any] = {"config.json": KERAS3, **more}
    if version:
        entries["metadata.json"] = {"keras_version": version}
    return write_zip(path, entries)


def write_hdf5(path: Path, attributes: dict[str, Any], *groups: str) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, value in attributes.items():
            file.attrs[name] = value
        for group in groups:
            file.create_group(group).create_dataset("kernel", data=np.zeros((64, 64)))
    return path
