"""Which slots of TFLite's tables refer to other tables, to vectors or to strings.

From TFLite's `schema.fbs`; a test holds it against the generated Python code. Slots without an
entry are numbers. Scalars of a vector are told by their bytes: 1 is a string too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from edgekit.compat import litert
from edgekit.tflite.verifier import Kind, Outside, Schema, Union

_TABLES: dict[str, dict[int, Kind]] = {
    "SubGraph": {0: ("Tensor",), 1: 4, 2: 4, 3: ("Operator",), 4: 1},
    "Tensor": {
        0: 4,
        3: 1,
        4: "QuantizationParameters",
        6: "SparsityParameters",
        7: 4,
        9: ("VariantSubType",),
    },
    "VariantSubType": {0: 4},
    "CustomQuantization": {0: 1},
    "BlockwiseQuantization": {3: 4},
    "MultiAxisQuantization": {3: 4},
    "SparsityParameters": {0: 4, 1: 4, 2: ("DimensionMetadata",)},
    "Int32Vector": {0: 4},
    "Uint16Vector": {0: 2},
    "Uint8Vector": {0: 1},
    "Buffer": {0: 1, 1: Outside()},
    "OperatorCode": {1: 1},
    "Metadata": {0: 1},
    "SignatureDef": {0: ("TensorMap",), 1: ("TensorMap",), 2: 1},
    "TensorMap": {0: 1},
    "ExternalBufferGroup": {0: 1},
    "ExternalBuffer": {4: 1},
    # Options of operators.
    "BucketizeOptions": {0: 4},
    "ConcatEmbeddingsOptions": {1: 4, 2: 4},
    "FullyConnectedOptions": {5: 1},
    "ReshapeOptions": {0: 4},
    "SqueezeOptions": {0: 4},
    "VarHandleOptions": {0: 1, 1: 1},
    "StableHLOCompositeOptions": {0: 1, 2: 1},
    "StablehloBroadcastInDimOptions": {0: 8},
    "StablehloCaseOptions": {0: 4},
    "StablehloConvolutionOptions": {0: 8, 1: 8, 2: 8, 3: 8, 4: 1, 7: 8, 10: 8, 13: 8, 16: 4},
    "StablehloCustomCallOptions": {0: 1, 2: 1, 4: 4, 5: 1},
    "StablehloDotGeneralOptions": {0: 8, 1: 8, 2: 8, 3: 8, 4: 4},
    "StablehloDynamicSliceOptions": {0: 8},
    "StablehloGatherOptions": {0: 8, 1: 8, 2: 8, 4: 8},
    "StablehloPadOptions": {0: 8, 1: 8, 2: 8},
    "StablehloReduceOptions": {0: 8},
    "StablehloReduceWindowOptions": {0: 8, 1: 8, 2: 8, 3: 8, 4: 8},
    "StablehloScatterOptions": {1: 8, 2: 8, 3: 8},
    "StablehloSliceOptions": {0: 8, 1: 8, 2: 8},
    "StablehloTransposeOptions": {0: 8},
}


@cache
def tflite() -> Schema:
    """The schema of a `.tflite`, whose root is `Model`.

    Kinds of options are numbered by the generated schema, which is loaded on first use.
    """
    generated = litert.schema()

    indices = Union(_members(generated.SparseIndexVector))
    return {
        **_TABLES,
        "Model": {
            1: ("OperatorCode",),
            2: ("SubGraph",),
            3: 1,
            4: ("Buffer",),
            5: 4,
            6: ("Metadata",),
            7: ("SignatureDef",),
            8: ("ExternalBufferGroup",),
            9: ("ExternalBuffer",),
        },
        "QuantizationParameters": {
            0: 4,
            1: 4,
            2: 4,
            3: 8,
            5: Union(_members(generated.QuantizationDetails)),
        },
        "DimensionMetadata": {3: indices, 5: indices},
        "Operator": {
            1: 4,
            2: 4,
            4: Union(_members(generated.BuiltinOptions)),
            5: 1,
            7: 1,
            8: 4,
            9: Outside(),
            12: Union(_members(generated.BuiltinOptions2)),
        },
    }


def _members(enum: type) -> Mapping[int, str]:
    """Schema number to name, without `NONE`."""
    named = {value: name for name, value in vars(enum).items() if isinstance(value, int)}
    return {number: name for number, name in named.items() if number}
