"""Private names used, and taken away. See `cases_worker.py`.

What a case returns begins with what `fallbacks` noted: nothing, where the fast way was taken.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow.python.framework import convert_to_constants

from edgekit.compat import fallbacks
from edgekit.compat import keras as compat_keras
from edgekit.compat import tensorflow as compat_tensorflow
from edgekit.compat import tf_keras as compat_tf_keras
from edgekit.compress.prune.rebuild_narrower import _lambda_again
from edgekit.compress.train.losses import scores
from edgekit.compress.train.trainers import Copying
from edgekit.core.records import TensorSpec
from edgekit.frontend.export import export
from edgekit.frontend.load import custom_objects, keras_model
from edgekit.frontend.load.id_limits import embedding_limits
from edgekit.tflite import interpreter, read

Result = dict[str, Any]
KERAS = {"keras3": keras, "keras2": tf_keras}


def afterwards() -> None:
    fallbacks.clear()


@contextmanager
def without(owner: Any, name: str) -> Iterator[None]:
    kept = getattr(owner, name)
    delattr(owner, name)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def _answer(**values: Any) -> Result:
    return {"fallbacks": fallbacks.taken(), **values}


# -- TensorFlow


def _converter_class() -> type:
    function = tf.function(lambda x: x).get_concrete_function(tf.TensorSpec([1]))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    [owner] = [c for c in type(converter).__mro__ if "_freeze_concrete_function" in vars(c)]
    return owner


def exported(gone: str | None = None) -> Result:
    """Outputs of an exported model, and how often its graph was frozen for the converter."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu")])
    loaded = keras_model.wrap_keras3(model)
    frozen, calls = compat_tensorflow.frozen_graph, []

    def counted(function: Any) -> Any:
        calls.append(function)
        return frozen(function)

    compat_tensorflow.frozen_graph = counted
    try:
        if gone is None:
            content = export.export(loaded, export.fix_shapes(loaded, {}))
        else:
            held = hasattr(convert_to_constants, gone)
            with without(convert_to_constants if held else _converter_class(), gone):
                content = export.export(loaded, export.fix_shapes(loaded, {}))
    finally:
        compat_tensorflow.frozen_graph = frozen
    samples = {loaded.inputs[0].name: np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)}
    [values] = interpreter.run(read(content), samples).values()
    return _answer(outputs=values.reshape(-1).tolist(), frozen=len(calls))


def converter_names() -> list[str]:
    """Of the names that are set on the converter, those that it has."""
    function = tf.function(lambda x: x).get_concrete_function(tf.TensorSpec([1]))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    names = ("experimental_lower_to_saved_model", "_freeze_concrete_function")
    return [name for name in names if hasattr(converter, name)]


def frozen_operators(inline: bool) -> Result:
    weight = tf.Variable(tf.ones((2, 2)))
    inner = tf.function(lambda x: tf.matmul(x, weight))
    function = tf.function(lambda x: inner(x) + weight).get_concrete_function(tf.TensorSpec([1, 2]))
    frozen = compat_tensorflow.freeze_variables(function, inline=inline)
    types = [operation.type for operation in frozen.graph.get_operations()]
    return _answer(types=sorted(set(types)), inputs=len(frozen.inputs))


def limits(gone: bool) -> Result:
    table = tf.Variable(tf.ones((7, 2)))
    spec = TensorSpec(name="ids", shape=(-1, 3), dtype="int32")

    def call(values: dict[str, Any]) -> dict[str, Any]:
        return {"rows": tf.gather(table, values["ids"])}

    if not gone:
        return _answer(limits=embedding_limits(call, (spec,)))
    with without(convert_to_constants, "convert_variables_to_constants_v2"):
        return _answer(limits=embedding_limits(call, (spec,)), **_answer())


def functions_within(gone: bool) -> Result:
    inner = tf.function(lambda x: tf.matmul(x, x))
    graph = tf.function(lambda x: inner(x)).get_concrete_function(tf.TensorSpec([2, 2])).graph
    graphs = list(compat_tensorflow.graph_functions(SimpleNamespace() if gone else graph))
    return _answer(types=[op.type for graph in graphs for op in graph.get_operations()])


def named_within() -> Result:
    inner = tf.function(lambda x: tf.matmul(x, x))
    graph = tf.function(lambda x: inner(x)).get_concrete_function(tf.TensorSpec([2, 2])).graph
    named = compat_tensorflow.named_functions(graph)
    library = {f.signature.name for f in graph.as_graph_def().library.function}
    return _answer(same=set(named) == library, count=len(named))


def definitions(damaged: bool) -> Result:
    def body(i: Any, x: Any) -> tuple[Any, Any]:
        return i + 1, tf.sinh(x)

    loop = tf.function(lambda x: tf.while_loop(lambda i, x: i < 3, body, (0, x))[1])
    graph = loop.get_concrete_function(tf.TensorSpec([2, 5])).graph.as_graph_def()
    (definition,) = [
        f for f in graph.library.function if any(node.op == "Sinh" for node in f.node_def)
    ]
    if damaged:
        definition.node_def[0].op = "NoSuchOperator"
    found = compat_tensorflow.graph_of_definition(definition)
    operations = found.get_operations() if found else []
    return _answer(shapes=[op.outputs[0].shape.as_list() for op in operations if op.type == "Sinh"])


def operators() -> Result:
    known = {n: compat_tensorflow.is_operator(n) for n in ("MatMul", "_Retval", "NoSuchOperator")}
    return _answer(known=known, raw=hasattr(tf.raw_ops, "_Retval"))


def parsed() -> Result:
    module = tf.Module()
    module.serve = tf.function(lambda x: tf.cos(x), input_signature=[tf.TensorSpec([1])])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder)
        [meta] = compat_tensorflow.parse_saved_model(Path(folder)).meta_graphs
    return _answer(
        types=sorted({n.op for f in meta.graph_def.library.function for n in f.node_def})
    )


def initializer() -> Result:
    with tf.Graph().as_default():
        variable = tf.compat.v1.get_variable("v", initializer=1.0)
        name, content = variable.initializer.name, variable.to_proto().SerializeToString()
    return _answer(same=compat_tensorflow.variable_initializer(content) == name)


# -- Keras of both


def histories(kind: str) -> Result:
    k = KERAS[kind]
    x = k.Input((4,), name="x")
    layer = k.layers.Dense(2, name="dense")
    layer(x)
    y = layer(x)
    found = compat_keras.history(y)
    readers = compat_keras.calls_that_read(found.operation)
    of_input = compat_keras.calls_that_read(compat_keras.history(x).operation)
    return _answer(
        place=[found.operation.name, found.node_index, found.tensor_index],
        other=compat_keras.history(3),
        readers=len(readers),
        of_input=[(c.operation if kind == "keras3" else c.layer).name for c in of_input],
        of_none=compat_keras.calls_that_read(None),
    )


def call() -> Result:
    x, z = keras.Input((4,), name="x"), keras.Input((4,), name="z")
    y = keras.ops.concatenate([x, z], axis=-1)
    made = compat_keras.call_that_made(y)
    return _answer(
        kind=type(made.operation).__name__,
        outputs=[t is y for t in made.outputs],
        inputs=[t is s for t, s in zip(made.arguments.keras_tensors, (x, z), strict=True)],
        given=len(made.arguments.args) + len(made.arguments.kwargs),
        training="training" in keras.layers.Dropout(0.5).call_signature_parameters,
    )


def inputs() -> Result:
    unnamed, named = keras.Input((4,)), keras.Input((4,), name="b")
    model = keras.Model([unnamed, named], keras.ops.add(unnamed, named))
    return _answer(
        names=[compat_keras.input_name(tensor) for tensor in model.inputs],
        layers=[model.layers[0].name, "b"],
        loaded=[spec.name for spec in keras_model.wrap_keras3(model).inputs],
        numbered=unnamed.name.startswith("keras_tensor"),
    )


def layers(kind: str) -> Result:
    k = KERAS[kind]
    wrapped = k.layers.Bidirectional(k.layers.LSTM(2), name="both")
    model = k.Sequential([k.Input((3, 4)), wrapped, k.layers.Dense(1, name="dense")], name="model")
    found = compat_keras.all_layers(model)
    return _answer(
        names=[layer.name for layer in found],
        kinds=[type(layer).__name__ for layer in found],
        public=[layer.name for layer in model.layers],
    )


def lambda_shape(gone: bool) -> Result:
    layer = keras.layers.Lambda(lambda x: x[:, :3], output_shape=(3,), name="cut")
    if gone:
        del layer._output_shape
    shape = compat_keras.lambda_output_shape(layer)
    answer = _answer(shape=None if callable(shape) else list(shape))
    if gone:
        layer._output_shape = (3,)
        shape = layer.compute_output_shape
        again = keras.layers.Lambda(layer.function, output_shape=shape)
    else:
        again = _lambda_again(layer)
    return {**answer, "again": list(again(keras.Input((8,))).shape)}


def student_loss() -> Result:
    def model() -> Any:
        x = keras.Input((2,), name="x")
        return keras.Model({"x": x}, {"output_0": keras.layers.Dense(1)(x)})

    class Loss(keras.distillation.DistillationLoss):
        def compute_loss(self, teacher: Any, student: Any, **options: Any) -> Any:
            return keras.ops.mean((teacher["output_0"] - student["output_0"]) ** 2)

    teacher, student = model(), model()
    losses = {"output_0": lambda y, p: keras.ops.mean((y - p) ** 2)}
    plain = keras.distillation.Distiller(
        teacher=teacher, student=student, distillation_losses=Loss(), student_loss_weight=0.5
    )
    plain.compile(loss=losses)
    before = type(vars(plain)["_student_loss"]).__name__
    ours = Copying(
        teacher=teacher, student=student, distillation_losses=Loss(), student_loss_weight=0.5
    )
    ours.compile(loss=losses)
    x = {"x": np.ones((4, 2), np.float32)}
    ours.fit(x, {"output_0": np.ones((4, 1), np.float32)}, verbose=0)
    try:
        compat_keras.set_student_loss(SimpleNamespace(), losses)
    except AttributeError as error:
        refused = str(error)
    return _answer(before=before, after=type(vars(ours)["_student_loss"]).__name__, gone=refused)


def logits() -> Result:
    given = tf.constant([[1.0, 2.0, 4.0]])
    result: Result = {}
    for name, kind in (("softmax", "Softmax"), ("sigmoid", "Sigmoid")):
        activation = getattr(keras.activations, name)
        output = activation(given)
        # A copy has lost them: then they are found again but for a constant.
        again = activation(scores(tf.identity(output), kind))
        result[name] = {
            "kept": compat_keras.kept_logits(output) is given,
            "taken": scores(output, kind) is given,
            "error": float(np.abs(np.asarray(again) - np.asarray(output)).max()),
        }
    layer = keras.layers.Dense(2, activation="softmax")
    result["layer"] = compat_keras.kept_logits(layer(given)) is not None
    result["other"] = compat_keras.kept_logits(given) is None
    return _answer(**result)


def traced() -> Result:
    def serve(x: Any) -> Any:
        return keras.ops.argmax(x)

    graph = tf.function(serve).get_concrete_function(tf.TensorSpec([3])).graph
    [found] = [op for op in graph.get_operations() if op.type == "ArgMax"]
    own = next(op for op in graph.get_operations() if op.type == "Placeholder")
    return _answer(
        name=compat_keras.traced_function(found.traceback),
        none=compat_keras.traced_function(own.traceback),
    )


def operations() -> Result:
    found = custom_objects.operations()
    return _answer(
        names=sorted(set(found) & {"Add", "NotEqual", "GetItem", "Dense", "Function", "Softmax"}),
        foreign=[n for n, value in found.items() if not value.__module__.startswith("keras.")],
        count=len(found),
    )


# -- tf_keras


def safe() -> Result:
    model = tf_keras.Sequential([tf_keras.Input((2,)), tf_keras.layers.Lambda(lambda x: x + 1)])
    text, results = model.to_json(), {}
    for name, flag in (("safe", True), ("unsafe", False)):
        try:
            with compat_tf_keras.safe_mode(flag):
                tf_keras.models.model_from_json(text)
            results[name] = "loaded"
        except ValueError as error:
            results[name] = "refused" if "lambda" in str(error).lower() else str(error)
    return _answer(**results)


def recurrence(gone: bool) -> Result:
    inner = tf_keras.layers.LSTM(2, return_sequences=True)
    layers = [tf_keras.layers.Bidirectional(inner), tf_keras.layers.GRU(2, name="gru")]
    model = tf_keras.Sequential([tf_keras.Input((3, 4)), *layers])
    kinds = (tf_keras.layers.LSTM, tf_keras.layers.GRU)
    found = [layer for layer in compat_keras.all_layers(model) if isinstance(layer, kinds)]
    before = [getattr(layer, "_could_use_gpu_kernel", None) for layer in found]
    if gone:
        for layer in found:
            del layer._could_use_gpu_kernel
    with compat_tf_keras.as_it_recurred(model):
        compat_tf_keras.use_plain_recurrence(model)
        after = [getattr(layer, "_could_use_gpu_kernel", None) for layer in found]
    restored = [getattr(layer, "_could_use_gpu_kernel", None) for layer in found]
    return _answer(before=before, after=after, restored=restored)


def own_weights() -> Result:
    """What a wrapper holds itself, and the kernels within attention."""
    wrapper = tf_keras.layers.TimeDistributed(tf_keras.layers.Dense(2))
    wrapper.build((None, 3, 4))
    wrapper.add_weight(name="more", shape=(), trainable=False)
    attention = tf_keras.layers.MultiHeadAttention(2, 3)
    attention(tf.zeros((1, 4, 5)), tf.zeros((1, 4, 5)))
    kernels = compat_tf_keras.attention_kernels(attention)
    return _answer(
        trainable=len(compat_tf_keras.own_weights(wrapper)),
        others=[w.name for w in compat_tf_keras.own_weights(wrapper, trainable=False)],
        kernels=[list(kernel.shape) for kernel in kernels],
    )


def metrics() -> Result:
    found = compat_tf_keras.metric_globals()
    return _answer(same=found is tf_keras.metrics.deserialize.__globals__, mean="Mean" in found)


def descriptions() -> Result:
    model = tf_keras.Sequential([tf_keras.Input((2,)), tf_keras.layers.Dense(1, name="dense")])
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder, save_format="tf")
        content = (Path(folder) / "keras_metadata.pb").read_bytes()
    found = compat_tf_keras.layer_descriptions(content)
    return _answer(
        kinds=sorted({kind for kind, _ in found}), dense=any('"dense"' in text for _, text in found)
    )


def network() -> Result:
    x = tf_keras.Input((4,), name="x")
    shared = tf_keras.layers.Dense(4, name="shared")
    first = shared(x)
    y = tf_keras.layers.Add(name="sum")([shared(first), first])
    model = tf_keras.Model(x, y)
    found = compat_tf_keras.network(model)
    assert found is not None

    class Subclassed(tf_keras.Model):
        pass

    return _answer(
        calls=[call.layer.name for call in found.calls],
        reads=[len(call.keras_inputs) for call in found.calls],
        uses=[found.uses[str(id(tensor))] for tensor in (x, first, y)],
        given=[found.calls[-1].flat_output_ids == [str(id(y))]],
        mapped=len(found.calls[0].map_arguments({str(id(x)): [1]})[0]),
        code=compat_tf_keras.network(Subclassed()),
    )
