"""Makers of `.tflite` files whose parts point many times to one place. Not a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flatbuffers

Make = Callable[[flatbuffers.Builder], int]


def pointers(builder: flatbuffers.Builder, tables: Sequence[int]) -> int:
    """A vector of tables."""
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return int(builder.EndVector())


def numbers(builder: flatbuffers.Builder, values: Sequence[int]) -> int:
    """A vector of int32."""
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependInt32(value)
    return int(builder.EndVector())


def table(builder: flatbuffers.Builder, offsets: dict[int, int], **longs: int) -> int:
    """A table with these slots; `slot_N=value` is one of 64 bits."""
    builder.StartObject(16)
    for slot, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    for name, value in longs.items():
        builder.PrependUint64Slot(int(name.removeprefix("slot_")), value, 0)
    return int(builder.EndObject())


def tensor(builder: flatbuffers.Builder, name: bytes = b"t", axes: int = 1, scales: int = 0) -> int:
    """A float tensor of ones; with scales an int8 one."""
    slots = {0: numbers(builder, [1] * axes), 3: builder.CreateString(name)}
    if scales:
        slots[4] = table(builder, {2: numbers(builder, [0x3F800000] * scales)})
    return table(builder, slots)


def operator(builder: flatbuffers.Builder, inputs: int = 1) -> int:
    """An ADD of tensor 0, as often as is asked for."""
    return table(builder, {1: numbers(builder, [0] * inputs), 2: numbers(builder, [0])})


def model(
    *,
    tensors: Callable[[flatbuffers.Builder], Sequence[int]] = lambda b: [tensor(b)],
    operators: Callable[[flatbuffers.Builder], Sequence[int]] = lambda b: [operator(b)],
    buffers: Callable[[flatbuffers.Builder], Sequence[int]] = lambda b: [table(b, {})],
    metadata: Callable[[flatbuffers.Builder], Sequence[int]] = lambda b: [],
    signatures: Callable[[flatbuffers.Builder], Sequence[int]] = lambda b: [],
    subgraphs: int = 1,
) -> bytes:
    """A whole file of these parts."""
    b = flatbuffers.Builder(1 << 16)
    io = numbers(b, [0])
    graph = table(b, {0: pointers(b, tensors(b)), 1: io, 2: io, 3: pointers(b, operators(b))})
    slots = {
        1: pointers(b, [table(b, {})]),
        2: pointers(b, [graph] * subgraphs),
        4: pointers(b, buffers(b)),
        6: pointers(b, metadata(b)),
        7: pointers(b, signatures(b)),
    }
    b.Finish(table(b, slots), b"TFL3")
    return bytes(b.Output())


def _many_signatures(b: flatbuffers.Builder) -> Sequence[int]:
    entry = table(b, {0: b.CreateString("x")})
    return [table(b, {0: pointers(b, [entry] * 3000)})] * 3000


def _sparse(b: flatbuffers.Builder) -> Sequence[int]:
    dimension = table(b, {})
    sparsity = table(b, {2: pointers(b, [dimension] * 3000)})
    return [table(b, {6: sparsity})] * 3000


def _outside(b: flatbuffers.Builder) -> Sequence[int]:
    data = b.CreateByteVector(bytes(500_000))
    return [table(b, {0: data}), *[table(b, {}, slot_1=8, slot_2=400_000)] * 5000]


AMPLIFIED: dict[str, Callable[[], bytes]] = {
    "subgraphs of one": lambda: model(tensors=lambda b: [tensor(b)] * 5000, subgraphs=1000),
    "tensors of one": lambda: model(tensors=lambda b: [tensor(b)] * 100_000),
    "operators of one": lambda: model(operators=lambda b: [operator(b, 5000)] * 5000),
    "buffers of one": lambda: model(
        buffers=lambda b: [table(b, {0: b.CreateByteVector(bytes(100_000))})] * 5000
    ),
    "bytes outside": lambda: model(buffers=_outside),
    "custom options": lambda: model(
        operators=lambda b: [table(b, {5: b.CreateByteVector(bytes(100_000))})] * 5000
    ),
    "scales of one": lambda: model(tensors=lambda b: [tensor(b, scales=20_000)] * 5000),
    "axes of one": lambda: model(tensors=lambda b: [tensor(b, axes=20_000)] * 5000),
    "names of one": lambda: model(tensors=lambda b: [tensor(b, name=b"n" * 100_000)] * 5000),
    "metadata of one": lambda: model(
        metadata=lambda b: [table(b, {0: b.CreateString("TFLITE_METADATA")})] * 100_000
    ),
    "signatures of one": lambda: model(signatures=_many_signatures),
    "sparse dimensions": lambda: model(tensors=_sparse),
}
"""Files of at most some hundred kilobytes that unpack to gigabytes, by what they share."""

ODD: dict[str, Callable[[], bytes]] = {
    "a long name of suffixes": lambda: model(
        tensors=lambda b: [tensor(b, name=b"/_int8" * 200_000 + b"!")],
        operators=lambda b: [operator(b) for _ in range(500)],
    ),
    "a name of many layers": lambda: model(
        tensors=lambda b: [tensor(b, name=b";".join(b"l%d/x" % i for i in range(100_000)))]
    ),
    "a name of digits": lambda: model(
        tensors=lambda b: [tensor(b, name=b"a/Gather" + b"1" * 1_000_000 + b"!")]
    ),
    "an operator of many inputs": lambda: model(operators=lambda b: [operator(b, 300_000)]),
    "an operator without outputs": lambda: model(operators=lambda b: [table(b, {})]),
}
"""Whole files that are strange: reading them takes no longer than their size tells."""
