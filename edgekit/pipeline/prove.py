"""That a conversion computes what it should: on golden samples, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgekit.data.samples import Samples
from edgekit.errors import FidelityError, QuantizeError
from edgekit.measure import fidelity
from edgekit.quantize import variants
from edgekit.records import Contract, ConvertOptions, Limits, Recipe, Target, Verified
from edgekit.runtimes import host

_WORKERS = 2
# Enough to see that a file computes something else; how well it computes, `validate` says.
_HELD_BACK = 16
# No interpreter of a host has fast kernels for int16 activations: they take 28x of float's time.
_SAMPLES_AT_16_BITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Samples that every file is run on, with what the float file gives for them.

    The golden ones come first, then `held_back` calibration samples.
    """

    samples: Samples
    held_back: int


def compare_with_original(
    work: Path, options: ConvertOptions
) -> tuple[Samples, float | None, Proof]:
    """Run the float file on the golden samples and compare it with the Keras outputs.

    Returns:
        The golden samples with reference outputs; the SQNR in dB, None where there was no
        Keras model to compare with; and the samples to run every other file on.

    Raises:
        FidelityError: The float file does not compute what Keras computes.
    """
    golden = Samples.load(work / "golden.npz")
    held = _held_back(work / "calibration.npz", options.seed)
    inputs = golden.inputs
    if held is not None:
        inputs = {n: np.concatenate([v, held.inputs[n]]) for n, v in golden.inputs.items()}
    with host.open_session(work / "float.tflite", Target(), limits=options.limits) as session:
        everything = session.run(inputs)
    outputs = {name: values[: len(golden)] for name, values in everything.items()}
    proof = Proof(
        samples=Samples(inputs=inputs, reference=everything), held_back=len(held) if held else 0
    )
    if not golden.reference:
        return replace(golden, reference=outputs), None, proof
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
    return golden, sqnr, proof


def _held_back(calibration: Path, seed: int) -> Samples | None:
    if not calibration.is_file():
        return None
    _, held = variants.held_back(Samples.load(calibration), seed)
    return held.take(range(min(_HELD_BACK, len(held))))


def check_all(
    files: Sequence[Path],
    recipes: Sequence[Recipe],
    proof: Proof,
    contract: Contract,
    limits: Limits,
) -> list[Verified | None]:
    """`check_runs` for each file that is not the float one."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        checks = [
            pool.submit(check_runs, file, recipe, proof, contract, limits)
            # The slowest recipes stand last: begun first, they end with the others.
            for file, recipe in reversed(list(zip(files, recipes, strict=True)))
        ]
        return [check.result() for check in reversed(checks)]


def check_runs(
    path: Path, recipe: Recipe, proof: Proof, contract: Contract, limits: Limits
) -> Verified | None:
    """Run a file, refuse what is not finite, and compare it with the float file.

    Returns:
        How near it comes; None for the float file itself.

    Raises:
        QuantizeError: An output is NaN or infinite.
        RunError: The interpreter could not run it.
    """
    how = recipe.quantize
    if how is None:
        return None
    samples, held = proof.samples, proof.held_back
    if how.activation_bits == 16:
        last = len(samples)
        samples = samples.take(range(max(0, last - _SAMPLES_AT_16_BITS), last))
        held = min(held, len(samples))
    with host.open_session(path, Target(), limits=limits) as session:
        outputs = session.run(samples.inputs)
    for name, values in outputs.items():
        if not np.isfinite(values).all() and np.isfinite(samples.reference[name]).all():
            raise QuantizeError(
                f"{recipe.name} computes finite outputs.",
                received=f"{name} holds NaN or infinity on {len(samples)} samples",
                hint="use another recipe.",
            )
    if not all(np.isfinite(values).all() for values in samples.reference.values()):
        return None
    found = {m.name: m.value for m in fidelity.compare(samples.reference, outputs, contract)}
    return Verified(
        sqnr_db=found["sqnr_db"],
        agreement=found.get("agreement"),
        num_samples=len(samples),
        held_back=held,
    )
