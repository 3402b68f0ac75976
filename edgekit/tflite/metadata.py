"""TFLite metadata: what a file says of itself to apps and to Android Studio.

A flatbuffer of its own (`ModelMetadata`, identifier M001) in the metadata buffer
`TFLITE_METADATA`. Files that it names, such as labels, are a zip archive appended to the
`.tflite`. The field numbers below are those of tflite-support's `metadata_schema.fbs`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgekit.core.errors import ModelError
from edgekit.core.records import TensorSpec
from edgekit.tflite.verifier import Schema, Union, verify

# Of the flatbuffers package, which has no types: what writes, and a table that is read.
Builder = Any
Table = Any

NAME = "TFLITE_METADATA"
IDENTIFIER = b"M001"
# The oldest parser that knows all that is written here: labels, images, normalization.
MIN_PARSER = "1.0.0"

# What `parse` follows.
_SCHEMA: Schema = {
    "ModelMetadata": {0: 1, 1: 1, 3: ("SubGraphMetadata",), 7: 1},
    "SubGraphMetadata": {2: ("TensorMetadata",), 3: ("TensorMetadata",)},
    "TensorMetadata": {0: 1, 1: 1, 4: ("ProcessUnit",), 6: ("AssociatedFile",)},
    "ProcessUnit": {1: Union({1: "NormalizationOptions"})},
    "NormalizationOptions": {0: 4, 1: 4},
    "AssociatedFile": {0: 1},
}
_TENSOR_AXIS_LABELS = 2
_IMAGE_PROPERTIES, _FEATURE_PROPERTIES = 2, 1
_NORMALIZATION_OPTIONS = 1
_COLORS = {"rgb": 1, "gray": 2, "bgr": 0}  # the schema has no name for BGR


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorNote:
    """What the metadata says of one input or output."""

    name: str
    description: str = ""
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What the metadata says of a model and of its first subgraph."""

    name: str
    description: str
    min_parser_version: str
    inputs: tuple[TensorNote, ...] = ()
    outputs: tuple[TensorNote, ...] = ()


def label_files(outputs: Sequence[TensorSpec]) -> dict[str, tuple[str, bytes]]:
    """The label file of each output that has labels: output name to (name, content).

    Raises:
        ModelError: A label holds a line break, so that a file of lines cannot hold it.
    """
    labelled = [spec for spec in outputs if spec.labels]
    files: dict[str, tuple[str, bytes]] = {}
    taken: set[str] = set()
    for number, spec in enumerate(labelled):
        broken = [label for label in spec.labels if len(label.splitlines()) > 1 or "\n" in label]
        if broken:
            raise ModelError(
                "A label must be one line of text.",
                received=f"output {spec.name}: {broken[0]!r}",
                hint=f"change it under [output.{spec.name}] in edgekit.toml.",
            )
        safe = re.sub(r"[^A-Za-z0-9_.-]+", "_", spec.name)
        name = "labels.txt" if len(labelled) == 1 else f"labels_{safe}.txt"
        if name in taken:
            name = f"labels_{safe}_{number}.txt"
        taken.add(name)
        files[spec.name] = (name, "".join(f"{label}\n" for label in spec.labels).encode())
    return files


def build(
    *,
    name: str,
    description: str,
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    files: dict[str, str],
    subgraph: int = 0,
) -> bytes:
    """The metadata flatbuffer.

    Args:
        name: The model's name.
        description: What it does.
        inputs: In the order of the subgraph's inputs.
        outputs: In the order of the subgraph's outputs.
        files: Output name to the name of its label file.
        subgraph: Which subgraph this describes; those before it stay undescribed.
    """
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    graphs = []
    for number in range(subgraph + 1):
        last = number == subgraph
        graphs.append(
            _table(
                builder,
                5,
                {
                    2: _vector(builder, [_tensor(builder, s, None) for s in inputs if last]),
                    3: _vector(
                        builder, [_tensor(builder, s, files.get(s.name)) for s in outputs if last]
                    ),
                },
            )
        )
    root = _table(
        builder,
        8,
        {
            0: builder.CreateString(name),
            1: builder.CreateString(description),
            3: _vector(builder, graphs),
            7: builder.CreateString(MIN_PARSER),
        },
    )
    builder.Finish(root, file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _tensor(builder: Builder, spec: TensorSpec, file: str | None) -> int:
    fields = {
        0: builder.CreateString(spec.name),
        1: builder.CreateString(_describe(spec)),
        3: _content(builder, spec),
    }
    how = spec.preprocessing
    if how.kind != "none" or any(how.mean) or any(value != 1.0 for value in how.std):
        options = _table(
            builder,
            2,
            {0: _vector(builder, how.mean, "Float32"), 1: _vector(builder, how.std, "Float32")},
        )
        unit = _table(builder, 2, {1: options}, {0: (_NORMALIZATION_OPTIONS, "Uint8")})
        fields[4] = _vector(builder, [unit])
    if file is not None:
        names = {0: builder.CreateString(file), 1: builder.CreateString("Labels, one a line.")}
        entry = _table(builder, 4, names, {2: (_TENSOR_AXIS_LABELS, "Int8")})
        fields[6] = _vector(builder, [entry])
    return _table(builder, 7, fields)


def _content(builder: Builder, spec: TensorSpec) -> int:
    how = spec.preprocessing
    if how.kind != "image":
        properties = _table(builder, 0, {})
        return _table(builder, 3, {1: properties}, {0: (_FEATURE_PROPERTIES, "Uint8")})
    fields = {}
    if how.size is not None:
        height, width = how.size
        fields[1] = _table(builder, 2, {}, {0: (width, "Uint32"), 1: (height, "Uint32")})
    properties = _table(builder, 2, fields, {0: (_COLORS[how.channels], "Int8")})
    return _table(builder, 3, {1: properties}, {0: (_IMAGE_PROPERTIES, "Uint8")})


def _describe(spec: TensorSpec) -> str:
    """One line for people: type, shape, and how the numbers are to be read."""
    shape = ", ".join("?" if size < 0 else str(size) for size in spec.shape)
    words = [f"{spec.dtype} [{shape}]"]
    how = spec.preprocessing
    if how.kind == "image":
        words.append(f"a {how.channels.upper()} image")
    elif how.kind == "audio":
        words.append(f"sound at {how.sample_rate} Hz" if how.sample_rate else "sound")
    elif how.kind == "tabular":
        words.append("columns " + ", ".join(how.columns))
    elif how.kind == "text":
        words.append("text as indices of a vocabulary")
    if len(spec.scale) == 1:
        words.append(f"real = {spec.scale[0]:.9g} * (stored - {(*spec.zero_point, 0)[0]})")
    if spec.labels:
        words.append(f"{len(spec.labels)} labels")
    if spec.activation and spec.activation != "none":
        words.append(spec.activation)
    return "; ".join(words)


def _table(
    builder: Builder,
    size: int,
    offsets: dict[int, int],
    scalars: dict[int, tuple[int, str]] | None = None,
) -> int:
    builder.StartObject(size)
    for slot, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    for slot, (value, kind) in (scalars or {}).items():
        getattr(builder, f"Prepend{kind}Slot")(slot, value, 0)
    end: int = builder.EndObject()
    return end


def _vector(builder: Builder, values: Sequence[float], kind: str = "UOffsetTRelative") -> int:
    """Of offsets to what was written before, or of numbers of 4 bytes."""
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        getattr(builder, f"Prepend{kind}")(value)
    end: int = builder.EndVector()
    return end


def parse(content: bytes) -> Metadata | None:
    """Read metadata back, as far as `build` writes it; None where it is no metadata.

    Files of other makers are read as well: whatever they left out is "".
    """
    if content[4:8] != IDENTIFIER:
        return None
    try:
        verify(content, _SCHEMA, "ModelMetadata")
        return _parse(content)
    except Exception:
        return None  # damaged metadata takes nothing from a model that runs


def _parse(content: bytes) -> Metadata:
    from flatbuffers import encode, packer, table

    def indirect(position: int) -> Table:
        return table.Table(content, position + encode.Get(packer.uoffset, content, position))

    def string(where: Table, slot: int) -> str:
        at = where.Offset(4 + 2 * slot)
        return where.String(at + where.Pos).decode(errors="replace") if at else ""

    def tables(where: Table, slot: int) -> list[Table]:
        at = where.Offset(4 + 2 * slot)
        if not at:
            return []
        start = where.Vector(at)
        return [indirect(start + 4 * i) for i in range(where.VectorLen(at))]

    def floats(where: Table, slot: int) -> tuple[float, ...]:
        at = where.Offset(4 + 2 * slot)
        if not at:
            return ()
        start = where.Vector(at)
        return tuple(
            encode.Get(packer.float32, content, start + 4 * i) for i in range(where.VectorLen(at))
        )

    def note(where: Table) -> TensorNote:
        mean: tuple[float, ...] = ()
        std: tuple[float, ...] = ()
        for unit in tables(where, 4):
            kind, at = unit.Offset(4), unit.Offset(6)
            if kind and at and content[unit.Pos + kind] == _NORMALIZATION_OPTIONS:
                options = indirect(unit.Pos + at)
                mean, std = floats(options, 0), floats(options, 1)
        files = tuple(string(file, 0) for file in tables(where, 6))
        return TensorNote(
            name=string(where, 0), description=string(where, 1), mean=mean, std=std, files=files
        )

    root = indirect(0)
    graphs = tables(root, 3)
    described = next((g for g in graphs if tables(g, 2) or tables(g, 3)), None)
    return Metadata(
        name=string(root, 0),
        description=string(root, 1),
        min_parser_version=string(root, 7),
        inputs=tuple(map(note, tables(described, 2))) if described else (),
        outputs=tuple(map(note, tables(described, 3))) if described else (),
    )
