"""The three files on disk that join the halves of edgekit, and their names.

`NAME[.pruned][.qat].RECIPE.tflite`, its manifest of the same name (`.json`, an `Artifact`), and
`NAME.golden.npz` (a few inputs with the outputs of Keras). A manifest names its file
without a folder, so that the three can be moved together.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgekit.core import files, serde
from edgekit.core.errors import ModelError, ProjectError, UsageError
from edgekit.core.records import Artifact, Recipe

_FOREIGN = "convert again, or move the manifest away to treat the file as a foreign one."

File = Path | str | Artifact
"""A `.tflite`, by its path or as what `convert` returned."""


def paths(given: Sequence[File] | File, verb: str) -> list[Path]:
    """The paths of files, of one or several.

    Args:
        given: What a function was passed.
        verb: The function, for the error.

    Raises:
        UsageError: None of them, or an empty name.
    """
    several = [given] if isinstance(given, File) else list(given)
    if not several:
        raise UsageError(f"{verb} needs at least one .tflite file.", received="none")
    found = [one.path if isinstance(one, Artifact) else one for one in several]
    if not all(map(str, found)):
        raise UsageError(f"{verb} needs the path of a .tflite file.", received="an empty path")
    return [Path(path) for path in found]


def tflite_path(folder: Path, name: str, recipe: Recipe) -> Path:
    """Where the file of one recipe goes."""
    return folder / f"{name}.{recipe.label}.tflite"


def keras_path(folder: Path, name: str) -> Path:
    """Where the pruned Keras model goes."""
    return folder / f"{name}.pruned.keras"


def golden_path(folder: Path, name: str) -> Path:
    """Where the golden samples of a model go."""
    return folder / f"{name}.golden.npz"


def manifest_path(tflite: Path) -> Path:
    """The manifest that belongs to a `.tflite`."""
    return tflite.with_suffix(".json")


def float_path(artifact: Artifact) -> Path:
    """The original model's float file, beside it: what the artifact is compared with."""
    return _beside(artifact, replace(_float(artifact.recipe), prune=None))


def origin_path(artifact: Artifact) -> Path:
    """The float file that it derives from, operator by operator: a pruned one, if it is pruned."""
    return _beside(artifact, _float(artifact.recipe))


def model_name(artifact: Artifact) -> str:
    """What the model is called: the first part of the names of all its files."""
    return Path(artifact.path).name.removesuffix(f".{artifact.recipe.label}.tflite")


def _float(recipe: Recipe) -> Recipe:
    return replace(recipe, name="float32", training=None, quantize=None)


def _beside(artifact: Artifact, recipe: Recipe) -> Path:
    return tflite_path(Path(artifact.path).parent, model_name(artifact), recipe)


def compressed_bytes(content: bytes) -> int:
    """Size after DEFLATE at level 9: about what a download costs."""
    return len(zlib.compress(content, 9))


def manifest_text(artifact: Artifact) -> str:
    """What a manifest holds. It names its file without a folder."""
    return serde.dumps(replace(artifact, path=Path(artifact.path).name))


def labels(paths: Sequence[Path]) -> list[str]:
    """What measurements call files: their names, or paths where two files share a name."""
    places: dict[str, set[Path]] = {}
    for path in paths:
        places.setdefault(path.name, set()).add(path.absolute())
    return [path.name if len(places[path.name]) == 1 else str(path) for path in paths]


def load(tflite: Path) -> Artifact | None:
    """The manifest of a file, or None when there is none (a file that others made).

    Raises:
        ModelError: The file is missing, or is not the one its manifest describes.
        ProjectError: The manifest cannot be read.
    """
    files.size(tflite, ".tflite file", kind=ModelError)
    path = manifest_path(tflite)
    if not path.is_file():
        return None
    try:
        text = files.read_text(path, "manifest", kind=ProjectError)
        artifact = serde.loads(Artifact, text, str(path))
    except ProjectError as error:
        raise ProjectError(
            f"{path.name} beside {tflite.name} is not its manifest.",
            received=error.brief,
            hint=_FOREIGN,
        ) from None
    if artifact.sha256 != serde.sha256(tflite):
        raise ModelError(
            f"{tflite.name} is not the file that its manifest {path.name} describes.",
            received="another content hash: the file was changed or replaced.",
            hint=_FOREIGN,
        )
    return replace(artifact, path=str(tflite))
