"""Small models looked at by the frontend's parts. See `tests/cases_worker.py`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from ai_edge_litert.interpreter import Interpreter
from state_and_table_cases import exported as exported
from state_and_table_cases import replayed as replayed
from tensorflow.python.framework import convert_to_constants

from edgekit import tflite
from edgekit.compat.tensorflow import freeze_variables, frozen_graph
from edgekit.core.errors import EdgekitError, ExportError
from edgekit.core.records import TensorSpec
from edgekit.data.synthetic import synthetic
from edgekit.frontend.export import export, export_graph
from edgekit.frontend.keras2 import function_layers
from edgekit.frontend.load import custom_objects, keras_model, load
from edgekit.frontend.load.id_limits import embedding_limits
from edgekit.frontend.load.loaded import LoadedModel
from edgekit.frontend.load.saved_model import load_saved_model
from edgekit.frontend.trust import saved_metadata
from edgekit.tflite import interpreter, signal
from tests.frontend.load import tfjs_writer


def _x(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.5, 2.0, shape).astype(np.float32)


def _calls() -> dict[str, tuple[str, list[Any], dict[str, Any]]]:
    a, b = keras.Input((2, 3), name="a"), keras.Input((2, 3), name="b")
    return {
        "add": ("__operators__.add", [a, b], {}),
        "a constant first": ("__operators__.sub", [1.0, a], {}),
        "power": ("math.pow", [a, 2.0], {}),
        "relu": ("nn.relu", [a], {}),
        "old name": ("compat.v1.math.exp", [a], {}),
        "mean": ("math.reduce_mean", [a], {"axis": [1], "keepdims": True}),
        "slice": ("__operators__.getitem", [a, (slice(None), slice(0, 1))], {}),
        "identity": ("identity", [a], {}),
        "concat": ("concat", [[a, b]], {"axis": -1}),
        "clip": ("clip_by_value", [a, 0.75, 1.5], {}),
        "transpose": ("transpose", [a], {"perm": [0, 2, 1]}),
    }


def functions() -> dict[str, float | None]:
    """How far Keras 3's answer is from TensorFlow's, by function; None where none is known."""
    found: dict[str, float | None] = {}
    values = {"a": _x(4, 2, 3), "b": _x(4, 2, 3) + 1}
    for name, (symbol, args, kwargs) in _calls().items():
        made = function_layers.translate(symbol, tuple(args), kwargs, "layer")
        if made is None:
            found[name] = None
            continue
        inputs = [t for t in keras.tree.flatten(args) if isinstance(t, keras.KerasTensor)]
        model = keras.Model(inputs, made)
        got = model([values[t.name] for t in inputs])
        real = keras.tree.map_structure(
            lambda v: tf.constant(values[v.name]) if isinstance(v, keras.KerasTensor) else v, args
        )
        if symbol == "__operators__.getitem":
            wanted = real[0][real[1]]
        elif symbol.startswith("__operators__"):
            wanted = {"add": tf.add, "sub": tf.subtract}[symbol.rpartition(".")[2]](*real)
        else:
            function: Any = tf
            for part in symbol.split("."):
                function = getattr(function, part)
            wanted = function(*real, **kwargs)
        found[name] = float(np.abs(np.asarray(got) - np.asarray(wanted)).max())
    return found


def unknown_functions() -> list[bool]:
    """Functions and options that are not known here."""
    a = keras.Input((2, 3))
    asked = [("linalg.band_part", (a, 1, 1)), ("no.such.function", (a,)), ("nn.relu", (a, a, a))]
    return [function_layers.translate(symbol, args, {}, "n") is None for symbol, args in asked]


def limits() -> dict[str, dict[str, int]]:
    """The ids that an input may hold, by model."""
    table, small = tf.Variable(_x(50, 4)), tf.Variable(_x(7, 4))
    ids = (TensorSpec(name="ids", shape=(-1, 3), dtype="int32"),)
    two = (*ids, TensorSpec(name="more", shape=(-1, 3), dtype="int32"))
    asked = {
        "gather": (lambda v: {"y": tf.gather(table, v["ids"])}, ids),
        "through": (
            lambda v: {"y": tf.gather(table, tf.cast(tf.reshape(v["ids"], (-1, 3)), tf.int64))},
            ids,
        ),
        "smaller": (lambda v: {"y": tf.gather(table, v["ids"]) + tf.gather(small, v["ids"])}, ids),
        "one-hot": (lambda v: {"y": tf.one_hot(v["ids"], 9)}, ids),
        "changed": (lambda v: {"y": tf.gather(table, v["ids"] * 2)}, ids),
        "another axis": (lambda v: {"y": tf.gather(table, v["ids"], axis=1)}, ids),
        "of one of two": (
            lambda v: {"y": tf.gather(table, v["more"]), "z": v["ids"] + 1},
            two,
        ),
    }
    return {name: embedding_limits(call, specs) for name, (call, specs) in asked.items()}


def tfjs_graphs(folder: str) -> dict[str, Any]:
    """How far graph models are from what they were written from, loaded and exported, by name."""
    work, rng = Path(folder), np.random.default_rng(0)
    graph, compute = tfjs_writer.fused_graph(rng)
    signed = {"inputs": {"image": "image:0"}, "outputs": {"scores": "scores:0"}}
    x = rng.random((5, 8, 8, 3)).astype(np.float32)
    made: dict[str, tuple[Any, Any, str | None, dict[str, np.ndarray], dict[str, np.ndarray]]] = {
        name: (graph, signature, kind, {"image": x}, {"scores": compute(x)})
        for name, signature, kind in (
            ("fused", signed, None),
            ("unsigned", None, None),
            ("uint8", signed, "uint8"),
            ("uint16", signed, "uint16"),
            ("float16", signed, "float16"),
        )
    }
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [layers.Input((6,), dtype="int32"), layers.Embedding(9, 4), layers.LSTM(5)]
    )
    function = tf.function(lambda t: model(t, training=False)).get_concrete_function(
        tf.TensorSpec([None, 6], tf.int32)
    )
    frozen = freeze_variables(function)
    named = {"inputs": {"ids:0": frozen.inputs[0].name}, "outputs": {"y": frozen.outputs[0].name}}
    ids = rng.integers(0, 9, (5, 6)).astype(np.int32)
    made["loop"] = (frozen.graph.as_graph_def(), named, None, {"ids": ids}, {"y": model(ids)})
    # As the converter writes it by default: loops in TensorFlow 1's operators, lists in between.
    lowered = convert_to_constants.convert_variables_to_constants_v2(function)
    named = {"inputs": {"ids": lowered.inputs[0].name}, "outputs": {"y": lowered.outputs[0].name}}
    definition = lowered.graph.as_graph_def()
    made["old loop"] = (definition, named, None, {"ids": ids}, {"y": model(ids)})
    found: dict[str, Any] = {}
    for name, (definition, signature, kind, inputs, outputs) in made.items():
        path = tfjs_writer.write(work / name, definition, signature, kind)
        loaded = load.load(path)
        content = export.export(loaded, export.fix_shapes(loaded, {}))
        rows = interpreter.run(tflite.read(content), inputs)
        [(key, wanted)] = outputs.items()
        wanted = np.asarray(wanted)
        found[name] = {
            **_described(loaded),
            "loaded_db": signal.sqnr_db(wanted, loaded.predict(inputs)[key]),
            "file_db": signal.sqnr_db(wanted, rows[key].reshape(wanted.shape)),
            "operators": [op.name for op in tflite.operators(tflite.read(content))],
        }
    return found


def tfjs_graphs_refused(folder: str) -> dict[str, str]:
    """What is said of graph models that are damaged, hostile or unknown, by name."""
    work = Path(folder)
    graph, _ = tfjs_writer.fused_graph(np.random.default_rng(0))

    def reads() -> Any:
        hostile = tf.compat.v1.GraphDef()
        shape = tf.TensorShape([])
        tfjs_writer.node(hostile, "Placeholder", "path", dtype=tf.string, shape=shape)
        tfjs_writer.node(hostile, "ReadFile", "content", "path")
        return hostile

    def changed(change: Callable[[Any], None]) -> Any:
        copied = tf.compat.v1.GraphDef.FromString(graph.SerializeToString())
        change({node.name: node for node in copied.node})
        return copied

    def unknown(nodes: Any) -> None:
        nodes["pool"].op = "NoSuchOperator"

    def fused(nodes: Any) -> None:
        nodes["conv"].attr["fused_ops"].list.s[1] = b"Mystery"

    def lacking(nodes: Any) -> None:
        del nodes["point"].input[3]

    def restores(nodes: Any) -> None:
        nodes["pool"].op = "RestoreV2"

    found = {}
    for name, definition in (
        ("reads", reads()),
        ("restores", changed(restores)),
        ("unknown", changed(unknown)),
        ("fused", changed(fused)),
        ("lacking", changed(lacking)),
        ("no weight", graph),
        ("no outputs", graph),
    ):
        path = tfjs_writer.write(work / name, definition)
        payload = json.loads(path.read_text())
        if name == "no weight":
            del payload["weightsManifest"][0]["weights"][-1]
            shard = path.with_name("group1-shard1of1.bin")
            shard.write_bytes(shard.read_bytes()[: -4 * 5])
        if name == "no outputs":
            payload["signature"] = {"inputs": {"x": {"name": "conv/w:0"}}}
        path.write_text(json.dumps(payload))
        try:
            load.load(path)
        except EdgekitError as error:
            found[name] = f"{type(error).__name__}: {error.brief}"
    return found


def bound_names() -> dict[str, Any]:
    """A file of names that Python and the alphabet put in another order, and one output twice."""
    first, second = keras.Input((3,), name="b first"), keras.Input((3,), name="a-second")
    total = first + 2 * second
    model = keras.Model([first, second], {"z": total, "same": total, "a": second * 3})
    loaded = keras_model.wrap_keras3(model)
    content = export.export(loaded, export.fix_shapes(loaded, {}))
    runner = Interpreter(model_content=content).get_signature_runner()
    x, y = _x(1, 3), _x(1, 3) + 1
    wanted = {"z": x + 2 * y, "same": x + 2 * y, "a": 3 * y}
    got = runner(**{"b first": x, "a-second": y})
    return {
        "inputs": sorted(runner.get_input_details()),
        "outputs": sorted(got),
        "differences": {
            name: float(np.abs(value - got[name]).max()) for name, value in wanted.items()
        },
    }


def unknown_sizes() -> dict[str, Any]:
    """The hint for a model that cannot be traced with unknown sizes, and whether it is true."""
    image = keras.Input((None, None, 3), name="image")
    larger = keras.layers.UpSampling2D(2, interpolation="bilinear")(image)
    loaded = keras_model.wrap_keras3(keras.Model(image, keras.layers.Conv2D(2, 3)(larger)))
    try:
        export.trace(loaded, export.fix_shapes(loaded, {}))
    except ExportError as error:
        hint, received = str(error.hint), str(error.received)
    name, _, sizes = hint.rpartition("--input-shape ")[2].rstrip(".").partition("=")
    fixed = export.fix_shapes(loaded, {name: tuple(map(int, sizes.split(",")))})
    return {"hint": hint, "received": received, "db": _exported_db(loaded, fixed)}


def _exported_db(loaded: LoadedModel, contract: Any) -> float:
    """How near the exported file comes to the model, on made-up samples."""
    samples = synthetic(contract, 3, 0, loaded.id_limits)
    runner = Interpreter(model_content=export.export(loaded, contract)).get_signature_runner()
    rows = [
        runner(**{name: array[i : i + 1] for name, array in samples.inputs.items()})
        for i in range(3)
    ]
    wanted = loaded.predict(samples.inputs)
    return min(
        float(signal.sqnr_db(value, np.concatenate([row[name] for row in rows])))
        for name, value in wanted.items()
    )


def exported_db(path: str) -> float:
    """How near the file exported of a stored model comes to it, on made-up samples."""
    loaded = load.load(Path(path))
    return _exported_db(loaded, export.fix_shapes(loaded, {}))


def saved_by_keys(folder: str) -> dict[str, Any]:
    """A model of one dictionary, exported by Keras 3, whose signature has numbers for names."""

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.score = keras.layers.Dense(2)

        def call(self, parts: Any) -> Any:
            return {"score": self.score(keras.ops.concatenate([parts["user"], parts["item"]], -1))}

    net = Net()
    given = {"user": _x(5, 3), "item": _x(5, 4) + 1}
    wanted = net(given)
    net.export(f"{folder}/keys", verbose=False)
    loaded = load_saved_model(Path(folder, "keys"))
    got = loaded.predict(given)["score"]
    return {
        "inputs": [[spec.name, list(spec.shape)] for spec in loaded.inputs],
        "difference": float(np.abs(got - np.asarray(wanted["score"])).max()),
        "db": _exported_db(loaded, export.fix_shapes(loaded, {})),
    }


def saved_in_float64(folder: str) -> dict[str, Any]:
    """A SavedModel that computes in float64, with a loop in it."""
    kernel = tf.Variable(_x(3, 3).astype(np.float64) / 3)

    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float64, name="x")])
        def serve(self, x: Any) -> Any:
            for _ in tf.range(3):
                x = tf.tanh(x @ self.kernel + tf.constant(0.1, tf.float64))
            return {"y": x}

    net = Net()
    net.kernel = kernel
    tf.saved_model.save(net, f"{folder}/double", signatures=net.serve)
    loaded = load_saved_model(Path(folder, "double"))
    given = _x(5, 3)
    wanted = net.serve(tf.constant(given, tf.float64))["y"].numpy()
    return {
        "dtypes": [spec.dtype for spec in (*loaded.inputs, *loaded.outputs)],
        "notes": list(loaded.notes),
        "same": float(signal.sqnr_db(wanted, loaded.predict({"x": given})["y"])),
        "db": _exported_db(loaded, export.fix_shapes(loaded, {})),
    }


def saved_after_quantize(folder: str) -> None:
    """The export of a model that Keras quantized."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8)])
    model.quantize("int8")
    model.export(f"{folder}/quantized", verbose=False)
    load_saved_model(Path(folder, "quantized"))


def known_operations() -> dict[str, Any]:
    found = custom_objects.operations()
    return {
        "some": sorted({"Add", "NotEqual", "Matmul"} & set(found)),
        "layers": sorted({"Softmax", "Concatenate"} & set(found)),
        "all are": all(issubclass(v, keras.Operation) for v in found.values()),
    }


def registered_names() -> dict[str, str | None]:
    @keras.saving.register_keras_serializable(package="mine")
    class Scale(keras.layers.Layer):
        pass

    names = ("mine>Scale", "Scale", "cale", "Dense")
    found = {name: custom_objects.registered(name, keras2=False) for name in names}
    found["keras 2"] = custom_objects.registered("Scale", keras2=True)
    return found


def _described(model: LoadedModel) -> dict[str, Any]:
    return {
        "kind": model.kind,
        "inputs": [[s.name, list(s.shape), s.dtype] for s in model.inputs],
        "outputs": [[s.name, list(s.shape), s.dtype] for s in model.outputs],
        "layers": list(model.layers),
        "paths": ["/".join(path) for path in model.layer_paths],
        "limits": dict(model.id_limits),
        "notes": list(model.notes),
    }


def wrapped(version: int) -> dict[str, Any]:
    """A model of two inputs, a nested model and named outputs, of either Keras."""
    library = keras if version == 3 else tf_keras
    ids, x = library.Input((3,), dtype="int32", name="ids"), library.Input((4,), name="x")
    inner_in = library.Input((4,))
    inner = library.Model(inner_in, library.layers.Dense(5, name="deep")(inner_in), name="inner")
    y = library.layers.Flatten()(library.layers.Embedding(11, 2, name="table")(ids))
    out = library.layers.Dropout(0.9)(inner(x))
    model = library.Model([ids, x], {"b": out, "a": y}, name="net")
    loaded = (keras_model.wrap_keras3 if version == 3 else keras_model.wrap_keras2)(model, ["n"])
    values = _x(40, 4)
    rows = np.arange(120).reshape(40, 3) % 11
    found = loaded.predict({"x": values, "ids": rows}, batch_size=7)
    wanted = model({"ids": rows, "x": values} if version == 3 else [rows, values], training=False)
    same = [float(np.abs(found[name] - np.asarray(wanted[name])).max()) for name in ("a", "b")]
    return {**_described(loaded), "same": same, "shape": list(found["b"].shape)}


def unbuilt() -> None:
    keras_model.wrap_keras3(keras.Sequential([keras.layers.Dense(2)]))


def sparse_input() -> None:
    x = keras.Input((4,), sparse=True)
    keras_model.wrap_keras3(keras.Model(x, keras.layers.Dense(2)(x)))


def fixed_batch() -> dict[str, Any]:
    """Seven samples through a model of a batch of four, and one that fails."""
    x = keras.Input(batch_shape=(4, 3), name="x")
    model = keras.Model(x, keras.layers.Dense(2)(x))
    loaded = keras_model.wrap_keras3(model)
    given = _x(7, 3)
    found = next(iter(loaded.predict({"x": given}).values()))
    kernel, bias = model.get_weights()
    return {"difference": float(np.abs(found - (given @ kernel + bias)).max()), "rows": len(found)}


def failing() -> None:
    class Fails(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return tf.debugging.assert_less(x, 0.0) and x

    def call(values: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("no such luck")

    spec = TensorSpec(name="x", shape=(-1, 3), dtype="float32")
    LoadedModel(
        kind="keras3", name="net", inputs=(spec,), outputs=(spec,), trackable=None, call=call,
        id_limits={},
    ).predict({"x": _x(2, 3)})  # fmt: skip


def served(kind: str) -> dict[str, Any]:
    """A SavedModel with some signatures."""
    module = tf.Module()
    module.w = tf.Variable(_x(3, 2), name="net/kernel")
    spec = tf.TensorSpec((None, 3), tf.float32, name="x")
    function = tf.function(lambda x: {"y": x @ module.w}, input_signature=[spec])
    unknown = tf.function(
        lambda x: {"y": x * module.w[0, 0]}, input_signature=[tf.TensorSpec(None, tf.float32)]
    )
    signatures = {
        "only": {"some": function},
        "usual": {"serving_default": function, "other": function},
        "serve": {"serve": function, "other": function},
        "two": {"one": function, "two": function},
        "none": {},
        "rank": {"serving_default": unknown},
    }[kind]
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=signatures)
        return _described(load_saved_model(Path(folder)))


def settled() -> dict[str, Any]:
    """Traced functions with a batch of 1: loops get lists of known sizes, others stay."""
    plain = tf.function(lambda x: {"y": x + 1.0})
    spec = tf.TensorSpec((1, 3), tf.float32)
    concrete = plain.get_concrete_function(spec)
    x = keras.Input((5, 3), name="x")
    model = keras.Model(x, keras.layers.GRU(4, unroll=False)(x))
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)  # for any batch: so are its lists
        saved = tf.saved_model.load(folder)
    serve = saved.signatures["serving_default"]

    def call(x: Any) -> dict[str, Any]:
        (value,) = serve(x).values()
        return {"b": value, "a": value * 2}

    loop = tf.function(call).get_concrete_function(tf.TensorSpec((1, 5, 3), tf.float32))
    after = export_graph.inline(loop)
    given = tf.constant(_x(1, 5, 3))
    before, now = loop(given), after(given)
    reserved = [n for n in after.graph.as_graph_def().node if n.op == "TensorListReserve"]
    definition, inputs, outputs, _ = frozen_graph(loop)
    return {
        "plain": export_graph.inline(concrete) is concrete,
        "names": sorted(now),
        "same": max(float(tf.reduce_max(abs(before[k] - now[k]))) for k in ("a", "b")),
        "variables": len(after.graph.variables),
        "lists": len(reserved),
        "frozen": [len(inputs), len(outputs), any(n.op == "VarHandleOp" for n in definition.node)],
    }


def metadata(kind: str) -> None:
    """The Keras part of a SavedModel, with a description of its own for one layer."""
    with tempfile.TemporaryDirectory() as folder:
        x = tf_keras.Input((3,), name="x")
        model = tf_keras.Model(x, tf_keras.layers.Dense(2, name="dense")(x))
        if kind == "metric":
            model.compile("sgd", "mse", metrics=[_spoiled_metric()])
        model.save(folder, save_format="tf")
        file = Path(folder, "keras_metadata.pb")
        content = file.read_bytes()
        if kind == "code":
            content = content.replace(b'"class_name": "Dense"', b'"class_name": "Dunce"')
        if kind == "damaged":
            content = content[: len(content) // 2]
        file.write_bytes(content)
        saved_metadata.check_metadata(Path(folder), unsafe=kind == "unsafe")


def _spoiled_metric() -> Any:
    return tf_keras.metrics.MeanMetricWrapper(tf_keras.metrics.get, name="spoiled")


def gpu_kernels() -> list[bool]:
    """Whether each layer would be traced for every device, before and after."""
    model = tf_keras.Sequential([tf_keras.Input((4, 3)), tf_keras.layers.LSTM(2)])
    layer = model.layers[0]
    before = layer._could_use_gpu_kernel
    export_graph.use_plain_recurrence(SimpleNamespace(kind="keras2", trackable=model))
    return [before, layer._could_use_gpu_kernel]
