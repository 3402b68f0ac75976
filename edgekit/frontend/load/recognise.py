"""Say what a model file is: by its content, never by its ending.

Keras has written five formats, and each loader fails on the others' files with a message
that misleads (`File not found` for a damaged archive). The choice of a loader is made
here, once, from magic numbers, archive metadata and HDF5 attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgekit.core import isolate
from edgekit.core.errors import ModelError
from edgekit.core.records import Limits
from edgekit.core.text import printable
from edgekit.frontend.load.archive import open_hdf5, open_zip, read_entry, read_json, text_attribute

Format = Literal[
    "keras3",
    "keras2_h5",
    "keras2_zip",
    "keras3_h5",
    "saved_model",
    "tfjs",
    "tfjs_graph",
    "tflite",
    "weights",
]

KINDS = ".keras, .h5, a SavedModel folder, a TensorFlow.js model or .tflite"
_ZIP = b"PK"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
# torch.save's magic number before 1.6, as its pickle spells it.
_OLD_TORCH = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecognised:
    """A file or folder of which nothing is known yet."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a path holds.

    `path` is the file or folder to load: it differs from what was asked for when that was
    a folder with one model in it. `written_by` names the writer, as `Keras 2.15.0`.
    """

    format: Format
    written_by: str
    path: Path


def recognise_apart(path: Path, limits: Limits) -> Recognised:
    """`recognise`, in a child where it takes h5py: that waits for ever for some damaged files.

    Raises:
        ModelError: As there.
        RunError: The child crashed, took too long or too much memory.
    """
    if not path.is_dir() and not _begins_with(path, _HDF5):
        return recognise(path)
    return isolate.call(
        RECOGNISE,
        Unrecognised(path=path),
        name="The reader of the model file",
        limits=limits,
    )


def run(request: Unrecognised, report: Callable[[str], None]) -> Recognised:
    """`recognise` for `isolate.call`."""
    del report
    return recognise(request.path)


RECOGNISE = isolate.Stage(f"{__name__}:run", Unrecognised, Recognised)


def _begins_with(path: Path, magic: bytes) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def recognise(path: Path) -> Recognised:
    """Which format the model at `path` has, and which Keras wrote it.

    Reads magic numbers and metadata only; TensorFlow is not imported.

    Raises:
        ModelError: Nothing there, damaged, weights without an architecture, or not a model
            that edgekit converts; the error says what it looks like and what to do.
    """
    if not path.exists():
        raise ModelError(
            "The model file was not found.",
            received=str(path),
            hint="check the path; it is relative to the current folder.",
        )
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise ModelError(
            "A model must be a file or a folder.",
            received=f"{path}: a device, pipe or socket",
            hint="name the model file itself.",
        )
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise ModelError(
            "The model file must not be empty.",
            received=f"{path}: 0 bytes",
            hint="copy or download it again.",
        )
    if head.startswith(_ZIP):
        return _zip(path)
    if head.startswith(_HDF5):
        return _hdf5(path)
    if head[4:8] == b"TFL3":
        return Recognised(format="tflite", written_by="a TFLite converter", path=path)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json(path)
    if path.name in ("saved_model.pb", "saved_model.pbtxt"):
        return _folder(path.parent)
    raise _unknown(path, head)


def weights(path: Path) -> Recognised:
    """A file of weights alone, whose model a function of the person's own builds.

    Raises:
        ModelError: There is no such file.
    """
    if not path.is_file():
        raise ModelError(
            "The file of weights was not found.",
            received=str(path),
            hint="name the file itself; of a TensorFlow checkpoint, the one that ends in .index.",
        )
    return Recognised(format="weights", written_by="its --builder", path=path)


def _folder(path: Path) -> Recognised:
    if (path / "saved_model.pb").is_file() or (path / "saved_model.pbtxt").is_file():
        return Recognised(format="saved_model", written_by="a TensorFlow SavedModel", path=path)
    if (path / "config.json").is_file() and (path / "metadata.json").is_file():
        return _keras(
            path,
            read_json(path, (path / "metadata.json").read_bytes(), "metadata.json"),
            read_json(path, (path / "config.json").read_bytes(), "config.json"),
        )
    if (path / "model.json").is_file():
        return _json(path / "model.json")
    if (path / "saved_model.cpb").is_file():
        raise ModelError(
            "The SavedModel is stored in chunks, which TensorFlow's Python package cannot read.",
            received=f"{path} with saved_model.cpb",
            hint="save it without experimental_image_format.",
        )
    found, refused = _inside(path)
    trained = [model for model in found if model.format != "tflite"] or found
    if len(trained) == 1:
        return trained[0]
    if trained:
        names = ", ".join(model.path.name for model in trained)
        raise ModelError(
            "The folder must not hold more than one model.",
            received=f"{path} holds {names}",
            hint=f"name one: {trained[0].path}",
        )
    if len(refused) == 1:
        raise refused[0]
    if (path / "checkpoint").is_file() or any(path.glob("*.ckpt*.index")):
        raise _weights_only(f"{path}: a TensorFlow checkpoint")
    holds = ", ".join(entry.name for entry in sorted(path.iterdir())[:6])
    raise ModelError(
        f"The folder holds no model. A model must be {KINDS}.",
        received=f"{path} with {holds or 'nothing'}",
        hint="name the model file itself.",
    )


def _inside(path: Path) -> tuple[list[Recognised], list[ModelError]]:
    """The models among a folder's entries, and the errors of what only looked like one."""
    found: list[Recognised] = []
    refused: list[ModelError] = []
    for entry in sorted(path.iterdir()):
        file = entry.is_file() and entry.suffix in (".keras", ".h5", ".hdf5", ".tflite")
        folder = (entry / "saved_model.pb").is_file() or (entry / "model.json").is_file()
        if file or folder:
            try:
                found.append(recognise(entry))
            except ModelError as error:
                refused.append(error)
    return found, refused


def _zip(path: Path) -> Recognised:
    with open_zip(path) as archive:
        names = archive.namelist()
        if "config.json" not in names:
            raise _other_zip(path, names)
        config = read_json(path, read_entry(path, archive, "config.json"), "config.json")
        metadata: dict[str, Any] = {}
        if "metadata.json" in names:
            metadata = read_json(path, read_entry(path, archive, "metadata.json"), "metadata.json")
    return _keras(path, metadata, config)


def _keras(path: Path, metadata: dict[str, Any], config: dict[str, Any]) -> Recognised:
    if "class_name" not in config:
        raise ModelError(
            "config.json of the .keras file does not describe a Keras model.",
            received=f"{path.name}: keys {_named(config)}",
            hint="save the model with model.save('NAME.keras').",
        )
    version = _short(metadata.get("keras_version", ""))
    # Without metadata the config tells: Keras 3 writes batch_shape, Keras 2 batch_input_shape.
    two = version.startswith("2.") or (not version and "batch_input_shape" in str(config))
    return Recognised(
        format="keras2_zip" if two else "keras3",
        written_by=f"Keras {version or ('2' if two else '3')}",
        path=path,
    )


def _other_zip(path: Path, names: list[str]) -> ModelError:
    if any(name.endswith("data.pkl") for name in names):
        return _torch(path)
    if names and all(name.endswith(".npy") for name in names):
        return _weights_only(f"{path.name}: NumPy arrays ({_named(names)})", keras=False)
    if "model.weights.h5" in names:
        return _weights_only(f"{path.name}: an archive with model.weights.h5 only")
    if any(name.endswith("saved_model.pb") for name in names):
        return ModelError(
            "A SavedModel must be a folder.",
            received=f"{path.name}: a zip archive with a SavedModel in it",
            hint=f"unpack it first: unzip {path.name}",
        )
    return ModelError(
        f"A model must be {KINDS}.",
        received=f"{path.name}: a zip archive without config.json "
        f"({_named(names) or 'no entries'})",
        hint="save the model with model.save('NAME.keras').",
    )


def _hdf5(path: Path) -> Recognised:
    with open_hdf5(path) as file:
        config = text_attribute(file, "model_config")
        version = _short(text_attribute(file, "keras_version") or "")
        roots = set(file)
        legacy = "layer_names" in file.attrs
        if "model_weights" in file and not version:
            version = _short(text_attribute(file["model_weights"], "keras_version") or "")
    if config is None:
        if (
            legacy
            or "model_weights" in roots
            or roots & {"layers", "_layer_checkpoint_dependencies"}
        ):
            by = f", saved by Keras {version}" if version else ""
            raise _weights_only(f"{path.name}: weights without model_config{by}")
        raise ModelError(
            f"A model must be {KINDS}.",
            received=f"{path.name}: HDF5 data, but not of Keras ({_named(sorted(roots))})",
            hint="save the model with model.save('NAME.keras').",
        )
    read_json(path, config, "model_config")
    return Recognised(
        format="keras3_h5" if version.startswith("3.") else "keras2_h5",
        written_by=f"Keras {version or '1 or older'}",
        path=path,
    )


def _json(path: Path) -> Recognised:
    payload = read_json(path, path.read_bytes(), "A TensorFlow.js model.json")
    topology = payload.get("modelTopology")
    if payload.get("format") == "graph-model" or (
        isinstance(topology, dict) and "node" in topology
    ):
        return Recognised(format="tfjs_graph", written_by=_tfjs_writer(payload), path=path)
    if payload.get("format") == "layers-model" or isinstance(topology, dict):
        return Recognised(format="tfjs", written_by=_tfjs_writer(payload), path=path)
    if "class_name" in payload:
        raise ModelError(
            "The model file holds no weights.",
            received=f"{path.name}: an architecture only (model.to_json())",
            hint="in Python: model_from_json, load_weights, then model.save('NAME.keras').",
        )
    raise ModelError(
        f"A model must be {KINDS}.",
        received=f"{path.name}: JSON with the keys {_named(payload) or 'none'}",
        hint="name the model.json that the TensorFlow.js converter wrote.",
    )


def _tfjs_writer(payload: dict[str, Any]) -> str:
    return _short(payload.get("generatedBy") or payload.get("convertedBy") or "TensorFlow.js")


def _named(names: Iterable[str]) -> str:
    return printable(", ".join(list(names)[:5]))[:200]


def _short(value: object) -> str:
    return printable(str(value))[:60]


def _weights_only(received: str, *, keras: bool = True) -> ModelError:
    built = "build the model in Python, model.load_weights(FILE), then model.save('NAME.keras')."
    function = "edgekit convert takes --builder module:FUNCTION, which returns the built model; or "
    return ModelError(
        "The model file holds no architecture.",
        received=f"{received}. It holds weights, no architecture.",
        hint=f"{function * keras}{built}",
    )


def _torch(path: Path) -> ModelError:
    return ModelError(
        f"A model must be {KINDS}.",
        received=f"{path.name}: a PyTorch file",
        hint="edgekit reads Keras models; convert PyTorch models with litert-torch.",
    )


def _unknown(path: Path, head: bytes) -> ModelError:
    if head.startswith(_PICKLES):
        if _OLD_TORCH in head[:32] or path.suffix in (".pt", ".pth"):
            return _torch(path)
        looks, hint = "a Python pickle, which can run code when opened", "save it as .keras."
    elif _is_onnx(path, head):
        looks = "an ONNX model"
        hint = "edgekit reads Keras models: use the Keras model that it was made from."
    elif path.suffix == ".index" or ".data-0000" in path.name:
        return _weights_only(f"{path.name}: a TensorFlow checkpoint")
    elif path.suffix == ".pb":
        looks = "a frozen TensorFlow graph"
        hint = "use the Keras model or the SavedModel that it was made from."
    elif len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**30:
        return _weights_only(f"{path.name}: a safetensors file", keras=False)
    elif head.startswith(b"\x1f\x8b"):
        looks, hint = "a gzip archive", f"unpack it first: tar -xf {path.name}"
    else:
        text = all(byte in b"\t\r\n" or byte >= 32 for byte in head[:256])
        looks = f"{'text' if text else 'unknown bytes'}, starting {head[:16]!r}"
        hint = "save the model with model.save('NAME.keras')."
        if path.suffix in (".keras", ".h5", ".hdf5", ".tflite"):
            hint = f"the file is damaged or not what its ending says; {hint}"
    return ModelError(f"A model must be {KINDS}.", received=f"{path.name}: {looks}", hint=hint)


def _is_onnx(path: Path, head: bytes) -> bool:
    # ONNX is a bare protobuf: field 1 (ir_version) as a varint, then the producer's name
    # (field 2) or the graph (field 7) follows.
    version, field = head[1:2], head[2:3]
    starts = head[:1] == b"\x08" and b"\0" < version < b" " and field in (b"\x12", b":", b"B")
    return starts and (path.suffix == ".onnx" or b"onnx" in head or b"pytorch" in head)
