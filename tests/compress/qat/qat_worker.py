"""Rebuilds, rounds, converts and trains on request, in one process that imports TensorFlow once.

Speaks the line protocol of `edgekit.core.process`; files and arrays travel by path.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from edgekit.core import serde
from edgekit.core.errors import ModelError
from edgekit.tflite.quantized_weights import Grid


def _inputs(request: dict[str, Any]) -> dict[str, np.ndarray]:
    with np.load(request["inputs"]) as file:
        return dict(file.items())


def _answers(model: Any, request: dict[str, Any]) -> dict[str, Any]:
    got = model(_inputs(request), training=False)
    np.savez(request["out"], **{name: np.asarray(value) for name, value in got.items()})
    return {
        "names": [layer.name for layer in model.layers],
        "trainable": len(model.trainable_variables),
    }


def _ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def operators(request: dict[str, Any]) -> list[str]:
    """The names in the table."""
    from edgekit.compress.qat import operator_functions as table

    return list(table.names())


def forward(request: dict[str, Any]) -> dict[str, Any]:
    """A rebuilt file's outputs, and whether gradients reach its weights and inputs."""
    import tensorflow as tf

    from edgekit.compress.qat.float_network import rebuild

    model = rebuild(Path(request["float"]).read_bytes())
    given = {name: tf.constant(value) for name, value in _inputs(request).items()}
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = sum(tf.reduce_sum(tf.square(y)) for y in model(given).values())
    gradients = tape.gradient(total, [*given.values(), *model.trainable_variables])
    about = _answers(model, request)
    about["gradients"] = [g is not None and bool(np.isfinite(g).all()) for g in gradients]
    return about


def check(request: dict[str, Any]) -> float:
    """`rebuild.check` against outputs named `out:NAME`."""
    from edgekit.compress.qat import float_network

    model = float_network.rebuild(Path(request["float"]).read_bytes())
    given = _inputs(request)
    wanted = {k[4:]: v for k, v in given.items() if k.startswith("out:")}
    return float_network.check(
        model, {k: v for k, v in given.items() if not k.startswith("out:")}, wanted
    )


def rounding(request: dict[str, Any]) -> dict[str, Any]:
    """The outputs of the model that rounds, and the grid that it says it has."""
    from edgekit.compress.qat import fake_quant

    grid = Grid.load(Path(request["grid"]))
    model = fake_quant.build_rounding(Path(request["float"]).read_bytes(), grid)
    if "moved" in request:  # as training would
        rng = np.random.default_rng(request["moved"])
        for variable in model.trainable_variables:
            variable.assign_add(rng.normal(size=variable.shape).astype("f4") * 0.05)
    if request.get("freeze"):
        for one in model.rounding_ranges:
            one.freeze()
    fake_quant.trained(model, grid).save(Path(request["trained"]))
    return _answers(model, request)


def converted(request: dict[str, Any]) -> None:
    """What TensorFlow's converter makes of the model with fake quantization."""
    import tensorflow as tf

    from edgekit.compress.qat import fake_quant

    grid = Grid.load(Path(request["grid"]))
    model = fake_quant.build_rounding(Path(request["float"]).read_bytes(), grid, constant=True)
    specs = {k: tf.TensorSpec((1, *v.shape[1:]), v.dtype, name=k) for k, v in model.input.items()}
    function = tf.function(lambda given: model(given, training=False))
    concrete = function.get_concrete_function(specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    Path(request["out"]).write_bytes(converter.convert())


def train(request: dict[str, Any]) -> dict[str, Any]:
    """`run.run`."""
    from edgekit.compress.compress_messages import TrainRequest
    from edgekit.compress.qat import train_recipe

    lines: list[str] = []
    done = train_recipe.run(serde.from_dict(TrainRequest, request["asked"]), lines.append)
    return {"done": serde.to_dict(done), "lines": lines}


def _op(name: str, shape: tuple[int, ...] = (1,), first: Any = None, **options: Any) -> Any:
    """As much of an operator as functions of shapes look at."""
    output = SimpleNamespace(shape=shape, dtype="float32")
    return SimpleNamespace(
        name=name,
        layer="net/it",
        options=SimpleNamespace(**options),
        outputs=(output,),
        operands=(None if first is None else SimpleNamespace(shape=first),),
    )


def shapes(request: dict[str, Any]) -> dict[str, Any]:
    """What functions of shapes make of a batch of two, as lists."""
    import tensorflow as tf

    from edgekit.compress.qat.shape_functions import FUNCTIONS

    x = tf.reshape(tf.range(2 * 3 * 4, dtype=tf.float32), (2, 3, 4))
    cases = {
        "reshape": (_op("RESHAPE", (1, 12)), [x, _ints(1, 12)]),
        "mean": (_op("MEAN", keepDims=False), [x, _ints(1)]),
        "sum of the last": (_op("SUM", keepDims=True), [x, _ints(-1)]),
        "joined to a constant": (
            _op("CONCATENATION", (1, 4, 4), axis=1),
            [x, np.full((1, 1, 4), -1.0, np.float32)],
        ),
        "mirrored": (_op("MIRROR_PAD", mode=0), [x, _ints([0, 0], [1, 1], [0, 0])]),
        "filled": (
            _op("PADV2"),
            [x, _ints([0, 0], [0, 1], [0, 0]), np.array([7.0], np.float32)],
        ),
        "slice": (_op("SLICE", first=(1, 3, 4)), [x, _ints(0, 1, 0), _ints(-1, 2, -1)]),
        "every second": (
            _op(
                "STRIDED_SLICE",
                first=(1, 3, 4),
                beginMask=0,
                endMask=0,
                ellipsisMask=0,
                newAxisMask=0,
                shrinkAxisMask=0,
            ),
            [x, _ints(0, 0, 0), _ints(1, 3, 4), _ints(1, 2, 1)],
        ),
        "looked up": (
            _op("GATHER", axis=0, batchDims=0),
            [np.arange(6.0).reshape(3, 2), tf.constant([[2], [0]])],
        ),
        "picked": (_op("GATHER", axis=2, batchDims=0), [x, _ints(3, 1)]),
        "tiled": (_op("TILE"), [x, _ints(1, 1, 2)]),
    }
    return {name: np.asarray(FUNCTIONS[op.name](values, op)).tolist()
            for name, (op, values) in cases.items()}  # fmt: skip


def refused_shapes(request: dict[str, Any]) -> dict[str, str]:
    """What is said of operators that touch the batch."""
    import tensorflow as tf

    from edgekit.compress.qat.shape_functions import FUNCTIONS

    x = tf.zeros((2, 3, 4))
    none = {"ellipsisMask": 0, "newAxisMask": 0, "beginMask": 0, "endMask": 0}
    cases = {
        "reshape": (_op("RESHAPE", (1, 0)), [x]),
        "transpose": (_op("TRANSPOSE"), [x, _ints(1, 0, 2)]),
        "mean": (_op("MEAN", keepDims=True), [x, _ints(0)]),
        "mean of all": (_op("MEAN", keepDims=True), [x, _ints(-3)]),
        "running": (_op("TILE"), [x, tf.constant([1, 1, 2])]),
        "pad": (_op("PAD"), [x, _ints([1, 0], [0, 0], [0, 0])]),
        "slice": (_op("SLICE", first=(4, 3, 4)), [x, _ints(1, 0, 0), _ints(1, 3, 4)]),
        "shrink": (
            _op("STRIDED_SLICE", first=(1, 3, 4), shrinkAxisMask=1, **none),
            [x, _ints(0, 0, 0), _ints(1, 3, 4), _ints(1, 1, 1)],
        ),
        "tile": (_op("TILE"), [x, _ints(2, 1, 1)]),
        "broadcast": (_op("BROADCAST_TO", (2, 3, 4)), [x]),
    }
    said = {}
    for name, (op, values) in cases.items():
        try:
            FUNCTIONS[op.name](values, op)
        except ModelError as error:
            said[name] = str(error.received)
    return said


def kernels(request: dict[str, Any]) -> dict[str, Any]:
    """Shapes of kernels in TensorFlow's order, and whether tensors come out as arrays do."""
    import tensorflow as tf

    from edgekit.compress.qat.linear_functions import kernel

    stored = {
        "CONV_2D": (5, 2, 3, 4),
        "DEPTHWISE_CONV_2D": (1, 2, 3, 5),
        "TRANSPOSE_CONV": (5, 2, 3, 4),
        "FULLY_CONNECTED": (5, 4),
    }
    found = {}
    for name, shape in stored.items():
        values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        array, tensor = kernel(name, values), kernel(name, tf.constant(values))
        found[name] = [list(array.shape), bool(np.array_equal(array, tensor))]
    return found


def linear(request: dict[str, Any]) -> dict[str, Any]:
    """Convolutions without kernels of their own for gradients, against TensorFlow's forward ones.

    By case the largest difference, and whether a gradient reaches the weights.
    """
    import tensorflow as tf

    from edgekit.compress.qat.linear_functions import FUNCTIONS

    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(2, 9, 8, 4)).astype("f4"))
    found = {}
    for padding, name in ((0, "SAME"), (1, "VALID")):
        for rates in ((1, 1), (2, 1), (2, 3)):
            w = tf.Variable(rng.normal(size=(3, 2, 4, 6)).astype("f4"))
            how = {"padding": padding, "dilationHFactor": rates[0], "dilationWFactor": rates[1]}
            op = _op("CONV_2D", strideH=1, strideW=1, **how)
            with tf.GradientTape() as tape:
                got = FUNCTIONS["CONV_2D"]([x, w, None], op)
                total = tf.reduce_sum(got * got)
            wanted = tf.nn.conv2d(x, w, 1, name, dilations=rates)
            reached = tape.gradient(total, w)
            found[f"conv {name} {rates}"] = [
                float(tf.reduce_max(abs(got - wanted))),
                bool(tf.reduce_any(reached != 0)),
            ]
            d = tf.constant(rng.normal(size=(3, 2, 8)).astype("f4"))
            got = FUNCTIONS["DEPTHWISE_CONV_2D"]([x, d, None], op)
            plain = tf.reshape(d, (3, 2, 4, 2))
            wanted = tf.nn.depthwise_conv2d(x, plain, (1, 1, 1, 1), name, dilations=rates)
            found[f"depthwise {name} {rates}"] = [float(tf.reduce_max(abs(got - wanted))), True]
    # As many groups as divide the inputs: each reads a part, in order.
    w = tf.constant(rng.normal(size=(3, 2, 2, 6)).astype("f4"))
    op = _op("CONV_2D", strideH=2, strideW=1, padding=0, dilationHFactor=1, dilationWFactor=1)
    got = FUNCTIONS["CONV_2D"]([x, w, tf.ones(6)], op)
    parts = [
        tf.nn.conv2d(x[..., 2 * g : 2 * g + 2], w[..., 3 * g : 3 * g + 3], (2, 1), "SAME")
        for g in range(2)
    ]
    wanted = tf.concat(parts, -1) + 1
    found["groups and a bias"] = [float(tf.reduce_max(abs(got - wanted))), True]
    # Strides that differ, which TensorFlow's depthwise kernel refuses: every second row.
    d = tf.constant(rng.normal(size=(3, 3, 4)).astype("f4"))
    op = _op("DEPTHWISE_CONV_2D", strideH=3, strideW=1, padding=1,
             dilationHFactor=1, dilationWFactor=1)  # fmt: skip
    got = FUNCTIONS["DEPTHWISE_CONV_2D"]([x, d, None], op)
    wanted = tf.nn.depthwise_conv2d(x, d[..., None], (1, 1, 1, 1), "VALID")[:, ::3]
    found["strides that differ"] = [float(tf.reduce_max(abs(got - wanted))), True]
    return found


def ranges(request: dict[str, Any]) -> dict[str, Any]:
    """Activations on a grid: rounded values, gradients, and what freezing changes."""
    import tensorflow as tf

    from edgekit.compress.qat.operator_layers import Range
    from edgekit.tflite.quantized_weights import Group, from_range

    found: dict[str, Any] = {}
    x = np.linspace(-3, 3, 41).astype("f4")
    for bits in (8, 16):
        scale, zero = from_range(-1.0, 2.0, bits)
        group = Group(scale=scale, zero_point=zero, bits=bits, low=-1.0, high=2.0, names=("t",))
        layer = Range(group, constant=False, name=f"r{bits}")
        given = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(given)
            got = layer(given, cast=True)
            total = tf.reduce_sum(tf.where(given >= 0, got, got / 2))
        reached = tape.gradient(total, [given, layer.high])
        first, last = group.limits
        wanted = (np.clip(np.rint(x / scale) + zero, first, last) - zero) * np.float32(scale)
        found[f"{bits} bits"] = [
            float(np.abs(got - wanted).max() / scale),
            float(np.abs(np.asarray(layer(given)) - wanted).max() / scale),
            [float(reached[0][0]), float(reached[0][20])],
            float(reached[1]) != 0,
        ]
        layer.high.assign(0.5)
        moved = layer.trained()
        layer.freeze()
        layer.high.assign(1.0)
        found[f"{bits} bits moved"] = [
            moved.high / 2.0,
            moved.scale == from_range(moved.low, moved.high, bits)[0],
            layer.trained() == moved,
        ]
    fixed = Group(scale=1 / 256, zero_point=-128, bits=8, low=0.0, high=1.0, fixed=True)
    layer = Range(fixed, constant=False, name="fixed")
    layer.freeze()
    found["fixed"] = [len(layer.weights), layer.trained() == fixed]
    return found


def learn(request: dict[str, Any]) -> dict[str, Any]:
    """`learn_rounding.run`."""
    from edgekit.compress.compress_messages import LearnRequest
    from edgekit.compress.qat import learn_rounding

    lines: list[str] = []
    done = learn_rounding.run(serde.from_dict(LearnRequest, request["asked"]), lines.append)
    return {"done": serde.to_dict(done), "lines": lines}


def learn_in_two(request: dict[str, Any]) -> dict[str, Any]:
    """The same steps at once, and in two runs the first of which ends after `killed_after`.

    Gives what the second run and both together reported, and the grid of each in `out`.
    """
    from edgekit.compress.compress_messages import Checkpoint
    from edgekit.compress.qat import fake_quant, float_network, learn_rounding
    from edgekit.compress.qat.rounding_schedule import Schedule

    content, grid = Path(request["float"]).read_bytes(), Grid.load(Path(request["grid"]))
    schedule = Schedule(steps=request["steps"], batch_size=4, report_seconds=0, save_seconds=0)
    lines: list[str] = []

    def run(name: str, stop_at: int | None = None) -> Any:
        def report(line: str) -> None:
            lines.append(line)
            if stop_at is not None and f"step {stop_at} of" in line:
                raise KeyboardInterrupt

        student = fake_quant.build_rounding(content, grid)
        done = learn_rounding.learn(
            student,
            float_network.rebuild(content),
            _inputs(request),
            schedule,
            checkpoint=Checkpoint(folder=Path(request["out"]) / name, key="key"),
            report=report,
        )
        fake_quant.trained(student, grid).save(Path(request["out"]) / f"{name}.npz")
        return serde.to_dict(done)

    run("whole")
    with suppress(KeyboardInterrupt):
        run("killed", request["killed_after"])
    return {"done": run("killed"), "lines": lines}


def distance(request: dict[str, Any]) -> list[float]:
    """The loss of a rounding model: as it begins, with other weights, and as its own teacher."""
    from edgekit.compress.qat import fake_quant, float_network
    from edgekit.compress.qat.rounding_loss import Distance

    content = Path(request["float"]).read_bytes()
    student = fake_quant.build_rounding(content, Grid.load(Path(request["grid"])))
    teacher, batch = float_network.rebuild(content), _inputs(request)
    begun = float(Distance(student, teacher, [batch])(batch))
    itself = float(Distance(student, student, [batch])(batch))
    for variable in student.trainable_variables:
        if variable.name == "kernel":
            variable.assign(-variable)
    return [begun, float(Distance(student, teacher, [batch])(batch)), itself]
