"""Hash tables of lookup layers: what the file needs of them.

TFLite has tables from text to int64 and back (HASHTABLE, HASHTABLE_IMPORT, HASHTABLE_FIND): they
go into the file as they are, if what the converter is given holds them. What they find has no
shape for the converter, so that it is said. One from numbers to numbers has no operator. There each
key is compared with the input, which is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from edgekit.frontend.load.loaded import LoadedModel

_NUMBERS = ("int32", "int64", "float32")


def tables(loaded: LoadedModel) -> list[Any]:
    """The tables of a model and of all its layers; none of a SavedModel, which holds its own."""
    import tensorflow as tf

    if loaded.model is None:
        return []
    held = tf.saved_model.experimental.TrackableResource
    return [
        found
        for found in tf.train.TrackableView(loaded.model).descendants()
        if isinstance(found, held) and hasattr(found, "lookup")
    ]


@contextmanager
def traceable(found: Sequence[Any]) -> Iterator[list[Any]]:
    """While it lasts, tables are traced as TFLite can look up.

    Args:
        found: Tables of a model.

    Yields:
        Those that the file has to hold.
    """
    held = []
    for table in found:
        if _is_of_numbers(table):
            table.lookup = _comparison(table)
        else:
            held.append(table)
            table.lookup = _shaped(table.lookup)
    try:
        yield held
    finally:
        for table in found:
            del table.lookup


def _shaped(lookup: Any) -> Any:
    """A function that looks up, and says the shape."""
    import tensorflow as tf

    def shaped(keys: Any, name: str | None = None) -> Any:
        values = lookup(keys, name)
        return tf.reshape(values, keys.shape) if keys.shape.is_fully_defined() else values

    return shaped


def _is_of_numbers(table: Any) -> bool:
    dtypes = (table.key_dtype.name, table.value_dtype.name)
    return all(name in _NUMBERS for name in dtypes) and hasattr(table, "default_value")


def _comparison(table: Any) -> Any:
    """A function that does what the table's `lookup` does."""
    import tensorflow as tf

    with tf.init_scope():
        keys, values = (array.numpy() for array in table.export())
    order = keys.argsort()  # a table has no order of its own: the file would differ each time
    keys, values = keys[order], values[order]

    def lookup(ids: Any, name: str | None = None) -> Any:
        default = tf.cast(table.default_value, table.value_dtype)
        if not len(keys):
            return tf.fill(tf.shape(ids), default)
        same = tf.equal(tf.expand_dims(tf.cast(ids, table.key_dtype), -1), keys)
        # At most one key is the same. The others add nothing.
        beyond = tf.where(same, values - default, tf.zeros([], table.value_dtype))
        return tf.add(tf.reduce_sum(beyond, axis=-1), default, name=name)

    return lookup
