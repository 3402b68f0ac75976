"""Reading, checking and finishing `.tflite` files.

`read` refuses damaged files; `operators`, `tensors`, `values` and `contract` look into a
model; `finish` writes what a file needs and means into it; `inspect` tells all at once.
"""

from edgekit.tflite.constants import constant, set_values, values
from edgekit.tflite.graph import (
    Operator,
    Tensor,
    TensorQuantization,
    operators,
    tensor,
    tensors,
)
from edgekit.tflite.inspection import Inspection, inspect
from edgekit.tflite.read import read
from edgekit.tflite.schema_objects import Model
from edgekit.tflite.signature import (
    Binding,
    binding,
    contract,
    ensure_signature,
    main_operators,
)
from edgekit.tflite.source_layers import layer_of
from edgekit.tflite.versions import oldest_runtime, set_versions
from edgekit.tflite.write import finish, to_bytes

__all__ = [
    "Binding",
    "Inspection",
    "Model",
    "Operator",
    "Tensor",
    "TensorQuantization",
    "binding",
    "constant",
    "contract",
    "ensure_signature",
    "finish",
    "inspect",
    "layer_of",
    "main_operators",
    "oldest_runtime",
    "operators",
    "read",
    "set_values",
    "set_versions",
    "tensor",
    "tensors",
    "to_bytes",
    "values",
]
