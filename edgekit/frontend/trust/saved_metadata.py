"""What tf_keras builds from a SavedModel beside its graph: a configuration for each layer.

It lies in `keras_metadata.pb`, or, before TensorFlow 2.5, inside `saved_model.pb`. tf_keras looks
its texts up as it does those of an `.h5` file, so it passes the same check.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgekit.core.errors import ModelError, UnsafeModelError, reading
from edgekit.frontend.load.archive import DAMAGED, read_json
from edgekit.frontend.trust import allowed_classes, allowed_symbols
from edgekit.frontend.trust.check_config import check
from edgekit.frontend.trust.config_graph import check_order

_METRIC = "_tf_keras_metric"


def check_metadata(folder: Path, *, unsafe: bool) -> None:
    """Refuse a SavedModel whose layers tf_keras cannot bring back without code of the file.

    Args:
        folder: The SavedModel.
        unsafe: The person trusts the file: only that its layers can be built is checked.

    Raises:
        UnsafeModelError: A layer would run code or read a file, and `unsafe` is False.
        ModelError: Damaged, or a class that is not Keras' own.
    """
    with reading(
        folder, "The Keras part of the SavedModel is damaged.", kind=ModelError, hint=DAMAGED
    ):
        nodes = list(_nodes(folder))
    for identifier, text in nodes:
        metadata = read_json(folder, text, "The Keras description of a layer")
        metadata.pop("training_config", None)  # read only where a model is compiled
        check_order(metadata.get("config"))
        if unsafe:
            continue
        if identifier == _METRIC:
            _check_metric(metadata)
        else:
            check(metadata, _nothing)


def _nothing(name: str) -> str | None:
    """No class or function is the person's own: pruning takes none."""
    return None


def _nodes(folder: Path) -> Iterator[tuple[str, str]]:
    """The kind and the description of every Keras object, from where tf_keras takes them."""
    import tensorflow as tf
    from tf_keras.protobuf.saved_metadata_pb2 import SavedMetadata

    file = folder / "keras_metadata.pb"
    if file.exists():
        for node in SavedMetadata.FromString(file.read_bytes()).nodes:
            yield node.identifier, node.metadata
        return
    graph = tf.__internal__.saved_model.parse_saved_model(str(folder)).meta_graphs[0]
    for node in graph.object_graph_def.nodes:
        if node.user_object.identifier.startswith("_tf_keras_") and node.user_object.metadata:
            yield node.user_object.identifier, node.user_object.metadata


def _check_metric(metadata: dict[str, Any]) -> None:
    """A metric is not used, but tf_keras makes it, of any global of its module.

    What that module does not have stays unmade, without an error.
    """
    from tf_keras.src import metrics

    config = metadata.get("config")
    check(config, _nothing)
    kind, function = metadata.get("class_name"), isinstance(config, dict) and config.get("fn")
    known = kind in allowed_classes.METRICS or kind not in vars(metrics)
    computes = f"keras.metrics.{function}" in allowed_symbols.FUNCTIONS
    if not known or not (computes or function not in vars(metrics)):
        raise UnsafeModelError(
            "The model holds code that was not allowed to run.",
            received=f"the metric {metadata.get('name')!r}, which calls {kind} with {function}",
            hint="pass --unsafe if you trust whoever made the file.",
        )
