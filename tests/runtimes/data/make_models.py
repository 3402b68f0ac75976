"""Make the tiny models of this folder. Needs TensorFlow: `python make_models.py`.

Each file exercises one thing that a runtime worker must get right. They are made from
concrete functions, never Keras, so that nothing but the runtime is under test.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert.tools import flatbuffer_utils

HERE = Path(__file__).parent


def spec(name, *shape, dtype=tf.float32):
    return tf.TensorSpec(shape, dtype, name=name)


def convert(function, *specs, **options):
    concrete = tf.function(function).get_concrete_function(*specs)
    module = tf.Module()
    module.held = function
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    for key, value in options.items():
        setattr(converter, key, value)
    return converter.convert()


def write(name, content):
    (HERE / f"{name}.tflite").write_bytes(content)


def two_inputs():
    # Named so that neither alphabetical nor creation order is the graph's order.
    def f(width, area):
        return {"total": width * 2.0 + area, "gap": width - area[:, :1], "area_out": area * 3.0}

    return convert(f, spec("width", 1, 3), spec("area", 1, 3))


def dynamic():
    def f(x):
        return {"mean": tf.reduce_mean(x, axis=1), "double": x * 2.0}

    return convert(f, spec("x", 1, None, 2))


def open_convolution():
    kernel = tf.constant(np.random.default_rng(3).normal(size=(5, 5, 2, 3)), tf.float32)

    def f(x):
        return {"mean": tf.reduce_mean(tf.nn.conv2d(x, kernel, 1, "VALID"), axis=(1, 2))}

    return convert(f, spec("x", 1, None, None, 2))


def quantized(io):
    weights = tf.constant(np.random.default_rng(0).normal(size=(4, 3)), tf.float32)

    def f(x):
        return {"y": tf.nn.softmax(x @ weights / 100.0)}

    def samples():
        rng = np.random.default_rng(1)
        for _ in range(50):
            yield {"x": rng.uniform(0, 255, size=(1, 4)).astype(np.float32)}
        for corner in range(16):  # the widest logits: nothing saturates within 0 to 255
            bits = [255.0 * (corner >> i & 1) for i in range(4)]
            yield {"x": np.array([bits], np.float32)}

    return convert(
        f,
        spec("x", 1, 4),
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=samples,
        inference_input_type=io,
        inference_output_type=io,
        target_spec=tf.lite.TargetSpec([tf.lite.OpsSet.TFLITE_BUILTINS_INT8]),
    )


def ids():
    table = tf.constant(np.arange(20).reshape(10, 2), tf.float32)
    return convert(lambda i: {"row": tf.gather(table, i)}, spec("ids", 1, 3, dtype=tf.int32))


class Counter(tf.Module):
    def __init__(self):
        self.count = tf.Variable([[0.0]])

    @tf.function
    def step(self, x):
        self.count.assign_add([[1.0]])
        return {"y": x + self.count}


def state():
    module = Counter()
    concrete = module.step.get_concrete_function(spec("x", 1, 1))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    converter.experimental_enable_resource_variables = True
    return converter.convert()


def hang():
    def f(x):
        # x is finite, so the loop never ends.
        (y,) = tf.while_loop(lambda v: tf.reduce_sum(v) < 1e30, lambda v: (v * 0.5,), (x,))
        return {"y": y}

    return convert(f, spec("x", 1, 2))


def memory():
    def f(x):
        def body(v):
            big = tf.broadcast_to(v, (1 << 19, 256))  # 512 MiB
            return (tf.reduce_mean(tf.abs(big), axis=0, keepdims=True)[:, :256],)

        (y,) = tf.while_loop(lambda v: tf.reduce_sum(v) < 1e30, body, (x,))
        return {"y": y}

    return convert(f, spec("x", 1, 256))


def flex():
    return convert(
        lambda x: {"y": tf.math.erf(x)},
        spec("x", 1, 2),
        target_spec=tf.lite.TargetSpec(
            [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        ),
    )


def custom():
    return convert(lambda x: {"y": tf.math.erf(x)}, spec("x", 1, 2), allow_custom_ops=True)


class Pair(tf.Module):
    def __init__(self):
        self.weight = tf.constant([[2.0, 0.0], [0.0, 3.0]])

    @tf.function(input_signature=[spec("x", 1, 2)])
    def first(self, x):
        return {"y": x + 1.0}

    @tf.function(input_signature=[spec("x", 1, 2)])
    def second(self, x):
        return {"z": x @ self.weight}


def signatures(first, second):
    import tempfile

    module = Pair()
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={first: module.first, second: module.second})
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


def edited(content, edit):
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    edit(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def newer_operator(model):
    for code in model.operatorCodes:
        code.version = 99


def unnamed(model):
    model.signatureDefs = []


def main():
    write("two_inputs", two_inputs())
    write("dynamic", dynamic())
    write("open_convolution", open_convolution())
    write("int8_io", quantized(tf.int8))
    write("uint8_io", quantized(tf.uint8))
    write("ids", ids())
    write("state", state())
    write("hang", hang())
    write("memory", memory())
    write("flex", flex())
    write("custom", custom())
    write("no_default_signature", signatures("encode", "decode"))
    write("default_second", signatures("another", "serving_default"))
    write("newer_operator", edited(ids(), newer_operator))
    write("unnamed", edited(two_inputs(), unnamed))


if __name__ == "__main__":
    main()
