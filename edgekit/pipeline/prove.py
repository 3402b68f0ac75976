"""That a conversion computes what it should: on golden samples, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.data.samples import Samples
from edgekit.errors import FidelityError, QuantizeError
from edgekit.measure import fidelity
from edgekit.records import ConvertOptions, Limits, Recipe, Target
from edgekit.runtimes import host

# Whether a file runs at all shows on one sample; how well it computes, `validate` says.
_WORKERS = 2


def compare_with_original(work: Path, options: ConvertOptions) -> tuple[Samples, float | None]:
    """Run the float file on the golden samples and compare it with the Keras outputs.

    Returns:
        The golden samples with reference outputs, and the SQNR in dB; None where there
        was no Keras model to compare with.

    Raises:
        FidelityError: The float file does not compute what Keras computes.
    """
    golden = Samples.load(work / "golden.npz")
    with host.open_session(work / "float.tflite", Target(), limits=options.limits) as session:
        outputs = session.run(golden.inputs)
    if not golden.reference:
        return replace(golden, reference=outputs), None
    sqnr = min(
        fidelity.sqnr_db(golden.reference[name].reshape(outputs[name].shape), outputs[name])
        for name in outputs
    )
    if sqnr < options.min_reference_sqnr_db:
        raise FidelityError(
            f"The float .tflite agrees with Keras to at least {options.min_reference_sqnr_db:g} dB "
            f"on {len(golden)} golden samples.",
            received=f"{sqnr:.1f} dB",
            hint="the model may be random at inference (noise, dropout that is always on), or "
            "unstable in float32.",
        )
    return golden, sqnr


def check_all(
    files: Sequence[Path], recipes: Sequence[Recipe], golden: Samples, limits: Limits
) -> None:
    """`check_runs` for each file, on one of the golden samples."""
    one = golden.take([0])
    with ThreadPoolExecutor(_WORKERS) as pool:
        checks = [
            pool.submit(check_runs, file, recipe, one, limits)
            # The slowest recipes stand last: begun first, they end with the others.
            for file, recipe in reversed(list(zip(files, recipes, strict=True)))
        ]
        for check in reversed(checks):
            check.result()


def check_runs(path: Path, recipe: Recipe, golden: Samples, limits: Limits) -> None:
    """Refuse a file that does not run, or that computes something not finite.

    Raises:
        QuantizeError: An output is NaN or infinite.
        RunError: The interpreter could not run it.
    """
    with host.open_session(path, Target(), limits=limits) as session:
        outputs = session.run(golden.inputs)
    for name, values in outputs.items():
        if not np.isfinite(values).all() and np.isfinite(golden.reference[name]).all():
            raise QuantizeError(
                f"{recipe.name} computes finite outputs.",
                received=f"{name} holds NaN or infinity on golden samples",
                hint="use another recipe.",
            )
