"""A smaller Keras model: the same layers with some of their channels taken out.

Every layer is made anew from its configuration, with fewer filters or units where channels went;
the new ones are called as the old ones were, and get what is left of their weights. The result is
an ordinary model of the same layers, names and nesting.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.compat.keras import call_that_made, lambda_output_shape
from edgekit.compress.prune.channel_groups import Channels
from edgekit.compress.prune.keras_graph import arguments_with, is_walkable, ordered_calls
from edgekit.compress.prune.layer_graph import Graph, Node
from edgekit.compress.prune.layer_kinds import Kind, kind_of, last_axis
from edgekit.core.errors import InternalError, ModelError, UsageError

# The number of its own channels in a layer's configuration.
_SIZES: dict[Kind, str] = {
    "conv": "filters",
    "grouped": "filters",
    "transposed": "filters",
    "separable": "filters",
    "dense": "units",
    "embedding": "output_dim",
}


def remove(model: Any, graph: Graph, channels: Channels, kept: np.ndarray) -> Any:
    """The model without the channels that are not kept.

    It computes what the original would if nothing read those channels. It is not compiled.

    Args:
        model: A Functional or Sequential Keras 3 model; it is not changed.
        graph: What `layer_graph.walk` made of it.
        channels: What `channel_groups.find` made of that.
        kept: By atom, whether it stays; bool, shape `(channels.count,)`.

    Returns:
        A Keras model of its own, which shares no weights with the original.

    Raises:
        UsageError: Nothing would be left of a layer.
        ModelError: A layer cannot be made again from its own configuration.
    """
    kept = np.asarray(kept, dtype=bool)
    if kept.shape != (channels.count,):
        raise InternalError(f"kept has the shape {kept.shape}, not ({channels.count},)")
    _require_some(graph, channels, kept)
    builder = _Builder(graph, channels, kept)
    smaller = builder.model(model)
    builder.copy_weights()
    return smaller


def _require_some(graph: Graph, channels: Channels, kept: np.ndarray) -> None:
    for node in graph.nodes:
        for tensor in node.outputs:
            mask = channels.mask(tensor, kept)
            if len(mask) and not mask.any():
                raise UsageError(
                    "A layer must keep at least one of its channels.",
                    received=f"{node.name} without any of its {len(mask)}",
                    hint="ask for a smaller sparsity, or leave this layer out.",
                )


class _Builder:
    """Makes each layer again, once, and remembers which came of which."""

    def __init__(self, graph: Graph, channels: Channels, kept: np.ndarray) -> None:
        self.graph = graph
        self.channels = channels
        self.kept = kept
        # The first call of a layer stands for all: `channel_groups.find` made them agree.
        self.nodes: dict[int, Node] = {}
        for node in graph.nodes:
            self.nodes.setdefault(id(node.operation), node)
        self.reads = {id(nested.model): nested.calls[0] for nested in graph.nested}
        self.made: dict[int, tuple[Any, Any]] = {}

    def mask(self, tensor: int) -> np.ndarray:
        return self.channels.mask(tensor, self.kept)

    def model(self, model: Any) -> Any:
        """A model with its layers made again; nested ones read what is left of their inputs."""
        import keras

        inputs = [
            keras.Input(
                batch_shape=shape,
                dtype=tensor.dtype,
                sparse=tensor.sparse,
                name=call_that_made(tensor).operation.name,
                optional=call_that_made(tensor).operation.optional,
            )
            for tensor, shape in zip(model.inputs, self._input_shapes(model), strict=True)
        ]
        if isinstance(model, keras.Sequential):
            layers = [self.operation(layer) for layer in model.layers]
            smaller = keras.Sequential([*inputs, *layers], name=model.name)
        else:
            values = {id(old): new for old, new in zip(model.inputs, inputs, strict=True)}
            for call in ordered_calls(model):
                read = iter([values[id(tensor)] for tensor in call.arguments.keras_tensors])
                args, kwargs = arguments_with(call.arguments, read)
                given = keras.tree.flatten(self.operation(call.operation)(*args, **kwargs))
                values.update({id(old): new for old, new in zip(call.outputs, given, strict=True)})
            outputs = [values[id(tensor)] for tensor in model.outputs]
            smaller = keras.Model(
                keras.tree.pack_sequence_as(model.input, inputs),
                keras.tree.pack_sequence_as(model.output, outputs),
                name=model.name,
            )
        if not model.trainable:
            # Setting it reaches into every layer, and those have their own settings.
            smaller.trainable = False
        return smaller

    def _input_shapes(self, model: Any) -> list[tuple[int | None, ...]]:
        shapes = [tuple(tensor.shape) for tensor in model.inputs]
        reads = self.reads.get(id(model), ())
        for i, tensor in enumerate(reads):
            mask = self.mask(tensor)
            if len(mask) and shapes[i][-1] is not None:
                shapes[i] = (*shapes[i][:-1], int(mask.sum()))
        return shapes

    def operation(self, operation: Any) -> Any:
        """A layer or operation made again; the same one for each of its calls."""
        if id(operation) in self.made:
            return self.made[id(operation)][1]
        if is_walkable(operation):
            new = self.model(operation)
        else:
            new = self._again(operation)
        self.made[id(operation)] = (operation, new)
        return new

    def _again(self, operation: Any) -> Any:
        import keras

        if type(operation) is keras.layers.Lambda:
            # From its configuration it would be unpacked from bytecode, which Keras refuses.
            return _lambda_again(operation)
        try:
            config = operation.get_config()
            node = self.nodes.get(id(operation))
            if node is not None:
                config = self._smaller(node, dict(config))
            return type(operation).from_config(config)
        except Exception as error:
            raise ModelError(
                "A layer could not be rebuilt from its own configuration.",
                received=f"{operation.name!r}, a {type(operation).__name__}: {error}",
                hint="give the layer a get_config that holds all arguments of its __init__.",
            ) from error

    def _smaller(self, node: Node, config: dict[str, Any]) -> dict[str, Any]:
        """A configuration with the numbers of channels that are left."""
        kind = kind_of(node.operation)
        if kind is None:
            return config
        read = self.mask(node.inputs[0])
        given = self.mask(node.outputs[0])
        if read.all() and given.all():
            return config
        if kind in _SIZES:
            config[_SIZES[kind]] = int(given.sum())
        if kind == "grouped":
            config["groups"] = int(read.sum())
        if kind == "reshape":
            key = "target_shape" if "target_shape" in config else "newshape"
            shape = tuple(config[key])
            config[key] = shape if shape[-1] == -1 else (*shape[:-1], int(given.sum()))
        if kind == "split" and last_axis(
            node.operation.axis, len(self.graph.shapes[node.inputs[0]])
        ):
            widths = [int(self.mask(tensor).sum()) for tensor in node.outputs]
            config["indices_or_sections"] = tuple(np.cumsum(widths[:-1]).tolist())
        return config

    def copy_weights(self) -> None:
        """Give each new layer what is left of the old one's weights."""
        import keras

        for old, new in self.made.values():
            if not isinstance(old, keras.Layer) or is_walkable(old) or not old.weights:
                continue
            node = self.nodes.get(id(old))
            kind = kind_of(old)
            arrays = [np.asarray(weight) for weight in old.weights]
            if node is not None and kind is not None:
                read, given = self.mask(node.inputs[0]), self.mask(node.outputs[0])
                # Nothing went: then nobody here needs to know where its channels are.
                if not (read.all() and given.all()):
                    arrays = [
                        sliced(kind, weight.name, array, read, given)
                        for weight, array in zip(old.weights, arrays, strict=True)
                    ]
            new.set_weights(arrays)
            if hasattr(new, "finalize_state"):
                # A Normalization computes with the root of the variance, made of its weights.
                new.finalize_state()


def sliced(
    kind: Kind, name: str, weight: np.ndarray, read: np.ndarray, given: np.ndarray
) -> np.ndarray:
    """What is left of one weight, as a new array.

    Args:
        kind: Of the layer.
        name: Of the weight in Keras: `kernel`, `bias`, `gamma`.
        weight: Its values, shaped as Keras shapes them: convolutions `(..., in, out)`,
            transposed ones `(..., out, in)`, depthwise ones `(..., in, multiplier)`.
        read: Which channels of the input stay; bool, shape `(in,)`.
        given: Which channels of the output stay; bool, shape `(out,)`.
    """
    into, out = _axes(kind, name)
    kept = weight
    if out is not None and (kind != "prelu" or weight.shape[-1] == len(given)):
        kept = np.compress(given, kept, axis=out)
    if into is not None:
        # A separable convolution's second kernel reads each channel `multiplier` times.
        kept = np.compress(np.repeat(read, weight.shape[into] // len(read)), kept, axis=into)
    return np.array(kept)


def _axes(kind: Kind, name: str) -> tuple[int | None, int | None]:
    """The axes of a weight that go with the channels that are read and with those given."""
    if name == "bias":
        return None, 0
    if kind == "separable":
        return (-2, None) if name == "depthwise_kernel" else (-2, -1)
    return {
        "conv": (-2, -1),
        "dense": (-2, -1),
        "transposed": (-1, -2),
        "depthwise": (-2, None),
        "grouped": (None, -1),
        "embedding": (None, -1),
        "batch_norm": (None, -1),
        "prelu": (None, -1),
    }.get(kind, (None, None))


def _lambda_again(layer: Any) -> Any:
    import keras

    return keras.layers.Lambda(
        layer.function,
        output_shape=lambda_output_shape(layer),
        mask=layer.mask,
        arguments=layer.arguments,
        name=layer.name,
        dtype=layer.dtype_policy,
    )
