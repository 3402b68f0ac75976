"""Serialize a model, and finish it: versions, oldest runtime, metadata, labels."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from edgekit.core.errors import ModelError
from edgekit.core.records import Contract, TensorSpec
from edgekit.tflite import metadata, versions
from edgekit.tflite.read import MAX_BYTES, read
from edgekit.tflite.schema_objects import Model
from edgekit.tflite.signature import binding

# The zip format cannot say "no time"; this is its first.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def to_bytes(model: Model, *, sharing: bool = True) -> bytes:
    """The model as a `.tflite`: weights inside the flatbuffer, aligned to 16 bytes, nothing twice.

    The same model gives the same bytes. Weights stay inside because runtimes before 2.15
    cannot follow the offsets that the quantizer writes.

    Args:
        model: What `read` returned.
        sharing: Whether equal vectors are written once. Without it each has bytes of its own,
            which may be overwritten.

    Raises:
        ModelError: It would pass the format's 2 GiB.
    """
    import flatbuffers

    from edgekit.tflite.sharing_builder import AligningBuilder, SharingBuilder

    stored = sum(buffer.data.size for buffer in model.buffers if buffer.data is not None)
    if stored > MAX_BYTES:
        raise _too_large(stored)
    # Room for all at once: a builder that grows copies everything each time.
    room = min(stored + stored // 16 + 65536, MAX_BYTES)
    builder = SharingBuilder(room) if sharing else AligningBuilder(room)
    try:
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    except flatbuffers.builder.BuilderSizeError:
        raise _too_large(stored) from None
    return bytes(builder.Output())


def _too_large(stored: int) -> ModelError:
    return ModelError(
        "A TFLite file must be smaller than 2 GiB.",
        received=f"{stored / 2**30:.2f} GiB of weights",
        hint="quantize the weights, or split the model.",
    )


def finish(source: bytes | Model, *, contract: Contract, name: str, description: str) -> bytes:
    """Make a file ready to ship: what it needs and what it means is written in it.

    Sets operator versions and the oldest runtime, and replaces the metadata: name,
    description, and for each tensor its meaning, normalization and labels. The same
    input gives the same bytes.

    Args:
        source: A `.tflite`, as exported or as the quantizer wrote it: its bytes, or what
            `read` made of them, which is then changed in place.
        contract: Its inputs and outputs by signature name, with preprocessing and labels.
        name: The model's name.
        description: One sentence on the model.

    Raises:
        ModelError: The file is damaged, has inputs or outputs that the contract lacks,
            or would pass 2 GiB; or a label has several lines.
    """
    model = read(source) if isinstance(source, bytes) else source
    versions.set_versions(model)
    versions.set_min_runtime(model)
    names = binding(model)
    graph = model.subgraphs[names.subgraph]
    inputs = _in_order(graph.inputs, names.inputs, contract.inputs, "input")
    outputs = _in_order(graph.outputs, names.outputs, contract.outputs, "output")
    files = metadata.label_files(outputs)
    content = metadata.build(
        name=name,
        description=description,
        inputs=inputs,
        outputs=outputs,
        files={output: file for output, (file, _) in files.items()},
        subgraph=names.subgraph,
    )
    versions.set_metadata(model, metadata.NAME, content)
    return _with_files(to_bytes(model), dict(files.values()))


def _in_order(
    indices: Sequence[int], names: dict[str, int], described: Sequence[TensorSpec], what: str
) -> list[TensorSpec]:
    """The contract's tensors in the subgraph's order, which the metadata must follow."""
    specs = {spec.name: spec for spec in described}
    by_index = {index: name for name, index in names.items()}
    missing = [by_index[i] for i in indices if i in by_index and by_index[i] not in specs]
    if missing:
        raise ModelError(
            f"The contract must describe each {what} of the model.",
            received=f"no {', '.join(missing)}; it has {', '.join(specs) or 'none'}",
        )
    # A tensor that the signature leaves out still needs its place in the list.
    return [
        specs[by_index[i]] if i in by_index else TensorSpec(name=f"{what}_{n}", shape=(), dtype="")
        for n, i in enumerate(indices)
    ]


def _with_files(content: bytes, files: dict[str, bytes]) -> bytes:
    if not files:
        return content
    buffer = io.BytesIO(content)
    # Appending keeps the archive's offsets counted from the file's start. Stored, not
    # deflated: apps map these files instead of unpacking them.
    with zipfile.ZipFile(buffer, "a", compression=zipfile.ZIP_STORED) as archive:
        for file, data in sorted(files.items()):
            entry = zipfile.ZipInfo(file, date_time=_NO_TIME)
            entry.create_system = 3  # zipfile writes the system it runs on
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()
