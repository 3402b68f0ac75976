"""That a conversion computes what it should: on golden samples, before anything is written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgekit.core.errors import FidelityError, QuantizeError
from edgekit.core.records import Contract, ConvertOptions, Limits, Recipe, Target, Verified
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.measure import fidelity
from edgekit.measure.lost_content import LeastKept, lost_content
from edgekit.pipeline.convert.job import Job
from edgekit.runtimes import local
from edgekit.tflite import signal
from edgekit.tflite.channels import MOST_CHANNELS

_WORKERS = 2
# No interpreter of a host has fast kernels for int16 activations: they take 28x of float's time.
_SAMPLES_AT_16_BITS = 4
# A column this small beside its output's largest is what rounding leaves of nothing.
_NOTHING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Samples that every file is run on, with what the float file gives for them.

    The golden ones come first, then `held_back` calibration samples.
    """

    samples: Samples
    held_back: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The original's float file beside the original.

    Attributes:
        golden: The golden samples with the outputs that everything after is compared with.
        sqnr_db: How well the two agree; None where there was no Keras model to compare with.
        proof: The samples, with what the float file gives for them.
    """

    golden: Samples
    sqnr_db: float | None
    proof: Proof


def proof_samples(job: Job) -> Proof:
    """The samples that every file is run on: golden ones, and some that were held out.

    They are written to `job.proof` too, for processes that run on them.
    """
    golden = Samples.load(job.golden)
    held = 0
    inputs = golden.inputs
    if job.calibration_out.is_file():
        _, others = split.held_back(Samples.load(job.calibration_out), job.options.seed)
        held = min(job.plan.judges, len(others))
        others = others.take(range(held))
        inputs = {n: np.concatenate([v, others.inputs[n]]) for n, v in inputs.items()}
    proof = Samples(inputs=inputs, is_sequence=golden.is_sequence)
    proof.save(job.proof, compress=False)
    return Proof(samples=proof, held_back=held)


def compare_with_original(job: Job, proof: Proof) -> Compared:
    """Run the float file on the golden samples and compare it with the Keras outputs.

    Raises:
        FidelityError: The float file does not compute what Keras computes.
    """
    golden, inputs = Samples.load(job.golden), proof.samples.inputs
    with local.open_session(job.original, Target(), limits=job.options.limits) as session:
        everything = session.run(inputs)
    outputs = {name: values[: len(golden)] for name, values in everything.items()}
    proof = replace(proof, samples=replace(proof.samples, reference=everything))
    if not golden.reference:
        golden = replace(golden, reference=outputs)
        return Compared(golden=golden, sqnr_db=None, proof=proof)
    sqnr = _agrees(golden.reference, outputs, job.options, "Keras")
    return Compared(golden=golden, sqnr_db=sqnr, proof=proof)


def compare_with_pruned(
    file: Path, expected: Mapping[str, np.ndarray], proof: Proof, options: ConvertOptions
) -> None:
    """Run the pruned float file on the proof's samples, and compare it with the pruned model.

    Raises:
        FidelityError: It does not compute what the pruned Keras model computes.
    """
    with local.open_session(file, Target(), limits=options.limits) as session:
        outputs = session.run(proof.samples.inputs)
    _agrees(expected, outputs, options, "the pruned Keras model")


def _agrees(
    expected: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
    options: ConvertOptions,
    original: str,
) -> float:
    """The SQNR of whole outputs about zero: what an offset leaves to rounding is no mistake.

    Of few columns each has to hold half of it by itself, or one of small values could be wrong
    beside one of large ones.
    """
    least = options.min_reference_sqnr_db
    sqnr, worst, column = math.inf, math.inf, ""
    for name, values in outputs.items():
        wanted = expected[name].reshape(values.shape)
        sqnr = min(sqnr, fidelity.sqnr_db(wanted, values))
        for place, found in _by_column(wanted, values).items():
            if found < worst:
                worst, column = found, f"{name}[{place}]"
    count = len(next(iter(outputs.values())))
    hint = (
        "the model may be random at inference (noise, dropout that is always on), or "
        "unstable in float32."
    )
    if sqnr < least:
        raise FidelityError(
            f"The float .tflite must agree with {original} to at least {least:g} dB on {count} "
            "samples.",
            received=f"{sqnr:.1f} dB",
            hint=hint,
        )
    if worst < least / 2:
        raise FidelityError(
            f"The float .tflite must agree with {original} to at least {least / 2:g} dB in each "
            f"column of its outputs on {count} samples.",
            received=f"{column!r} to {worst:.1f} dB",
            hint=hint,
        )
    return sqnr


def _by_column(expected: np.ndarray, found: np.ndarray) -> dict[int, float]:
    """SQNR about zero of the last axis' columns, but for those that are next to nothing."""
    width = found.shape[-1] if found.ndim > 1 else 1
    if not 1 < width <= MOST_CHANNELS:
        return {}
    a, b = (array.reshape(-1, width).astype(np.float64) for array in (expected, found))
    sizes = np.abs(a).max(axis=0)
    return {
        place: signal.sqnr_db(a[:, place], b[:, place])
        for place in np.flatnonzero(sizes > _NOTHING * sizes.max()).tolist()
    }


def verified(
    outputs: Mapping[str, np.ndarray],
    proof: Proof,
    contract: Contract,
    least: LeastKept | None = None,
) -> Verified:
    """How near outputs for the proof's samples come to those of the original's float file."""
    reference = proof.samples.reference
    metrics = fidelity.compare(reference, outputs, contract)
    found = {m.name: m for m in metrics}
    agreed = found.get("agreement")
    return Verified(
        sqnr_db=found["sqnr_db"].value,
        channel=found["sqnr_db"].note.removeprefix("of "),
        pooled_sqnr_db=found["pooled_sqnr_db"].value,
        agreement=None if agreed is None else agreed.value,
        num_samples=len(proof.samples),
        held_back=proof.held_back,
        lost=lost_content(reference, outputs, contract, metrics, least),
    )


def check_all(
    files: Sequence[Path],
    recipes: Sequence[Recipe],
    proof: Proof,
    contract: Contract,
    limits: Limits,
    least: LeastKept | None = None,
) -> list[Verified | None]:
    """`check_runs` for each file that is not the float one."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        checks = [
            pool.submit(check_runs, file, recipe, proof, contract, limits, least)
            # The slowest recipes stand last: begun first, they end with the others.
            for file, recipe in reversed(list(zip(files, recipes, strict=True)))
        ]
        return [check.result() for check in reversed(checks)]


def check_runs(
    path: Path,
    recipe: Recipe,
    proof: Proof,
    contract: Contract,
    limits: Limits,
    least: LeastKept | None = None,
) -> Verified | None:
    """Run a file, refuse what is not finite, and compare it with the float file.

    Args:
        path: The file.
        recipe: What it was made by.
        proof: Samples, with what the float file gives for them.
        contract: What the outputs are.
        limits: Of the process that runs it.
        least: What has to be left of the outputs, other than by default.

    Returns:
        How near it comes; None for the original's float file itself.

    Raises:
        QuantizeError: An output is NaN or infinite.
        RunError: The interpreter could not run it.
    """
    how = recipe.quantize
    if how is None and recipe.prune is None:
        return None
    samples, held = proof.samples, proof.held_back
    if how is not None and how.activation_bits == 16:
        last = len(samples)
        if samples.is_sequence:  # a state follows from all that came before
            last = min(last, _SAMPLES_AT_16_BITS)
        samples = samples.take(range(max(0, last - _SAMPLES_AT_16_BITS), last))
        held = min(held, len(samples))
    with local.open_session(path, Target(), limits=limits) as session:
        outputs = session.run(samples.inputs)
    for name, values in outputs.items():
        if not np.isfinite(values).all() and np.isfinite(samples.reference[name]).all():
            raise QuantizeError(
                f"The outputs of {recipe.name} are not finite.",
                received=f"{name} holds NaN or infinity on {len(samples)} samples",
                hint="--keep-float LAYER leaves the layer that makes them float (edgekit inspect "
                "lists the operators); weight_only_wi8_afp32 computes in floats.",
            )
    if not all(np.isfinite(values).all() for values in samples.reference.values()):
        return None
    return verified(outputs, Proof(samples=samples, held_back=held), contract, least)
