"""What the exporter made of a model before: taken from the cache where nothing it depends on moved.

To load a Keras model, to draw samples and to export it takes most of a conversion's time, and
somebody who tries another recipe wants the same float file and the same samples. All of the
exporter's files are kept in one entry of the cache (see `cache`), by the content of model and
data, what the project says, the seed, and the versions of all tools.

Nothing is kept where the person's own code runs (custom objects, functions that return samples,
live models), where the model's file is not all of the model, or where it takes more room than it
saves time.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from edgekit.core import scratch, serde
from edgekit.core.errors import OutputError
from edgekit.core.installed import installed
from edgekit.core.json_values import Json
from edgekit.core.project import Project
from edgekit.data.export_messages import DrawRequest, Exported, ExportRequest
from edgekit.frontend.load.recognise import Recognised
from edgekit.pipeline import cache
from edgekit.pipeline.cache import Cache
from edgekit.pipeline.convert.job import Job

# Of these the path that was given holds everything.
_WHOLE = ("keras3", "keras2_zip", "keras3_h5", "keras2_h5", "saved_model")
# To hash more data takes as long as to read samples from it; larger entries fill a disk.
_MOST_READ = 2**30
_MOST_KEPT = 2**28
_ANSWER = "exported.json"
# What TensorFlow and Keras look at when they are imported.
_VARIABLES = ("TF_", "KERAS_", "XLA_")


def exported(
    job: Job, recognised: Recognised, request: ExportRequest, export: Callable[[], Exported]
) -> Exported:
    """What the exporter gives: from the cache, or made now and kept.

    Args:
        job: Whose files are filled; its notes get what the exporter's call added to them.
        recognised: What the model is.
        request: What the exporter is asked; where its files go does not matter.
        export: Asks it.

    Raises:
        EdgekitError: As `export`.
    """
    key = _key(job, recognised, request)
    if key is None:
        return export()
    kept = Cache(fresh=job.options.fresh)
    places = {path.name: path for path in _written(request)}
    found = kept.read(key, lambda folder: _load(folder, places))
    if found is not None:
        job.on_progress("taking the float file and samples of an earlier conversion (or --fresh)")
        return found
    before = len(job.notes)
    made = export()
    if len(job.notes) > before or not _is_small(places):  # a retry is no usual export
        return made
    # Without the entry, as on a full disk, the next time exports again.
    with suppress(OutputError), kept.making(key) as folder:
        for name, path in places.items():
            if path.is_file():
                shutil.copyfile(path, folder / name)
        (folder / _ANSWER).write_text(serde.dumps(made), encoding="utf-8")
    return made


def _load(folder: Path, places: dict[str, Path]) -> Exported:
    found = serde.loads(Exported, (folder / _ANSWER).read_text(encoding="utf-8"))
    for name, path in places.items():
        if (folder / name).is_file():
            shutil.copyfile(folder / name, path)
    return found


def _written(request: ExportRequest) -> Iterator[Path]:
    draw = request.draw
    yield from (request.out, draw.golden_out, draw.calibration_out, draw.training_out)
    if draw.labelled_out is not None:
        yield draw.labelled_out


def _is_small(places: dict[str, Path]) -> bool:
    return sum(path.stat().st_size for path in places.values() if path.is_file()) <= _MOST_KEPT


def _key(job: Job, recognised: Recognised, request: ExportRequest) -> str | None:
    """What names the entry; None where nothing is kept."""
    if job.own_code or job.source.live is not None or recognised.format not in _WHOLE:
        return None
    sources = _sources(request.draw)
    if not all(map(_is_all, (request.model, *map(Path, sources)))):
        return None
    draw = request.draw
    asked = replace(
        request,
        model=Path(request.model.name),
        out=Path(),
        project=None,
        draw=replace(
            draw,
            golden_out=Path(),
            calibration_out=Path(),
            training_out=Path(),
            labelled_out=None if draw.labelled_out is None else Path(),
        ),
    )
    return cache.key(
        "export",
        model=serde.sha256(request.model),
        asked=serde.to_dict(asked),
        data={source: serde.sha256(Path(source)) for source in sources},
        project=_said(job.source.project),
        tools={tool: installed(tool) for tool in cache.TOOLS},
        python=[platform.python_version(), platform.machine()],
        variables={
            name: value for name, value in os.environ.items() if name.startswith(_VARIABLES)
        },
    )


def _sources(draw: DrawRequest) -> set[str]:
    return {source for source in (draw.calibration, draw.training, draw.evaluation) if source}


def _is_all(path: Path) -> bool:
    """Whether a path is there to stay, not too large to hash, and leads nowhere else."""
    if path.is_relative_to(scratch.root()):  # what was given in Python
        return False
    found = [path, *path.rglob("*")]
    if path.is_dir() and any(one.is_symlink() for one in found):
        return False
    sizes = [one.stat().st_size for one in found if one.is_file()]
    return bool(sizes) and sum(sizes) <= _MOST_READ


def _said(project: Project) -> Json:
    """All that `edgekit.toml` says of inputs and outputs, with the labels that it names."""
    return {name: serde.to_dict(getattr(project, name)) for name in ("input", "output", "state")}
