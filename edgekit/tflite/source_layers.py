"""The source layer behind a tensor's name."""

from __future__ import annotations

import re
from functools import lru_cache

# Wrappers that conversion puts around the model; they say nothing of a layer.
_WRAPPER = re.compile(r"^(Stateful|Stateless)?PartitionedCall(_\d+)?$")
# What the quantizer and the converter append to the tensors they add.
# The numbers of repeats are bounded, so that a hostile name takes no time by its square.
_SUFFIX = re.compile(r"(_dequant|_quantized|_int8|_requantized|_duplicated_\d{1,9}){1,16}$")
# Operators inside one layer, behind its name: `dense/BiasAdd/ReadVariableOp/resource`.
_INNER = {
    "BiasAdd",
    "ReadVariableOp",
    "Tensordot",
    "MatMul",
    "Conv2D",
    "Conv1D",
    "Conv3D",
    "ExpandDims",
    "ExpandDims_1",
    "Squeeze",
    "Reshape",
    "Cast",
    "Shape",
    "Const",
    "batchnorm",
    "moments",
    "resource",
    "strided_slice",
    "while",
    "body",
    "einsum",
    "Einsum",
    "FusedBatchNormV3",
}
_CELL = re.compile(r"^(lstm|gru|simple_rnn)_cell(_\d+)?$")
# The operators that hold a layer's weights. Converters add digits to make names unique.
_HEAVY = re.compile(
    r"^(convolution|depthwise|separable_conv2d|conv\dd_transpose|conv_transpose|dot|einsum"
    r"|Tensordot|MatMul|Conv\dD|DepthwiseConv2dNative|Gather\w*+|embedding_lookup|BatchMatMul\w*+)"
    r"_?\d*([./]|$)"
)
# What is fused into the operator before it.
_LIGHT = re.compile(r"^(Relu|Relu6|Elu|Selu|Sigmoid|Tanh|Softmax|Pad|clip)_?\d*([./]|$)")
_SLASH = "%2F"  # stands for a slash within a layer's name


@lru_cache(maxsize=4096)
def layer_of(tensor_name: str) -> str:
    """The source layer's name in a tensor name, as far as the name tells.

    A fused operator is named after all that went into it; the layer that holds the weights
    is the one whose operators say so, or else the one named most often.

    Examples:
        >>> layer_of("functional_1/conv2d_1/Relu;functional_1/conv2d_1/convolution")
        'conv2d_1'
        >>> layer_of("model/dense/BiasAdd/ReadVariableOp/resource")
        'dense'
        >>> layer_of("serving_default_image:0")
        'image'
        >>> layer_of("StatefulPartitionedCall:0")
        'StatefulPartitionedCall'

    Args:
        tensor_name: A name from the file.

    Returns:
        The layer; the name itself where it holds none.
    """
    name = _SUFFIX.sub("", tensor_name)
    votes: dict[str, int] = {}  # in the order of the name
    for part in name.split(";"):
        layer, operator = split(part)
        if layer:
            votes[layer] = votes.get(layer, 0) + _weight(operator)
    if not votes:
        return re.sub(r":\d+$", "", name)
    return max(reversed(votes), key=votes.__getitem__)  # the last of those with the most


@lru_cache(maxsize=4096)
def names_a_layer(tensor_name: str) -> bool:
    """Whether a tensor's name tells more than that the model returned it."""
    return any(split(part)[0] for part in _SUFFIX.sub("", tensor_name).split(";"))


def join(layer: str, operator: str) -> str:
    """The name of a tensor that `operator` of `layer` gives; `layer_of` reads it exactly.

    Examples:
        >>> join("block/dense", "while.MatMul")
        'block%2Fdense/while.MatMul'
        >>> layer_of(join("block/dense", "while.MatMul"))
        'block/dense'
    """
    return f"{layer.replace('/', _SLASH)}/{operator}"


def _weight(operator: str) -> int:
    if _HEAVY.match(operator):
        return 8
    return 1 if _LIGHT.match(operator) else 2


def scopes(part: str) -> list[str]:
    """The scopes of one of the names that a tensor's name joins, the operator last."""
    part = re.sub(r":\d+$", "", part.strip())
    part = re.sub(r"^serving_default_", "", part)
    return [step for step in part.split("/") if step and not _WRAPPER.match(step)]


def split(part: str) -> tuple[str, str]:
    """One of the names that a tensor's name joins, as (layer, operator), "" for none."""
    steps = scopes(part)
    if not steps:
        return "", ""
    operator = ""
    while len(steps) > 1 and (not operator or steps[-1] in _INNER or _CELL.match(steps[-1])):
        operator = steps.pop()
    return steps[-1].replace(_SLASH, "/"), operator
