"""SavedModels written by hand, and by TensorFlow, held against the check: cases of a child."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.framework import op_def_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tensorflow.python.client import pywrap_tf_session as session
from tensorflow.python.framework import op_def_registry

from edgekit.core.errors import EdgekitError, UnsafeModelError
from edgekit.data.export_messages import DrawRequest, ExportRequest
from edgekit.frontend.export import export
from edgekit.frontend.load import load
from edgekit.frontend.trust import allowed_operators as allowed
from edgekit.frontend.trust import check_saved_model

LISTS = (allowed.LOWERED, allowed.TENSORFLOW_ONLY, allowed.SAVING, frozenset(allowed.READING))
PLACES = ("main", "library", "initializer", "uncalled", "attribute", "nested", "text")


def refusal(model: Any, folder: Path = Path("model")) -> str:
    """What the check says against a model; nothing where it allows it."""
    try:
        check_saved_model.refuse_unsafe(folder, model)
    except UnsafeModelError as error:
        return str(error)
    return ""


# Operators


def _registered() -> list[str]:
    operators = op_def_pb2.OpList()
    operators.ParseFromString(session.TF_GetBuffer(session.TF_GetAllOpList()))
    return sorted(operator.name for operator in operators.op)


def _holding(operator: str, place: str) -> Any:
    """A model with one node of that type at that place."""
    model = saved_model_pb2.SavedModel()
    meta = model.meta_graphs.add()
    graph = meta.graph_def
    meta.object_graph_def.nodes.add().user_object.SetInParent()
    if place == "main":
        graph.node.add(name="n", op=operator)
        return model
    function = graph.library.function.add()
    function.signature.name = "f"
    if place == "attribute":
        function.node_def.add(name="n", op="PartitionedCall").attr["f"].func.name = operator
    elif place == "nested":
        call = function.node_def.add(name="n", op="PartitionedCall").attr["f"].func
        call.name = "f"
        call.attr["g"].list.func.add(name=operator)
    else:
        function.node_def.add(name="n", op=operator)
    if place != "uncalled":
        meta.object_graph_def.concrete_functions["f"].SetInParent()
    if place == "initializer":
        # Reached by way of another function, which only a table's initializer calls.
        graph.library.function.add().signature.name = "outer"
        graph.library.function[1].node_def.add(name="c", op="f")
        del meta.object_graph_def.concrete_functions["f"]
        meta.object_graph_def.concrete_functions["outer"].SetInParent()
        table = meta.object_graph_def.nodes.add()
        table.resource.SetInParent()
        table.children.add(node_id=2, local_name="_initialize")
        meta.object_graph_def.nodes.add().function.concrete_functions.append("outer")
    if place == "text":
        parsed = saved_model_pb2.SavedModel()
        return text_format.Parse(text_format.MessageToString(model), parsed)
    return model


def let_through() -> dict[str, Any]:
    """Operators of TensorFlow that no list has and that some place lets through."""
    unlisted = [name for name in _registered() if not any(name in names for names in LISTS)]
    wrong = [
        (name, place)
        for name in unlisted
        for place in PLACES
        if f"{name} (" not in refusal(_holding(name, place))
    ]
    return {"tried": len(unlisted), "wrong": wrong}


def lists() -> dict[str, Any]:
    """Names that TensorFlow does not know, that stand twice, or that are refused all the same."""
    names = [name for one in LISTS for name in one]
    plain = (allowed.LOWERED | allowed.TENSORFLOW_ONLY) - {"PartitionedCall", "XlaCallModule"}
    return {
        "unknown": [name for name in names if op_def_registry.get(name) is None],
        "twice": len(names) - len(set(names)),
        "refused": [
            (name, place)
            for name in sorted(plain)
            for place in ("main", "library", "initializer")
            if refusal(_holding(name, place))
        ],
    }


def saving(operator: str) -> dict[str, bool]:
    """Where an operator that saves is refused: it may stay where nothing calls it."""
    return {place: bool(refusal(_holding(operator, place))) for place in PLACES}


def substitutes(operator: str) -> dict[str, bool]:
    """What TensorFlow calls by itself, without an object that names it."""
    marked = _holding(operator, "uncalled")
    marked.meta_graphs[0].graph_def.library.function[0].attr["api_implements"].s = b"lstm"
    gradient = _holding(operator, "uncalled")
    gradient.meta_graphs[0].graph_def.library.registered_gradients.add(
        gradient_func="f", registered_op_type="g"
    )
    return {"api_implements": bool(refusal(marked)), "gradient": bool(refusal(gradient))}


def disguised() -> str:
    """A function with the name of an operator, called by that name."""
    model = _holding("WriteFile", "library")
    model.meta_graphs[0].graph_def.library.function.add().signature.name = "WriteFile"
    return refusal(model)


def stablehlo(module: str) -> str:
    """A model of JAX with that module, in latin-1."""
    model = _holding("XlaCallModule", "library")
    node = model.meta_graphs[0].graph_def.library.function[0].node_def[0]
    if module:
        node.attr["module"].s = module.encode("latin-1")
    return refusal(model)


def unknown_operator() -> None:
    """An operator of another package."""
    check_saved_model.refuse_unsafe(Path("model"), _holding("WordpieceTokenize", "library"))


# Paths of files


def drawn_paths(count: int) -> list[int]:
    """Draws in which the check and a walk of the same calls disagree about a path's origin."""
    return [seed for seed in range(count) if not _agrees(random.Random(seed))]


def _agrees(rng: random.Random) -> bool:
    """One random chain of calls that ends in a reader: allowed if every path is an asset's."""
    model = saved_model_pb2.SavedModel()
    meta = model.meta_graphs.add()
    objects, library = meta.object_graph_def, meta.graph_def.library
    kinds = [rng.choice(("asset", "asset", "asset", "constant", "variable")) for _ in range(4)]
    for kind in kinds:
        getattr(objects.nodes.add(), kind).SetInParent()
    depth, width = rng.randint(1, 4), rng.randint(1, 3)
    honest = [[True] * width for _ in range(depth)]  # by function and argument, over all calls
    for level in range(depth):
        function = library.function.add()
        function.signature.name = f"f{level}"
        for argument in range(width):
            function.signature.input_arg.add(name=f"a{argument}")
        function.node_def.add(name="made", op="Const")
    for _ in range(rng.randint(1, 3)):  # functions that TensorFlow calls by itself
        name = f"entry{len(library.function)}"
        bound = [rng.randrange(4) for _ in range(width)]
        function = library.function.add()
        function.signature.name = name
        own = rng.randint(0, 1)
        for argument in range(own + width):
            function.signature.input_arg.add(name=f"a{argument}")
        objects.concrete_functions[name].bound_inputs.extend(bound)
        sources = [own + rng.randrange(-own, width) for _ in range(width)]
        _call(rng, function, "f0", [f"a{source}" for source in sources])
        for argument, source in enumerate(sources):
            fine = source >= own and kinds[bound[source - own]] == "asset"
            honest[0][argument] &= fine
    for level in range(depth - 1):
        function = library.function[level]
        sources = [rng.choice([*range(width), *range(width), -1]) for _ in range(width)]
        names = ["made:output:0" if source < 0 else f"a{source}" for source in sources]
        _call(rng, function, f"f{level + 1}", names)
        for argument, source in enumerate(sources):
            honest[level + 1][argument] &= source >= 0 and honest[level][source]
    last = rng.randrange(width)
    reader = library.function[depth - 1].node_def.add(name="r", op="InitializeTableFromTextFileV2")
    reader.input.extend(["made:output:0", _behind(rng, library.function[depth - 1], f"a{last}")])
    return (refusal(model) == "") == honest[depth - 1][last]


def _call(rng: random.Random, function: Any, callee: str, operands: list[str]) -> None:
    direct = rng.random() < 0.3
    operator = callee if direct else rng.choice(("PartitionedCall", "StatefulPartitionedCall"))
    operands = [_behind(rng, function, operand) for operand in operands]
    call = function.node_def.add(name="call", op=operator, input=[*operands, "^made"])
    if not direct:
        call.attr["f"].func.name = callee


def _behind(rng: random.Random, function: Any, operand: str) -> str:
    """The same tensor, perhaps behind an identity."""
    if rng.random() < 0.5:
        return operand
    name = f"i{len(function.node_def)}"
    function.node_def.add(name=name, op="Identity", input=[operand])
    return f"{name}:output:0"


def old_graph(path: str, fetched_by: str) -> str:
    """A main graph of TensorFlow 1 that reads: `path` is fed or made, by what it is fetched."""
    model = saved_model_pb2.SavedModel()
    meta = model.meta_graphs.add()
    node = meta.graph_def.node.add
    node(name="asset", op="Const")
    node(name="prefix", op="Const")
    node(name="own", op="Const")
    node(name="same", op="Identity", input=["asset"])
    meta.asset_file_def.add(filename="words.txt").tensor_info.name = "asset:0"
    meta.saver_def.filename_tensor_name = "prefix:0"
    meta.saver_def.restore_op_name = "restore"
    operator = "RestoreV2" if path == "prefix" else "InitializeTableFromTextFileV2"
    position = allowed.READING[operator]
    node(name="read", op=operator, input=[*["own"] * position, path])
    node(name="restore", op="NoOp", input=["^read"] if fetched_by == "restore" else [])
    node(name="init", op="NoOp", input=["^read"] if fetched_by == "init" else [])
    output = node(name="y", op="Identity", input=["own"])
    if fetched_by == "signature":
        output.input.append("^read")
    meta.collection_def["saved_model_main_op"].node_list.value.append("init")
    meta.signature_def["serving_default"].outputs["y"].name = "y:0"
    return refusal(model)


def old_saver(fetched: bool) -> str:
    """A main graph of TensorFlow 1 with its saver, which its initializer may run."""
    model = saved_model_pb2.SavedModel()
    meta = model.meta_graphs.add()
    meta.graph_def.node.add(name="save", op="SaveV2")
    meta.graph_def.node.add(name="init", op="NoOp", input=["^save"] if fetched else [])
    meta.collection_def["table_initializer"].node_list.value.append("init")
    return refusal(model)


def asset(name: str, old: bool = False) -> str:
    """A model that names an asset."""
    model = saved_model_pb2.SavedModel()
    meta = model.meta_graphs.add()
    stated = meta_graph_pb2.AssetFileDef(filename=name)
    if old:
        meta.collection_def["saved_model_assets"].any_list.value.add().Pack(stated)
    else:
        meta.asset_file_def.append(stated)
    return refusal(model)


def links(folder: str) -> str:
    """A model of nothing in a folder with links."""
    return refusal(saved_model_pb2.SavedModel(), Path(folder))


# Models that TensorFlow wrote


class _Words(tf.Module):
    def __init__(self, initializer: Any) -> None:
        super().__init__()
        self.table = tf.lookup.StaticHashTable(initializer, -1)
        self.scale = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([1, 3], tf.string, name="words")])
    def find(self, words: Any) -> dict[str, Any]:
        return {"found": tf.cast(self.table.lookup(words), tf.float32) * self.scale}


def _from_file(folder: Path) -> Any:
    words = folder / "words.txt"
    words.write_text("a\nb\nc\n")
    index = tf.lookup.TextFileIndex
    return tf.lookup.TextFileInitializer(
        str(words), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
    )


def _old_model(folder: Path, initializer: Any) -> None:
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as running:
        words = v1.placeholder(tf.string, [None, 3], name="words")
        scale = v1.get_variable("scale", initializer=2.0, use_resource=True)
        table = tf.lookup.StaticHashTable(initializer(folder.parent), -1)
        found = tf.cast(table.lookup(words), tf.float32) * scale
        running.run([v1.global_variables_initializer(), v1.tables_initializer()])
        builder = v1.saved_model.Builder(str(folder))
        signature = v1.saved_model.predict_signature_def({"words": words}, {"found": found})
        builder.add_meta_graph_and_variables(
            running,
            ["serve"],
            {"serving_default": signature},
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=v1.tables_initializer(),
        )
        builder.save()


def honest(kind: str) -> dict[str, Any]:
    """What a model with a table answers, and the size of what it exports to."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        if kind == "old":
            _old_model(folder, _from_file)
        else:
            constants = tf.lookup.KeyValueTensorInitializer(
                ["a", "b", "c"], tf.constant([0, 1, 2], tf.int64)
            )
            words = _Words(constants if kind == "constants" else _from_file(Path(scratch)))
            tf.saved_model.save(words, str(folder), signatures={"serving_default": words.find})
        if kind == "saved again":
            again = tf.saved_model.load(str(folder))
            tf.saved_model.save(again, str(folder) + "2", signatures=again.signatures)
            folder = Path(str(folder) + "2")
        if kind == "text":
            _as_text(folder)
        (Path(scratch) / "words.txt").unlink(missing_ok=True)
        loaded = load.load(folder)
        answers = loaded.predict({"words": [["c", "a", "?"]]})
        content = export.export(loaded, export.fix_shapes(loaded, {}))
        return {"found": answers["found"].tolist(), "bytes": len(content)}


def _as_text(folder: Path) -> None:
    model = saved_model_pb2.SavedModel()
    binary = folder / "saved_model.pb"
    model.ParseFromString(binary.read_bytes())
    (folder / "saved_model.pbtxt").write_text(text_format.MessageToString(model))
    binary.unlink()


class _Printer(tf.Module):
    def __init__(self, target: Path) -> None:
        super().__init__()
        self.target = target

    @tf.function(input_signature=[tf.TensorSpec([1, 4], tf.float32, name="x")])
    def run(self, x: Any) -> dict[str, Any]:
        with tf.name_scope("scores"):
            tf.print("ran", output_stream=f"file://{self.target}")
        return {"y": x * 2}


def printing(form: str) -> dict[str, Any]:
    """A model that writes a file when it runs, as binary, as text, or as both at odds."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, target = Path(scratch) / "model", Path(scratch) / "written"
        printer = _Printer(target)
        tf.saved_model.save(printer, str(folder), signatures={"serving_default": printer.run})
        if form == "text":
            _as_text(folder)
        if form.startswith("both"):
            # TensorFlow reads the binary form where it finds both.
            twin = Path(scratch) / "twin"
            words = _Words(tf.lookup.KeyValueTensorInitializer(["a"], tf.constant([1], tf.int64)))
            tf.saved_model.save(words, str(twin), signatures={"serving_default": words.find})
            kept, other = (folder, twin) if form == "both, binary prints" else (twin, folder)
            _as_text(other)
            shutil.copy(other / "saved_model.pbtxt", kept / "saved_model.pbtxt")
            folder = kept
        try:
            loaded = load.load(folder)
            said, inputs = "", [spec.name for spec in loaded.inputs]
        except UnsafeModelError as error:
            said, inputs = str(error), []
        return {"said": said, "inputs": inputs, "written": target.exists()}


def trusted() -> list[str]:
    """The inputs of a model that writes files, with `--unsafe`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        printer = _Printer(Path(scratch) / "written")
        tf.saved_model.save(printer, str(folder), signatures={"serving_default": printer.run})
        return [spec.name for spec in load.load(folder, unsafe=True).inputs]


class _Spectrum(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([1, 4], tf.float32, name="x")])
    def run(self, x: Any) -> dict[str, Any]:
        return {"y": tf.linalg.svd(tf.linalg.diag(x), compute_uv=False)}


def tensorflow_only() -> dict[str, Any]:
    """What a model with a TensorFlow-only operator ends with, and the lines before that."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder, model = Path(scratch), _Spectrum()
        tf.saved_model.save(model, str(folder / "m"), signatures={"serving_default": model.run})
        request = ExportRequest(
            model=folder / "m",
            draw=DrawRequest(
                calibration=None,
                golden_samples=2,
                calibration_samples=0,
                golden_out=folder / "golden.npz",
                calibration_out=folder / "calibration.npz",
                training_out=folder / "training.npz",
            ),
            out=folder / "out.tflite",
        )
        try:
            export.run(request, lines.append)
        except EdgekitError as error:
            return {"type": type(error).__name__, "said": str(error), "lines": lines}
    return {"type": "", "said": "", "lines": lines}
