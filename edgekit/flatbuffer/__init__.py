"""Reading, checking and finishing `.tflite` files.

`read` refuses damaged files; `operators`, `tensors`, `values` and `contract` look into a
model; `finish` writes what a file needs and means into it; `inspect` tells all at once.
"""

from edgekit.flatbuffer.graph import (
    Operator,
    Tensor,
    TensorQuantization,
    operators,
    tensor,
    tensors,
    values,
)
from edgekit.flatbuffer.inspection import Inspection, inspect
from edgekit.flatbuffer.layers import layer_of
from edgekit.flatbuffer.reading import Model, read
from edgekit.flatbuffer.signature import Binding, binding, contract, ensure_signature
from edgekit.flatbuffer.versions import oldest_runtime, set_versions
from edgekit.flatbuffer.writing import finish, to_bytes

__all__ = [
    "Binding",
    "Inspection",
    "Model",
    "Operator",
    "Tensor",
    "TensorQuantization",
    "binding",
    "contract",
    "ensure_signature",
    "finish",
    "inspect",
    "layer_of",
    "oldest_runtime",
    "operators",
    "read",
    "set_versions",
    "tensor",
    "tensors",
    "to_bytes",
    "values",
]
