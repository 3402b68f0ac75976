"""What tf_keras (Keras 2) does not document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from edgekit.compat import fallbacks
from edgekit.compat.keras import all_layers


@contextmanager
def safe_mode(safe: bool) -> Iterator[None]:
    """Refuse code that a file holds (or allow it), as long as the block lasts.

    Read in tf_keras 2.21.0 (`serialization_lib.SafeModeScope`). `load_model(..., safe_mode=)`,
    which is public, means `.keras` files only. Without it no Keras 2 model is loaded.
    """
    from tf_keras.src.saving.serialization_lib import SafeModeScope

    with SafeModeScope(safe):
        yield


def use_plain_recurrence(model: Any) -> None:
    """Keep a model from tracing each LSTM and GRU three times over, once for each device.

    Read in tf_keras 2.21.0 (`_could_use_gpu_kernel`). Without it the LSTM comes out as a composite
    whose state outlives a call, and the export refuses a model that does not agree with Keras.
    """
    import tf_keras

    for layer in all_layers(model):
        if not isinstance(layer, tf_keras.layers.LSTM | tf_keras.layers.GRU):
            continue
        if hasattr(layer, "_could_use_gpu_kernel"):
            layer._could_use_gpu_kernel = False
        else:
            fallbacks.note("use_plain_recurrence", f"no _could_use_gpu_kernel in {layer.name}")


@contextmanager
def as_it_recurred(model: Any) -> Iterator[None]:
    """What `use_plain_recurrence` does to a model is undone when the block ends.

    Read in tf_keras 2.21.0 (`_could_use_gpu_kernel`). Without it a live model's LSTM and GRU would
    no longer use the kernels of a GPU.
    """
    flag = "_could_use_gpu_kernel"
    before = {id(layer): (layer, getattr(layer, flag, None)) for layer in all_layers(model)}
    try:
        yield
    finally:
        for layer, value in before.values():
            if value is not None:
                setattr(layer, flag, value)


def own_weights(layer: Any, *, trainable: bool = True) -> list[Any]:
    """The weights that a layer itself holds, without those within it: the list, to be added to.

    Read in tf_keras 2.21.0 (`_trainable_weights`, `_non_trainable_weights`). There is no public
    way. Without it no `.h5` or `.keras` file of tfmot is loaded.
    """
    found: list[Any] = layer._trainable_weights if trainable else layer._non_trainable_weights
    return found


def attention_kernels(layer: Any) -> list[Any]:
    """The kernels of a MultiHeadAttention's four products: query, key, value, output.

    Read in tf_keras 2.21.0 (`_query_dense` and its like). Without it no file of tfmot that pruned
    attention is loaded.
    """
    products = (layer._query_dense, layer._key_dense, layer._value_dense, layer._output_dense)
    return [product.kernel for product in products]


def metric_globals() -> Mapping[str, Any]:
    """What a metric that a SavedModel describes may name: any global of tf_keras' own module.

    Read in tf_keras 2.21.0 (`tf_keras.src.metrics`, whose globals `metrics.deserialize` takes).
    Without it no SavedModel with metrics can be pruned; it is refused.
    """
    from tf_keras.src import metrics

    found: Mapping[str, Any] = vars(metrics)
    return found


def layer_descriptions(content: bytes) -> list[tuple[str, str]]:
    """The kind and the JSON of each object that `keras_metadata.pb` describes.

    Read in tf_keras 2.21.0 (`tf_keras.protobuf.saved_metadata_pb2`). Without it no SavedModel can
    be pruned; it is refused.
    """
    from tf_keras.protobuf.saved_metadata_pb2 import SavedMetadata

    return [(node.identifier, node.metadata) for node in SavedMetadata.FromString(content).nodes]


@dataclass(frozen=True, slots=True)
class Network:
    """A functional or sequential model as its calls.

    Attributes:
        calls: Each after those whose outputs it reads; calls that make inputs are not among them.
            A call has `layer`, `keras_inputs` and `flat_output_ids` (of tensors, `str(id(t))`), and
            `map_arguments`, which takes values from lists of one for each use.
        uses: How often a tensor is read or returned, by `str(id(tensor))`.
    """

    calls: list[Any]
    uses: Mapping[str, int]


def network(model: Any) -> Network | None:
    """The calls of a functional or sequential model; None for one whose `call` is code.

    Read in tf_keras 2.21.0 (`_is_graph_network`, `_nodes_by_depth`, `_tensor_usage_count`, and the
    class `Node`). There is no public way. Without it no Keras 2 model can be pruned.
    """
    if not getattr(model, "_is_graph_network", False):
        return None
    by_depth = model._nodes_by_depth
    calls = [call for depth in sorted(by_depth, reverse=True) for call in by_depth[depth]]
    return Network([call for call in calls if not call.is_input], model._tensor_usage_count)
