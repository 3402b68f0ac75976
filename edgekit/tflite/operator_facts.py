"""What holds of each TFLite operator in every model: one record each, and nowhere else.

What an operator's quantized form asks of a file's version is in `version_rules`, and which runtime
knows which version in `oldest_runtimes`: those two are kept as TensorFlow's own sources have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Where the scale of the outputs comes from, when activations are integers: from a range of their
# own; it is the first activation's; the activations have the output's; the kernel demands it.
ScaleSource = Literal["own", "input", "output", "fixed"]

_STATIC = frozenset({"static_wi8_ai8", "static_wi8_ai16"})
_WEIGHTS = frozenset({"dynamic_wi8_afp32", "weight_only_wi8_afp32"})
_FLOAT16 = frozenset({"float16"})
_INT4 = frozenset({"dynamic_wi4_afp32", "weight_only_wi4_afp32"})
_STATIC_INT4 = frozenset({"static_wi4_ai8", "static_wi4_ai16"})
_INT8_ONLY = frozenset({"static_wi8_ai8"})

_EVERYWHERE = frozenset({"float32", "int8"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorFacts:
    """One operator. Places count its operands from 0, those that are left out included.

    Attributes:
        activation: The place of what flows through it.
        weight: The place of its one weight; None for an operator with none or with several.
        bias: The place of its bias.
        channel_axis: Of the weight, the axis of the output channels, one scale each.
        has_weights: Whether recipes of weights are about it: all with a `weight`, and those with
            many.
        looks_up: Whether it picks rows of its weight instead of multiplying by it.
        forms: The quantized forms that it can be given, by the quantizer or with a `stand_in`:
            `float16`, or `SCHEME_wiN_aM` in the spelling of recipes.
        dynamic_bits: Of its weights where ranges are taken while running, at the narrowest; 0 where
            edgekit leaves it float then.
        weight_only_bits: Of its weights in weight-only recipes, at the narrowest.
        has_integer_kernel: Whether LiteRT has any kernel for it but a float one.
        scale_source: Of its outputs, see `ScaleSource`.
        fixed_range: The real values that the fixed scale of an int8 output spans.
        only_moves: Whether it only moves values or chooses among them: what lay on a grid stays
            on it.
        splits: Whether its outputs are parts of its activation.
        is_cast: Whether it computes nothing: it changes how values are stored. A quantizer puts
            these between the others.
        called_subgraphs: The options by which it names subgraphs that it runs.
        has_bodies: Whether those subgraphs are bodies, run as part of the main graph: a loop's or
            a branch's.
        output_activation: What apps call the values that it gives, as in a contract.
        delegated: The forms in which LiteRT's XNNPACK delegate takes it: `float32`, `int8`
            (activations too) and `dynamic` (int8 weights, float activations). Known of the
            operators in `tests/models`, which a test asks the delegate about.
        quantizer_name: What the quantizer calls it.
        stand_in: The operator that it is quantized as where the quantizer does not know it: one
            that has the same demands on scales.
    """

    activation: int = 0
    weight: int | None = None
    bias: int | None = None
    channel_axis: int = 0
    has_weights: bool = False
    looks_up: bool = False
    forms: frozenset[str] = frozenset()
    dynamic_bits: int = 0
    weight_only_bits: int = 8
    has_integer_kernel: bool = True
    scale_source: ScaleSource = "own"
    fixed_range: tuple[float, float] | None = None
    only_moves: bool = False
    splits: bool = False
    is_cast: bool = False
    called_subgraphs: tuple[str, ...] = ()
    has_bodies: bool = False
    output_activation: Literal["softmax", "sigmoid"] | None = None
    delegated: frozenset[str] = frozenset()
    quantizer_name: str = ""
    stand_in: str = ""

    @property
    def linear_places(self) -> tuple[int, ...]:
        """Where weight and bias stand of an operator that multiplies by one and adds the other."""
        if self.weight is None or self.bias is None:
            return ()
        return self.weight, self.bias

    @property
    def is_integer_product(self) -> bool:
        """Whether it multiplies activations by weights, and can do so in integers."""
        return self.weight is not None and not self.looks_up and bool(self.forms & _STATIC)


def of(name: str) -> OperatorFacts:
    """What is known of an operator, by its name in the schema; of others, of custom ones too."""
    return OPERATORS.get(name, _UNKNOWN)


_UNKNOWN = OperatorFacts()

OPERATORS: dict[str, OperatorFacts] = {
    # Products with weights. What gains by int8 weights with ranges taken while running (LiteRT, one
    # thread, against float; all of them a quarter of the size):
    # - TRANSPOSE_CONV: 0.30x of the time at 36.7 dB. tflite-runtime 2.14 refuses to load it.
    # - DEPTHWISE_CONV_2D is left out: with it, MobileNetV1-0.25 takes 2.9x of float's time and
    #   EfficientNet-Lite0 2.2x, without it 1.1x and 0.70x.
    # - BATCH_MATMUL is left out: with constant weights it takes 0.41x of the time at 37.7 dB, but
    #   tflite-runtime 2.14 loads it and computes zeros, and no operator version would stop it. Two
    #   activations (attention) are never quantized, and Keras' dense layers are FULLY_CONNECTED.
    # With int4 weights and ranges taken while running, convolutions stay int8.
    "CONV_2D": OperatorFacts(
        weight=1,
        bias=2,
        has_weights=True,
        forms=_STATIC | _STATIC_INT4 | _WEIGHTS | _INT4 | _FLOAT16,
        dynamic_bits=8,
        weight_only_bits=4,
        delegated=_EVERYWHERE | {"dynamic"},
    ),
    "DEPTHWISE_CONV_2D": OperatorFacts(
        weight=1,
        bias=2,
        channel_axis=-1,
        has_weights=True,
        forms=_STATIC | _WEIGHTS | _FLOAT16,
        delegated=_EVERYWHERE,
    ),
    "TRANSPOSE_CONV": OperatorFacts(
        activation=2,
        weight=1,
        bias=3,
        has_weights=True,
        forms=_STATIC | _WEIGHTS | _FLOAT16,
        dynamic_bits=8,
        delegated=_EVERYWHERE,
        quantizer_name="CONV_2D_TRANSPOSE",
    ),
    "FULLY_CONNECTED": OperatorFacts(
        weight=1,
        bias=2,
        has_weights=True,
        forms=_STATIC | _STATIC_INT4 | _WEIGHTS | _INT4 | _FLOAT16,
        dynamic_bits=4,
        weight_only_bits=4,
        delegated=_EVERYWHERE | {"dynamic"},
    ),
    "BATCH_MATMUL": OperatorFacts(
        weight=1, has_weights=True, forms=_STATIC | _WEIGHTS | {"weight_only_wi4_afp32"}
    ),
    "CONV_3D": OperatorFacts(weight=1, bias=2, has_weights=True, has_integer_kernel=False),
    "CONV_3D_TRANSPOSE": OperatorFacts(
        activation=2, weight=1, bias=3, has_weights=True, has_integer_kernel=False
    ),
    # Tables of weights.
    "EMBEDDING_LOOKUP": OperatorFacts(
        weight=1,
        has_weights=True,
        looks_up=True,
        forms=_WEIGHTS | _INT4 | _FLOAT16,
        dynamic_bits=4,
        weight_only_bits=4,
    ),
    "GATHER": OperatorFacts(
        weight=0,
        has_weights=True,
        looks_up=True,
        forms=_STATIC,
        scale_source="input",
        only_moves=True,
    ),
    # Recurrent operators, each with many weights.
    "LSTM": OperatorFacts(has_weights=True),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": OperatorFacts(has_weights=True),
    "BIDIRECTIONAL_SEQUENCE_LSTM": OperatorFacts(has_weights=True),
    "RNN": OperatorFacts(has_weights=True),
    "UNIDIRECTIONAL_SEQUENCE_RNN": OperatorFacts(has_weights=True),
    "BIDIRECTIONAL_SEQUENCE_RNN": OperatorFacts(has_weights=True),
    "SVDF": OperatorFacts(has_weights=True),
    # Outputs in a fixed range: their scales are what kernels demand, whatever the range.
    "LOGISTIC": OperatorFacts(
        forms=_STATIC,
        scale_source="fixed",
        fixed_range=(0.0, 1.0),
        output_activation="sigmoid",
        delegated=frozenset({"int8"}),
    ),
    "SOFTMAX": OperatorFacts(
        forms=_STATIC,
        scale_source="fixed",
        fixed_range=(0.0, 1.0),
        output_activation="softmax",
        delegated=frozenset({"float32"}),
    ),
    "TANH": OperatorFacts(forms=_STATIC, scale_source="fixed", fixed_range=(-1.0, 1.0)),
    "LOG_SOFTMAX": OperatorFacts(
        forms=_INT8_ONLY, scale_source="fixed", fixed_range=(-16.0, 0.0), stand_in="RELU"
    ),
    "L2_NORMALIZATION": OperatorFacts(
        forms=_INT8_ONLY, scale_source="fixed", fixed_range=(-1.0, 1.0), stand_in="TANH"
    ),
    # Outputs with the scale of the input: these move values, choose among them or average them.
    "AVERAGE_POOL_2D": OperatorFacts(
        forms=_STATIC, scale_source="input", delegated=frozenset({"float32"})
    ),
    "BATCH_TO_SPACE_ND": OperatorFacts(
        forms=_STATIC, scale_source="input", only_moves=True, stand_in="RESHAPE"
    ),
    "BROADCAST_TO": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True),
    "DEPTH_TO_SPACE": OperatorFacts(
        forms=_INT8_ONLY, scale_source="input", only_moves=True, stand_in="RESHAPE"
    ),
    "EXPAND_DIMS": OperatorFacts(
        forms=_STATIC, scale_source="input", only_moves=True, stand_in="RESHAPE"
    ),
    "GATHER_ND": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True),
    "MAX_POOL_2D": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True),
    "MIRROR_PAD": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True),
    "PAD": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True),
    "REDUCE_MAX": OperatorFacts(
        forms=_STATIC, scale_source="input", only_moves=True, stand_in="RESHAPE"
    ),
    "REDUCE_MIN": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True),
    "RESHAPE": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True),
    "RESIZE_BILINEAR": OperatorFacts(
        forms=_STATIC, scale_source="input", delegated=frozenset({"int8"})
    ),
    "RESIZE_NEAREST_NEIGHBOR": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True),
    "REVERSE_V2": OperatorFacts(
        forms=_STATIC, scale_source="input", only_moves=True, stand_in="RESHAPE"
    ),
    "SLICE": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True),
    "SPACE_TO_BATCH_ND": OperatorFacts(
        forms=_STATIC, scale_source="input", only_moves=True, stand_in="RESHAPE"
    ),
    "SPACE_TO_DEPTH": OperatorFacts(forms=_INT8_ONLY, scale_source="input", only_moves=True),
    "SPLIT": OperatorFacts(
        activation=1, forms=_STATIC, scale_source="input", only_moves=True, splits=True
    ),
    "SPLIT_V": OperatorFacts(
        forms=_STATIC, scale_source="input", only_moves=True, splits=True, stand_in="RESHAPE"
    ),
    "SQUEEZE": OperatorFacts(
        forms=_STATIC, scale_source="input", only_moves=True, stand_in="RESHAPE"
    ),
    "STRIDED_SLICE": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True),
    "TILE": OperatorFacts(
        forms=_INT8_ONLY, scale_source="input", only_moves=True, stand_in="RESHAPE"
    ),
    "TOPK_V2": OperatorFacts(
        forms=_STATIC, scale_source="input", only_moves=True, stand_in="RESHAPE"
    ),
    "TRANSPOSE": OperatorFacts(
        forms=_STATIC, scale_source="input", only_moves=True, delegated=frozenset({"int8"})
    ),
    "UNPACK": OperatorFacts(forms=_STATIC, scale_source="input", only_moves=True, splits=True),
    # Inputs with the scale of the output.
    "CONCATENATION": OperatorFacts(forms=_STATIC, scale_source="output", only_moves=True),
    "DYNAMIC_UPDATE_SLICE": OperatorFacts(forms=_STATIC, scale_source="output", only_moves=True),
    "MAXIMUM": OperatorFacts(forms=_STATIC, scale_source="output", only_moves=True),
    "MINIMUM": OperatorFacts(
        forms=_STATIC, scale_source="output", only_moves=True, stand_in="MAXIMUM"
    ),
    "PACK": OperatorFacts(forms=_STATIC, scale_source="output", only_moves=True),
    "PADV2": OperatorFacts(forms=_STATIC, scale_source="output"),  # pads with any value
    "SELECT": OperatorFacts(forms=_STATIC, scale_source="output", only_moves=True),
    "SELECT_V2": OperatorFacts(forms=_STATIC, scale_source="output", only_moves=True),
    # Outputs that are no real values: they compare integers as well as what these stand for.
    **dict.fromkeys(
        ("ARG_MAX", "ARG_MIN", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"),
        OperatorFacts(forms=_INT8_ONLY, stand_in="EQUAL"),
    ),
    # Outputs with a range of their own.
    "ABS": OperatorFacts(forms=_STATIC, stand_in="RELU", delegated=frozenset({"float32"})),
    "ADD": OperatorFacts(forms=_STATIC, delegated=_EVERYWHERE),
    "DIV": OperatorFacts(forms=_STATIC),
    "ELU": OperatorFacts(forms=_INT8_ONLY, stand_in="RELU"),
    "EQUAL": OperatorFacts(forms=_STATIC),
    "EXP": OperatorFacts(forms=_STATIC, stand_in="RELU"),
    "GELU": OperatorFacts(forms=_STATIC),
    "HARD_SWISH": OperatorFacts(forms=_INT8_ONLY),
    "LEAKY_RELU": OperatorFacts(forms=_STATIC, stand_in="RELU"),
    "LOG": OperatorFacts(forms=_STATIC, stand_in="RELU"),
    "MEAN": OperatorFacts(forms=_STATIC, delegated=frozenset({"int8"})),
    "MUL": OperatorFacts(forms=_STATIC, delegated=frozenset({"float32", "int8"})),
    "NOT_EQUAL": OperatorFacts(forms=_STATIC),
    "RELU6": OperatorFacts(forms=_STATIC, stand_in="RELU"),
    "RELU_N1_TO_1": OperatorFacts(forms=_INT8_ONLY, stand_in="RELU"),
    "PRELU": OperatorFacts(forms=_INT8_ONLY, stand_in="MUL"),
    "REDUCE_PROD": OperatorFacts(forms=_STATIC, stand_in="MEAN"),
    "RELU": OperatorFacts(forms=_STATIC, delegated=frozenset({"float32"})),
    "RSQRT": OperatorFacts(forms=_STATIC),
    "SQRT": OperatorFacts(forms=_STATIC),
    "SQUARED_DIFFERENCE": OperatorFacts(forms=_INT8_ONLY),
    "SUB": OperatorFacts(forms=_STATIC),
    "SUM": OperatorFacts(forms=_STATIC),
    # LiteRT computes these in float only, or takes integers for what they stand for: SCATTER_ND and
    # MATRIX_DIAG fill up with the integer 0, NEG and FLOOR_DIV heed no zero point.
    **dict.fromkeys(
        (
            "ADD_N ATAN2 CEIL COMPLEX_ABS COS CUMSUM FLOOR FLOOR_DIV FLOOR_MOD IMAG L2_POOL_2D "
            "LOCAL_RESPONSE_NORMALIZATION MATRIX_DIAG MULTINOMIAL NEG POW "
            "RANDOM_STANDARD_NORMAL RANDOM_UNIFORM REAL REVERSE_SEQUENCE RFFT2D ROUND SCATTER_ND "
            "SEGMENT_SUM SIGN SIN SQUARE"
        ).split(),
        OperatorFacts(has_integer_kernel=False),
    ),
    # They change how values are stored.
    "QUANTIZE": OperatorFacts(is_cast=True, delegated=frozenset({"int8"})),
    "DEQUANTIZE": OperatorFacts(is_cast=True, delegated=frozenset({"int8"})),
    "CAST": OperatorFacts(is_cast=True),
    "DENSIFY": OperatorFacts(is_cast=True),
    # Control flow: it moves tensors on, and its subgraphs' operators are judged by themselves.
    "WHILE": OperatorFacts(
        called_subgraphs=("condSubgraphIndex", "bodySubgraphIndex"), has_bodies=True
    ),
    "IF": OperatorFacts(
        called_subgraphs=("thenSubgraphIndex", "elseSubgraphIndex"), has_bodies=True
    ),
    "CALL_ONCE": OperatorFacts(called_subgraphs=("initSubgraphIndex",)),
    "CALL": OperatorFacts(called_subgraphs=("subgraph",)),
    "STABLEHLO_COMPOSITE": OperatorFacts(
        called_subgraphs=("decompositionSubgraphIndex",), forms=_STATIC
    ),
}

BODY_OPTIONS = frozenset(
    option for facts in OPERATORS.values() if facts.has_bodies for option in facts.called_subgraphs
)
"""The options by which loops and branches name their bodies."""
