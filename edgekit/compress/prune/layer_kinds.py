"""What kind of operation a node is, as far as its channels are concerned.

Only classes of Keras itself are in the tables: a class derived from one of them may do anything
in its `call`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from edgekit.compress.prune.layer_graph import Node

Kind = Literal[
    "conv",
    "transposed",
    "separable",
    "dense",
    "embedding",
    "depthwise",
    "grouped",
    "batch_norm",
    "prelu",
    "elementwise",
    "spatial",
    "merge",
    "concat",
    "flatten",
    "reshape",
    "split",
    "reduce",
    "axes",
    "slices",
    "softmax",
]

# They make channels of their own: one for each filter or unit.
PRODUCERS: frozenset[str] = frozenset({"conv", "transposed", "separable", "dense", "embedding"})


def _of(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


_LAYERS: dict[str, Kind] = {
    **_of("conv", "Conv1D Conv2D Conv3D"),
    **_of("transposed", "Conv1DTranspose Conv2DTranspose Conv3DTranspose"),
    **_of("separable", "SeparableConv1D SeparableConv2D"),
    **_of("depthwise", "DepthwiseConv1D DepthwiseConv2D"),
    **_of("dense", "Dense"),
    **_of("embedding", "Embedding"),
    **_of("batch_norm", "BatchNormalization"),
    **_of("prelu", "PReLU"),
    **_of(
        "elementwise",
        "Activation ReLU LeakyReLU ELU Dropout SpatialDropout1D SpatialDropout2D "
        "SpatialDropout3D AlphaDropout GaussianDropout GaussianNoise ActivityRegularization "
        "Identity Rescaling",
    ),
    **_of(
        "spatial",
        "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D "
        "AveragePooling3D AdaptiveAveragePooling1D AdaptiveAveragePooling2D "
        "AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D "
        "AdaptiveMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D "
        "GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D "
        "ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D "
        "UpSampling1D UpSampling2D UpSampling3D CenterCrop Resizing RepeatVector",
    ),
    **_of("merge", "Add Subtract Multiply Average Maximum Minimum"),
    **_of("concat", "Concatenate"),
    **_of("flatten", "Flatten"),
    **_of("reshape", "Reshape"),
    **_of("axes", "Permute"),
    **_of("softmax", "Softmax"),
    # Of keras.applications: stochastic depth of ConvNeXt, scaled residuals of Inception-ResNet.
    **_of("elementwise", "StochasticDepth"),
    **_of("merge", "CustomScaleLayer"),
}

# Operations of `keras.ops` (and of operators such as `x + y`), by class.
_OPERATIONS: dict[str, Kind] = {
    **_of(
        "elementwise",
        "Relu Relu6 Sigmoid SparseSigmoid Softplus Softsign SoftShrink SparsePlus Silu "
        "Squareplus LogSigmoid LeakyRelu HardSigmoid HardSilu Elu Selu Gelu Celu TanhShrink "
        "HardTanh HardShrink Threshold Absolute Abs Negative Square Sqrt Rsqrt Exp Exp2 Expm1 "
        "Log Log1p Log2 Log10 Clip Floor Ceil Round Trunc Sign Reciprocal Tanh Sin Cos Tan Sinh "
        "Cosh Erf Erfc Cast SaturateCast StopGradient NanToNum Copy",
    ),
    **_of(
        "merge",
        "Add Subtract Multiply Divide TrueDivide DivideNoNan Maximum Minimum Power FloorDivide Mod",
    ),
    **_of("spatial", "MaxPool AveragePool AdaptiveMaxPool AdaptiveAveragePool Resize"),
    **_of("reduce", "Mean Sum Max Min Amax Amin Prod Var Std Logsumexp"),
    **_of("axes", "Transpose Squeeze ExpandDims Pad"),
    **_of("softmax", "Softmax LogSoftmax"),
    **_of("concat", "Concatenate"),
    **_of("reshape", "Reshape"),
    **_of("split", "Split"),
    **_of("slices", "GetItem"),
}

# Activations by name that treat every value by itself.
_POINTWISE = frozenset(
    (
        "relu leaky_relu relu6 celu elu selu softplus softsign squareplus soft_shrink sparse_plus "
        "silu gelu tanh tanh_shrink threshold sigmoid sparse_sigmoid exponential hard_sigmoid "
        "hard_silu hard_tanh hard_shrink linear mish log_sigmoid"
    ).split()
)

_MIXING = frozenset({"softmax", "log_softmax", "sparsemax", "glu"})


def kind_of(operation: Any) -> Kind | None:
    """What kind an operation is; None for one whose channels nobody here knows."""
    import keras

    class_ = type(operation)
    if class_.__module__.split(".")[0] != "keras":
        return None
    table = _LAYERS if isinstance(operation, keras.Layer) else _OPERATIONS
    kind = table.get(class_.__name__)
    if kind == "conv" and operation.groups > 1:
        return "grouped"
    return kind


def objection(node: Node, kind: Kind) -> str | None:
    """Why the channels of an operation of a known kind are left alone after all; None if not."""
    operation = node.operation
    if getattr(operation, "data_format", None) == "channels_first":
        return "channels_first: its channels are not the last axis"
    if getattr(operation, "quantization_mode", None) or getattr(operation, "lora_enabled", False):
        return "its weights are quantized already or have LoRA beside them"
    if kind == "grouped" and not _is_depthwise(operation):
        return f"a convolution of {operation.groups} groups"
    return None if kind in PRODUCERS else mixing(operation)


def mixing(operation: Any) -> str | None:
    """What its activation does that needs all channels; None if it treats each by itself.

    This keeps the channels that a layer gives, not those that its kernel reads.
    """
    activation = getattr(operation, "activation", None)
    if activation is None or _is_pointwise(activation):
        return None
    name = getattr(activation, "__name__", type(activation).__name__)
    if name in _MIXING:
        return f"its activation {name} computes across channels"
    return f"edgekit does not know what its activation {name} does to channels"


def unknown(operation: Any) -> str:
    """Why an operation that is of no known kind is left alone."""
    name = type(operation).__name__
    if type(operation).__module__.split(".")[0] != "keras":
        return "it is not one of Keras' own layers"
    if "Norm" in name:
        return "it normalises across channels"
    if any(part in name for part in ("LSTM", "GRU", "RNN", "Bidirectional")):
        return "recurrent layers are left as they are"
    return "edgekit does not know what it does to channels"


def last_axis(axis: Any, rank: int) -> bool:
    """Whether an axis (or one of several; None is all) is the last of `rank`."""
    if axis is None:
        return True
    axes = axis if isinstance(axis, Sequence) else [axis]
    return any(int(one) % rank == rank - 1 for one in axes)


def constants(node: Node) -> list[np.ndarray]:
    """Arrays of more than one number among a node's arguments, which are no tensors."""
    import keras

    found = []
    for leaf in keras.tree.flatten(node.arguments):
        if leaf is None or isinstance(leaf, (keras.KerasTensor, str, bool, int, float, complex)):
            continue
        size = getattr(leaf, "shape", None)
        if size is not None and np.prod(tuple(size)) > 1:
            found.append(np.asarray(keras.ops.convert_to_numpy(leaf)))
    return found


def _is_pointwise(activation: Any) -> bool:
    import keras

    if isinstance(activation, keras.Layer):
        kind = kind_of(activation)
        inner = getattr(activation, "activation", None)
        return kind == "elementwise" and (inner is None or _is_pointwise(inner))
    name = getattr(activation, "__name__", "")
    return name in _POINTWISE and activation is keras.activations.get(name)


def _is_depthwise(operation: Any) -> bool:
    """A convolution with one group for each input channel, as other tools write depthwise ones."""
    return bool(operation.kernel.shape[-2] == 1)
