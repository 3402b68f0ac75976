"""Load a trained model, whichever Keras wrote it. Runs inside a child process.

Keras 3 files are loaded by `keras`, Keras 2 files by `tf_keras`: the writer decides, as
`recognise` reads it from the file, and nothing is tried out. Before anything is built the
configuration is checked for code, for unknown classes and for its size, and policies of half
precision and of float64 are made float32; the loader then sees a corrected copy of the file.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgekit.compat.keras import without_scikit_learn
from edgekit.compat.tf_keras import safe_mode
from edgekit.core.errors import EdgekitError, ModelError, UsageError
from edgekit.core.text import printable
from edgekit.frontend.load import keras_config, old_keras, quantized_by_keras, tfjs
from edgekit.frontend.load.archive import (
    count_weights,
    open_hdf5,
    open_zip,
    read_entry,
    read_json,
    stored_shapes,
    text_attribute,
    zip_folder,
)
from edgekit.frontend.load.built_model import load_built
from edgekit.frontend.load.custom_objects import import_objects, operations, registered
from edgekit.frontend.load.loaded import LoadedModel
from edgekit.frontend.load.recognise import Recognised, recognise, weights
from edgekit.frontend.trust import check_config, config_graph


def load(
    path: Path,
    *,
    unsafe: bool = False,
    custom_objects: str | None = None,
    signature: str | None = None,
    builder: str | None = None,
) -> LoadedModel:
    """Load the model at `path` for inference.

    Args:
        path: A `.keras` or `.h5` file, a SavedModel, a TensorFlow.js model, or a
            folder with one of them.
        unsafe: Allow code that is stored in the file, as in a Lambda layer.
        custom_objects: `module:NAME` of a dict, class or function for custom layers; the
            current folder is searched for the module first.
        signature: The one to take of a SavedModel; the one to serve by default.
        builder: `module:FUNCTION` that returns the built model, where `path` holds weights alone.

    Raises:
        UsageError: A signature was named of a model that has none, or not this one.
        ModelError: Not a model, damaged, not built, or it needs code that was not given.
        UnsafeModelError: It holds code, and `unsafe` is False.
    """
    if builder is not None:
        recognised = weights(path)
        with _keras_errors(recognised):
            return load_built(recognised.path, builder)
    recognised = recognise(path)
    if recognised.format == "tflite":
        raise ModelError(
            "The model to load must be a Keras model.",
            received=f"{recognised.path.name}: a .tflite file, which is converted already",
            hint="name the Keras model; validate, benchmark and inspect take .tflite files.",
        )
    if signature is not None and recognised.format != "saved_model":
        raise UsageError(
            "--signature must be of a model that has signatures: a SavedModel or .tflite.",
            received=f"--signature {signature}, and {recognised.path.name} was written by "
            f"{recognised.written_by}",
            hint="leave --signature out.",
        )
    objects = import_objects(custom_objects)
    with without_scikit_learn(), _keras_errors(recognised):
        if recognised.format == "saved_model":
            from edgekit.frontend.load.saved_model import load_saved_model

            return load_saved_model(recognised.path, unsafe=unsafe, signature=signature)
        if recognised.format == "tfjs_graph":
            from edgekit.frontend.load.tfjs_graph import load_graph

            return load_graph(recognised.path, unsafe=unsafe)
        if recognised.format == "tfjs":
            return _load_tfjs(recognised.path, objects, unsafe)
        with tempfile.TemporaryDirectory(prefix="edgekit-") as folder:
            if recognised.format in ("keras3", "keras2_zip"):
                ready, notes = _prepare_zip(recognised, Path(folder), objects, unsafe)
            else:
                ready, notes = _prepare_hdf5(recognised, Path(folder), objects, unsafe)
            return _load_keras(recognised, ready, notes, objects, unsafe)


def _load_keras(
    recognised: Recognised, ready: Path, notes: list[str], objects: Mapping[str, Any], unsafe: bool
) -> LoadedModel:
    from edgekit.frontend.load import keras_model

    if recognised.format in ("keras3", "keras3_h5"):
        import keras

        if recognised.format == "keras3_h5":
            objects = {**operations(), **objects}
        model = keras.saving.load_model(
            ready, custom_objects=dict(objects), compile=False, safe_mode=not unsafe
        )
        return keras_model.wrap_keras3(model, notes)
    import tf_keras

    from edgekit.frontend.keras2 import tfmot_layers

    objects = {**tfmot_layers.STAND_INS, **objects}
    with safe_mode(not unsafe):  # the argument of load_model means .keras files only
        model = tf_keras.models.load_model(ready, custom_objects=objects, compile=False)
    return keras_model.wrap_keras2(tfmot_layers.without_wrappers(model), notes)


def _checked(
    config: dict[str, Any], recognised: Recognised, objects: Mapping[str, Any], unsafe: bool
) -> tuple[dict[str, Any], list[str]]:
    resolve = _resolver(recognised, objects)
    config = keras_config.without_compilation(config)
    if not unsafe:
        check_config.check(config, resolve)
    quantized_by_keras.refuse(config, recognised.path.name)
    if _is_keras2(recognised):
        config_graph.check_order(config)
    config = keras_config.with_stand_ins(keras_config.by_given_name(config, resolve))
    notes = []
    config, changed = keras_config.in_float32(config)
    if changed:
        notes.append(
            "dtype policies of other floats (float16, bfloat16, float64) were made float32"
        )
    config, changed = keras_config.free_batch(config)
    if changed:
        notes.append("the batch size that the Sequential recorded was left free")
    if recognised.format == "keras2_h5":
        config = keras_config.functions_by_name(config)
    return config, notes


def _is_keras2(recognised: Recognised) -> bool:
    return recognised.format in ("keras2_h5", "keras2_zip", "tfjs")


def _resolver(recognised: Recognised, objects: Mapping[str, Any]) -> check_config.Resolve:
    def resolve(name: str) -> str | None:
        if not objects:
            return None
        # A file names what was registered as `package>Name`; the person may give `Name`.
        short = name.rpartition(">")[2]
        if name in objects or short in objects:
            return name if name in objects else short
        return registered(name, keras2=_is_keras2(recognised))

    return resolve


def _prepare_zip(
    recognised: Recognised, folder: Path, objects: Mapping[str, Any], unsafe: bool
) -> tuple[Path, list[str]]:
    """A checked and corrected `.keras` file: the original where nothing had to change."""
    path = recognised.path
    if path.is_dir():  # model.save(..., zipped=False)
        path = zip_folder(path, folder / "folder.zip")
    with open_zip(path) as archive:
        config = read_json(path, read_entry(path, archive, "config.json"), "config.json")
        config.pop("compile_config", None)  # Keras is told not to compile, and then skips it
        if "model.weights.h5" in archive.namelist():
            # A copy: HDF5 jumps about in its file, and inside an archive every jump back
            # unpacks from the start again (ResNet50: four seconds).
            with tempfile.TemporaryFile(dir=folder) as copy:
                with archive.open("model.weights.h5") as stream:
                    shutil.copyfileobj(stream, copy, 1 << 20)
                with open_hdf5(path, copy) as weights:
                    stored = count_weights(path, weights, path.stat().st_size)
            keras_config.check_size(config, stored, recognised.path.name)
        corrected, notes = _checked(config, recognised, objects, unsafe)
        if corrected == config and path.suffix == ".keras" and recognised.format == "keras3":
            return path, notes
        # tf_keras opens the file for writing, hence a copy of its own as well.
        ready = folder / "model.keras"
        with zipfile.ZipFile(ready, "w") as corrected_copy:
            for entry in archive.infolist():
                if entry.filename == "config.json":
                    corrected_copy.writestr("config.json", json.dumps(corrected))
                elif not entry.is_dir():
                    with (
                        archive.open(entry) as source,
                        corrected_copy.open(entry.filename, "w") as target,
                    ):
                        shutil.copyfileobj(source, target)
    return ready, notes


def _prepare_hdf5(
    recognised: Recognised, folder: Path, objects: Mapping[str, Any], unsafe: bool
) -> tuple[Path, list[str]]:
    """A checked and corrected `.h5` file: the original where nothing had to change."""
    path = recognised.path
    with open_hdf5(path) as file:
        config = read_json(path, text_attribute(file, "model_config") or "", "model_config")
        stored = count_weights(path, file, path.stat().st_size)
        shapes = stored_shapes(file)
    keras_config.check_size(config, stored, path.name)
    said = old_keras.with_reset_after(config, shapes) if _is_keras2(recognised) else config
    corrected, notes = _checked(said, recognised, objects, unsafe)
    if corrected == config and path.suffix in (".h5", ".hdf5"):
        return path, notes
    ready = folder / "model.h5"
    shutil.copyfile(path, ready)
    ready.chmod(0o600)
    if corrected != config:
        import h5py

        with h5py.File(ready, "r+") as file:
            file.attrs["model_config"] = json.dumps(corrected).encode()
    return ready, notes


def _load_tfjs(path: Path, objects: Mapping[str, Any], unsafe: bool) -> LoadedModel:
    config, manifest = tfjs.read_topology(path)
    weights = tfjs.read_weights(path, manifest)
    recognised = Recognised(format="tfjs", written_by="TensorFlow.js", path=path)
    config = old_keras.with_reset_after(
        config, [(name, value.shape) for name, value in weights.items()]
    )
    corrected, notes = _checked(config, recognised, objects, unsafe)
    keras_config.check_size(config, sum(value.size for value in weights.values()), path.name)
    import tf_keras

    from edgekit.frontend.load import keras_model

    with safe_mode(not unsafe):
        model = tf_keras.models.model_from_json(json.dumps(corrected), custom_objects=dict(objects))
    keras_model.require_built(model)
    variables = [
        variable
        for layer in model.layers
        for variable in layer.trainable_weights + layer.non_trainable_weights
    ]
    names = [variable.name.removesuffix(":0") for variable in variables]
    shapes = [tuple(variable.shape) for variable in variables]
    for variable, value in zip(variables, tfjs.match(names, shapes, weights), strict=True):
        variable.assign(value)
    if tfjs.is_quantized(manifest):
        notes.append("the TensorFlow.js file holds quantized weights: no float original is left")
    return keras_model.wrap_keras2(model, ["written by TensorFlow.js", *notes])


_MISSING = re.compile(
    r"(?:Unknown (?:layer|object|[\w ]*function)|Could not locate (?:class|function)"
    r"|Could not interpret \w+(?: function)? identifier):? "
    r"(?:'?\{.*?'config': )?'?([\w>.]+)"
)


_ANOTHER_LOADER = (
    "copy or download it again, in case it was damaged on the way; or load it in Python with the "
    "Keras that wrote it, and save it as .keras."
)
_ANOTHER_KERAS = {
    "Keras 1": "Keras 1 names its options otherwise: load it with Keras 2.0 to 2.2, which still "
    "know both, and save it again."
}


@contextmanager
def _keras_errors(recognised: Recognised) -> Iterator[None]:
    """Whatever Keras raises while loading is the file's fault, and becomes one ModelError."""
    try:
        yield
    except (EdgekitError, MemoryError):
        raise
    except ImportError as error:
        raise ModelError(
            "TensorFlow, Keras or tf-keras, which load Keras models, could not be imported.",
            received=str(error),
            hint="pip install 'edgekit-tflite[convert]'",
        ) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise  # the corrected copy did not fit
        text = f"{error}"
        missing = _MISSING.search(text)
        if missing:
            name = missing.group(1)
            raise check_config.missing_object(
                name, f"{recognised.path.name}, written by {recognised.written_by}, names {name!r}"
            ) from None
        if "never built" in text or "has not been built" in text or "been built yet" in text:
            raise _not_built(recognised, text) from None
        raise ModelError(
            f"The model could not be loaded ({recognised.format}, "
            f"written by {recognised.written_by}).",
            received=f"{recognised.path.name}: {type(error).__name__}: {informative_line(text)}",
            hint=_ANOTHER_KERAS.get(recognised.written_by[:7], _ANOTHER_LOADER),
        ) from None


def _not_built(recognised: Recognised, text: str) -> ModelError:
    return ModelError(
        "The shapes of the model's inputs and weights are not known.",
        received=f"{recognised.path.name}: {informative_line(text)}",
        hint="call the model once on real data, then save it; or build it with keras.Input.",
    )


def informative_line(text: str) -> str:
    """The last line of a Keras message that says what is wrong, at most 300 characters.

    Keras appends whole configurations to its messages; those lines say nothing.
    """
    # What a layer was called with, and what else failed, follow the reason.
    for follows in ("Arguments received by", "List of objects that could not be loaded"):
        text = text.split(follows)[0]
    lines = [line.strip() for line in text.splitlines()]
    reasons = [
        line.split("Full object config:")[0].strip()
        for line in lines
        if line and not line.startswith(("Full object config", "config=", "{", "[", "kwargs", "*"))
    ]
    reasons = [reason for reason in reasons if reason]
    return printable((reasons[-1] if reasons else text.strip() or "no message")[:300])
