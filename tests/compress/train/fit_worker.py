"""Small trainings. See `cases_worker.py`; as a script it runs one training until it is killed.

`python fit_worker.py REQUEST.json` runs `resumable` with the request and prints each line of
progress.
"""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

# The same kernels as a script and as a file of cases: a resumed training is compared to the bit.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np

from edgekit.compress.train import losses, prepare, trainers, training_schedule
from edgekit.compress.train.checkpoint import State
from edgekit.compress.train.fit import Trained, fit
from edgekit.core.records import Training
from edgekit.data.samples import Samples

STRICT = True

L = keras.layers


def image_model(seed: int = 0, ending: str | None = "softmax", classes: int = 3) -> Any:
    keras.utils.set_random_seed(seed)
    image = keras.Input((10, 10, 3), name="image")
    x = L.Rescaling(1 / 255)(image)
    x = L.Conv2D(8, 3, use_bias=False)(x)
    x = L.Dropout(0.1)(L.ReLU()(L.BatchNormalization()(x)))
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(image, L.Dense(classes, activation=ending, name="out")(x))


def two_outputs(seed: int = 0) -> Any:
    keras.utils.set_random_seed(seed)
    a, b = keras.Input((5,), name="a"), keras.Input((4,), name="b")
    x = L.Dense(16, activation="tanh")(L.Concatenate()([a, b]))
    flags = L.Dense(2, activation="sigmoid", name="flags")(x)
    return keras.Model([a, b], {"flags": flags, "value": L.Dense(1, name="value")(x)})


def pixels(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Pictures of one of three colours, with noise."""
    rng = np.random.default_rng(seed)
    colour = np.arange(count) % 3
    image = rng.integers(0, 120, (count, 10, 10, 3))
    image[np.arange(count), :, :, colour] += 100
    return {"image": image.astype(np.uint8)}


def _colours(count: int) -> np.ndarray:
    return np.arange(count) % 3


def _taught() -> Any:
    """A model that knows its colours: trained once, and a copy for each case."""
    model = keras.models.clone_model(_original())
    model.set_weights(_w(_original()))
    return model


@cache
def _original() -> Any:
    model = image_model()
    samples = Samples(inputs=pixels(120), labels=_colours(120))
    options = Training(data="arrays", epochs=12, batch_size=8, patience=12)
    fit(model, None, samples, options, learning_rate=0.02, report=_silent)
    return model


def _silent(line: str) -> None:
    pass


def _spoiled(model: Any, amount: float = 0.5) -> Any:
    copy = keras.models.clone_model(model)
    rng = np.random.default_rng(1)
    copy.set_weights([w + amount * (w.ndim > 1) * rng.normal(size=w.shape) for w in _w(model)])
    return copy


def _w(model: Any) -> list[np.ndarray]:
    return [np.array(weight) for weight in model.get_weights()]


def _told(trained: Trained) -> dict[str, Any]:
    return {name: getattr(trained, name) for name in Trained.__dataclass_fields__}


def _right(model: Any, count: int = 300) -> float:
    outputs = model.predict(pixels(count, seed=9)["image"], verbose=0)
    return float(np.mean(outputs.argmax(-1) == _colours(count)))


def distil(**training: Any) -> dict[str, Any]:
    teacher = _taught()
    student = _spoiled(teacher)
    teacher.layers[2].trainable = False
    before, teacher_before, lines = _right(student), _w(teacher), []
    options = Training(data="arrays", distill=True, **{"epochs": 8, "batch_size": 8, **training})
    samples = Samples(inputs=pixels(100))
    trained = fit(student, teacher, samples, options, learning_rate=0.01, report=lines.append)
    same = all(np.array_equal(a, b) for a, b in zip(teacher_before, _w(teacher), strict=True))
    return {
        **_told(trained),
        "right": [_right(teacher), before, _right(student)],
        "lines": lines,
        "teacher_same": same,
        "teacher_trainable": [layer.trainable for layer in teacher.layers],
        "student_compiled": bool(student.compiled),
        "momentum": student.layers[3].momentum,
    }


def labelled(labels: str, ending: str | None = "softmax", **training: Any) -> dict[str, Any]:
    model = image_model(ending=ending)
    ids = _colours(120)
    given = {
        "ids": ids,
        "column": ids[:, None].astype(np.uint8),
        "one_hot": np.eye(3, dtype=np.float32)[ids],
        "outside": ids + 1,
        "negative": ids - 1,
        "names": np.array(["red", "green", "blue"])[ids],
        "nan": np.where(ids == 2, np.nan, ids),
        "pairs": np.stack([ids, ids], 1),
        "none": None,
    }[labels]
    options = Training(data="arrays", **{"epochs": 12, "batch_size": 8, "patience": 12, **training})
    samples = Samples(inputs=pixels(120), labels=given)
    return {
        **_told(fit(model, None, samples, options, learning_rate=0.02, report=_silent)),
        "right": _right(model),
    }


def with_labels_and_teacher() -> dict[str, Any]:
    """Labels that contradict the teacher win where they weigh all."""
    teacher = _taught()
    results = {}
    for weight in (0.0, 1.0):
        student = _spoiled(teacher)
        samples = Samples(inputs=pixels(120), labels=(_colours(120) + 1) % 3)
        options = Training(
            data="arrays", distill=True, label_weight=weight, epochs=15, batch_size=8
        )
        fit(student, teacher, samples, options, learning_rate=0.02, report=_silent)
        results[str(weight)] = _right(student)
    return results


def several_outputs(distill: bool = True, by_head: bool = False) -> dict[str, Any]:
    teacher, student = two_outputs(0), two_outputs(1)
    rng = np.random.default_rng(0)
    inputs = {"b": rng.normal(size=(200, 4)), "a": rng.normal(size=(200, 5))}
    labels = None if distill or by_head else np.zeros(200)
    heads = {"value": np.zeros(200)} if by_head else {}
    samples = Samples(inputs=inputs, labels=labels, head_labels=heads)
    options = Training(data="arrays", distill=distill, epochs=40, batch_size=16, patience=40)
    trained = fit(student, teacher, samples, options, learning_rate=0.02, report=_silent)
    fresh = [rng.normal(size=(100, 5)), rng.normal(size=(100, 4))]
    wanted, got = teacher.predict(fresh, verbose=0), student.predict(fresh, verbose=0)
    errors = {k: float(np.mean((wanted[k] - got[k]) ** 2) / np.var(wanted[k])) for k in wanted}
    return {**_told(trained), "errors": errors}


def never_worse() -> dict[str, Any]:
    """The teacher itself, trained with a rate that spoils it."""
    teacher = _taught()
    student = keras.models.clone_model(teacher)
    student.set_weights(_w(teacher))
    options = Training(data="arrays", distill=True, epochs=20, batch_size=8, patience=2)
    samples = Samples(inputs=pixels(60))
    trained = fit(student, teacher, samples, options, learning_rate=0.9, report=_silent)
    same = all(np.array_equal(a, b) for a, b in zip(_w(student), _w(teacher), strict=True))
    return {**_told(trained), "same": same}


class _Poison(keras.callbacks.Callback):
    def __init__(self, model: Any, epoch: int) -> None:
        super().__init__()
        self.poisoned, self.epoch = model, epoch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            kernel = self.poisoned.get_layer("out").kernel
            kernel.assign(np.full(kernel.shape, np.nan, np.float32))


def loss_becomes_nan(epoch: int) -> dict[str, Any]:
    teacher = _taught()
    student = _spoiled(teacher)
    options = Training(data="arrays", distill=True, epochs=8, batch_size=8)
    trained = fit(
        student, teacher, Samples(inputs=pixels(60)), options,
        learning_rate=0.01, report=_silent, callbacks=[_Poison(student, epoch)],
    )  # fmt: skip
    finite = all(np.isfinite(w).all() for w in _w(student))
    return {**_told(trained), "finite": finite, "right": _right(student)}


def bad(what: str) -> None:
    student, teacher = image_model(0), image_model(1)
    inputs = pixels(40)
    options: dict[str, Any] = {"distill": True, "epochs": 1}
    rate = 0.01
    if what == "shape":
        inputs = {"image": inputs["image"][:, :8]}
    elif what == "nan":
        values = inputs["image"].astype(np.float32)
        values[3, 0, 0, 0] = np.nan
        inputs = {"image": values}
    elif what == "name":
        inputs = {"imago": inputs["image"]}
    elif what == "nan model":
        student.get_layer("out").kernel.assign(np.full((8, 3), np.nan, np.float32))
    elif what == "shared":
        teacher = student
    elif what == "other outputs":
        teacher = image_model(1, classes=4)
    elif what == "other inputs":
        teacher = two_outputs()
    elif what == "frozen":
        student.trainable = False
    elif what == "teacher":
        teacher = None
    elif what == "rate":
        rate = float("inf")
    else:
        name, value = what.split("=")
        options[name] = float(value) if "." in value else int(value)
    training = Training(data="arrays", **options)
    fit(student, teacher, Samples(inputs=inputs), training, learning_rate=rate, report=_silent)


def forms() -> dict[str, str]:
    x = keras.Input((4, 6))
    inner = keras.Sequential([keras.Input((4, 6)), L.Dense(3), L.Softmax()])
    flat = keras.Sequential([L.Dense(3), L.Activation("sigmoid"), L.Dropout(0.1)])
    endings = {
        "dense": L.Dense(2)(x),
        "softmax": L.Dense(2, activation="softmax")(x),
        "layer": L.Activation("softmax")(x),
        "op": keras.ops.softmax(x, axis=-1),
        "other axis": L.Softmax(axis=1)(x),
        "nested": inner(x),
        "passed on": flat(x),
        "reshaped": L.Reshape((24,))(L.Activation("softmax")(x)),
        "sigmoid": L.Conv1D(2, 1, activation="sigmoid")(x),
        "tanh": L.Dense(2, activation="tanh")(x),
    }
    return {name: losses.output_form(tensor) for name, tensor in endings.items()}


def divergences() -> dict[str, float]:
    """Losses of plain tensors, whose scores have to be made of the probabilities."""
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], np.float32)
    q = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]], np.float32)

    def loss(form: str, a: Any, b: Any, temperature: float = 1.0) -> float:
        made = losses.TeacherLoss({"o": form}, {"o": 4.0}, temperature)
        tensors = ({"o": keras.ops.convert_to_tensor(v)} for v in (a, b))
        return float(made.compute_loss(*tensors))

    certain = np.array([[1.0, 0.0, 0.0]], np.float32)
    return {
        "softmax": loss("softmax", p, q),
        "warm": loss("softmax", p, q, 2.0),
        "same": loss("softmax", p, p, 3.0),
        "sigmoid": loss("sigmoid", p, q),
        "values": loss("values", p, q),
        "certain": loss("softmax", certain, certain[:, ::-1].copy()),
    }


def label_losses() -> dict[str, float]:
    """Losses of plain tensors against labels, by form."""
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], np.float32)
    scores = np.array([[2.0, -1.0, 0.5], [0.0, 1.0, -3.0]], np.float32)
    ids, rows = np.array([0, 2], np.int32), np.eye(3, dtype=np.float32)[[0, 2]]

    def loss(form: Any, sparse: bool, labels: Any, output: Any) -> float:
        tensors = [keras.ops.convert_to_tensor(v) for v in (labels, output)]
        return float(losses.label_loss(form, sparse)(*tensors))

    return {
        "ids": loss("softmax", True, ids, p),
        "one-hot": loss("softmax", False, rows, p),
        "logits": loss("logits", True, ids, scores),
        "sigmoid": loss("sigmoid", False, rows, p),
        "values": loss("values", False, rows, scores),
    }


def fitted_labels() -> dict[str, Any]:
    """What labels become, the form of the output, and whether they are class ids."""
    ids = np.array([0, 2, 1])
    cases = {
        "ids": (ids, (None, 3), "softmax"),
        "column of ids": (ids[:, None], (None, 3), "softmax"),
        "ids of values": (ids, (None, 3), "values"),
        "ids of flags": (ids, (None, 3), "sigmoid"),
        "one-hot": (np.eye(3)[ids], (None, 3), "softmax"),
        "numbers": (np.array([0.5, 1.5, 9.0]), (None, 1), "values"),
        "ids of one output": (ids, (None, 1), "values"),
        "ids by place": (np.zeros((2, 4), np.int64), (None, 4, 3), "softmax"),
    }
    found = {}
    for name, (labels, shape, form) in cases.items():
        made, form_now, sparse = losses.fit_labels(labels, shape, form)
        found[name] = [made.tolist(), str(made.dtype), form_now, sparse]
    return found


def fit_one_label(labels: list[Any], shape: list[int | None], form: Any) -> None:
    losses.fit_labels(np.array(labels), tuple(shape), form)


def by_name() -> dict[str, Any]:
    """A model of two inputs and outputs as one of dictionaries, with the same layers."""
    model = two_outputs()
    named = trainers.by_name(model, ("a", "b"))
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 5)).astype("f4"), rng.normal(size=(4, 4)).astype("f4")
    got, plain = named({"b": b, "a": a}), model([a, b])
    # The order of a model's outputs is Keras' own: by name, where they are a dictionary.
    wanted = keras.tree.flatten(plain)
    return {
        "names": sorted(got),
        "same": [bool(np.array_equal(got[f"output_{i}"], v)) for i, v in enumerate(wanted)],
        "shared": len({id(v) for v in model.variables} ^ {id(v) for v in named.variables}),
    }


def while_training() -> dict[str, Any]:
    """What is different inside of the blocks, and that all is as it was behind them."""
    model = image_model()
    norm = next(x for x in model.layers if isinstance(x, L.BatchNormalization))
    model.layers[2].trainable = False
    before = [layer.trainable for layer in model.layers]
    seen: dict[str, Any] = {}
    with trainers.quick_statistics(model):
        seen["momentum"] = norm.momentum
    seen["momentum after"] = norm.momentum
    norm.momentum = 0.5
    with trainers.quick_statistics(model):
        seen["momentum lower already"] = norm.momentum
    with trainers.still_norms(model):
        seen["norm"] = [norm.trainable, model.layers[2].trainable]
    seen["after"] = [layer.trainable for layer in model.layers] == before
    try:
        with trainers.unfrozen_after(model):
            model.trainable = False
            raise RuntimeError
    except RuntimeError:
        seen["after an error"] = [layer.trainable for layer in model.layers] == before
    with trainers.unfrozen_after(None):
        pass
    return seen


def schedule(
    losses_by_epoch: list[float], patience: int, epochs: int, nan_batch: int | None = None
) -> dict[str, Any]:
    """The callback told of epochs, without a training."""
    student = image_model()
    student.compile("sgd", "mse")
    lines: list[str] = []
    saved: list[int] = []
    state = State(losses=[1.0], best=_w(student))
    callback = training_schedule.TrainingMonitor(
        student,
        state,
        epochs=epochs,
        patience=patience,
        seed=3,
        report=lines.append,
        save=lambda now: saved.append(now.epoch),
    )
    callback.set_model(student)
    student.stop_training = False
    kernel = student.get_layer("out").kernel
    for epoch, loss in enumerate(losses_by_epoch):
        if student.stop_training:
            break
        callback.on_epoch_begin(epoch)
        kernel.assign(np.full(kernel.shape, epoch + 1.0))
        if nan_batch == epoch:
            callback.on_train_batch_end(0, {"loss": float("nan")})
        callback.on_epoch_end(epoch, {"loss": loss, "val_loss": loss})
    return {
        "epoch": state.epoch,
        "best_epoch": state.best_epoch,
        "best": float(state.best[-2].ravel()[0]),
        "losses": state.losses,
        "stopped": state.stopped,
        "saved": saved,
        "lines": lines,
    }


def random_layers() -> dict[str, list[Any]]:
    """The state of dropout at the begin of epochs."""
    found: dict[str, list[Any]] = {}
    for name, seed, epoch in (("one", 3, 0), ("same", 3, 0), ("next", 3, 1), ("other", 4, 0)):
        student = image_model()
        callback = training_schedule.TrainingMonitor(
            student, State(), epochs=2, patience=2, seed=seed, report=_silent, save=lambda _: None
        )
        callback.on_epoch_begin(epoch)
        states = [v for v in student.variables if v.name == "seed_generator_state"]
        found[name] = [np.asarray(v).tolist() for v in states]
    return found


def prepared(distill: bool, labels: bool, **training: Any) -> dict[str, Any]:
    """What a training would consist of."""
    student, teacher = image_model(0), image_model(1)
    samples = Samples(inputs=pixels(100), labels=_colours(100) if labels else None)
    options = Training(data="arrays", distill=distill, **training)
    wrapped = prepare.wrap(student)
    data, trainer, compiled = prepare.prepare(
        student, teacher, samples, options, wrapped, temperature=2.0
    )
    augmentation = data.augmentation
    return {
        "trainer": type(trainer).__name__,
        "size": data.size,
        "held": [len(data.train), len(data.judge)],
        "augmentation": [augmentation.move, augmentation.flip, augmentation.mix],
        "labels": data.train.labels is not None,
        "compiled": sorted(compiled),
        "floats": sorted(data.floats),
        "weight": float(getattr(trainer, "student_loss_weight", -1.0)),
    }


def resumable(folder: str | None, epochs: int = 6, key: str = "k", slow: bool = False) -> Any:
    """Train with all that is random: dropout, order, augmentation. Weights as lists."""
    import time

    teacher, student = image_model(0), image_model(1)

    def report(line: str) -> None:
        print(line, flush=True)

    class Slow(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            time.sleep(0.15)

    trained = fit(
        student, teacher, Samples(inputs=pixels(64)),
        Training(data="arrays", distill=True, epochs=epochs, batch_size=8, patience=20),
        checkpoint=Path(folder) if folder else None, key=key, learning_rate=0.01,
        report=report, callbacks=[Slow()] if slow else [],
    )  # fmt: skip
    return {**_told(trained), "weights": [w.tolist() for w in _w(student)]}


if __name__ == "__main__":
    resumable(**json.loads(Path(sys.argv[1]).read_text()))
