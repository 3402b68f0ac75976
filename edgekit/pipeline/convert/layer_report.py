"""Errors by operator of quantized files, in a child process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgekit.core import isolate, scratch, serde
from edgekit.core.errors import UsageError
from edgekit.core.process import Progress
from edgekit.core.records import LayerError, Limits
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.quantize.quantize_messages import LAYER_ERRORS, LayerErrorsRequest

# No more are used; by how much memory activations take, it may be fewer.
_SAMPLES = 64


def measure_layers(
    path: Path,
    reference: Path | None,
    samples: Samples,
    *,
    equalized: Mapping[str, tuple[int, ...]] | None,
    seed: int,
    limits: Limits,
    on_progress: Progress,
) -> tuple[tuple[LayerError, ...], str]:
    """How far each operator of a quantized file is off.

    Args:
        path: The quantized `.tflite`.
        reference: The float file that it was made from.
        samples: Up to 64 of them are drawn.
        equalized: Of its manifest (see `Artifact`); None for a file without one, whose
            weights tell.
        seed: Of the draw.
        limits: Of the child process.
        on_progress: Takes one line now and then.

    Returns:
        The errors in order of execution (none for the float file itself), and what must be
        said beside them.

    Raises:
        UsageError: Nobody knows the float file.
        QuantizeError: A size is not fixed, or an operator does not run by itself.
        RunError: The child passed its limits.
    """
    reference = check_reference(path, reference)
    if serde.sha256(path) == serde.sha256(reference):
        return (), f"{path.name} is the float file: it has no errors by layer."
    on_progress(f"layer errors of {path.name}")
    chosen = samples.take(split.draw(split.strata(samples), len(samples), _SAMPLES, seed))
    with scratch.folder() as folder:
        stored = folder / "samples.npz"
        chosen.save(stored, compress=False)
        result = isolate.call(
            LAYER_ERRORS,
            LayerErrorsRequest(
                float_file=reference.absolute(),
                quantized=path.absolute(),
                samples=stored,
                equalized=equalized,
            ),
            name="The layer errors' child",
            limits=limits,
            on_progress=on_progress,
        )
    return result.errors, (
        f"layers of {path.name}: by LiteRT's kernels, on {result.num_samples} of "
        f"{len(samples)} samples, drawn with seed {seed}."
    )


def check_reference(path: Path, reference: Path | None) -> Path:
    """The float file of a file; refuses one whose float file nobody knows.

    Raises:
        UsageError: There is no reference.
    """
    if reference is None:
        raise UsageError(
            "--layers needs the float file that the file was made from.",
            received=f"no float file beside {path.name}",
            hint="name it with --reference FLOAT.tflite.",
        )
    return reference


def graph_name(path: Path) -> str:
    """What Model Explorer calls the main graph of a `.tflite`: its name, or `main`."""
    from edgekit import tflite
    from edgekit.tflite import enums

    model = tflite.read(path)
    number = tflite.binding(model).subgraph
    return enums.text(model.subgraphs[number].name) or (
        "main" if number == 0 else f"subgraph_{number}"
    )
