"""Prune the model and train it, before it is quantized; train it again with the rounding in place.

Each stage is a child process of its own. What a stage lost is measured here, on the samples that
no stage was fitted to.

Samples that judge are apart from samples that fit, in three rings: what a file is proven on is
neither fitted to nor trained on; what pruning or rounding was fitted to does not judge epochs of
training (validated by samples that a refit had seen, every epoch looked worse than the start);
evaluation is the person's.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import edgekit
from edgekit.core import isolate, onednn, serde
from edgekit.core.process import Progress
from edgekit.core.records import Contract, ConvertOptions, Recipe, Step, Target, Verified
from edgekit.pipeline.convert import prove, sparsity_search
from edgekit.pipeline.convert.plan import Plan
from edgekit.runtimes import local

_CHECKED = 8

Compared = Future[tuple[Any, float | None, prove.Proof]]


def checkpoints(settled: Plan) -> Path:
    """Where an interrupted training is kept, to be resumed: beside what it would have made."""
    return settled.folder / f".{settled.name}.training"


def forget(settled: Plan) -> None:
    """All is written: there is nothing left to resume."""
    shutil.rmtree(checkpoints(settled), ignore_errors=True)


def prune(
    settled: Plan,
    request: Mapping[str, Any],
    exported: Mapping[str, Any],
    work: Path,
    compared: Compared,
    *,
    options: ConvertOptions,
    on_progress: Progress,
) -> tuple[tuple[Step, ...], list[str]]:
    """Write `pruned.tflite` and `pruned.keras` into `work`.

    Args:
        settled: What to do.
        request: The exporter's.
        exported: Its answer.
        work: The scratch folder of the conversion, with the samples in it.
        compared: What the original's float file gives, once it is known.
        options: Limits, and what a float file has to agree to.
        on_progress: Takes one line at each step.

    Returns:
        The steps, with what the model had lost after each; and notes.
    """
    assert settled.prune is not None
    training, pruning = settled.training, settled.prune
    model = {key: request[key] for key in ("model", "unsafe", "custom_objects", "seed")}
    model["contract"] = exported["contract"]
    own_code = options.unsafe or request["custom_objects"] is not None
    notes: list[str] = []
    if pruning.to_latency is not None:
        pruning = sparsity_search.sparsity(
            pruning,
            model,
            Path(request["out"]),
            work,
            options=options,
            own_code=own_code,
            notes=notes,
            on_progress=on_progress,
        )
    with _checkpoint(settled, "finetune", exported, request) as checkpoint:
        answer = onednn.call(
            "edgekit.compress.compress:run",
            {
                **model,
                "prune": serde.to_dict(pruning),
                "training": serde.to_dict(training) if training else None,
                "calibration": request["calibration_out"] if settled.calibration else None,
                "training_samples": request["training_out"] if training else None,
                "proof": str(work / "proof.npz"),
                "float_bytes": Path(request["out"]).stat().st_size,
                "out": str(work / "pruned.tflite"),
                "keras_out": str(work / "pruned.keras"),
                "answers_out": str(work / "answers.npz"),
                **checkpoint,
            },
            name="The pruner",
            limits=options.limits,
            on_progress=on_progress,
            restart=True,
            notes=notes,
            writable=[work, Path(checkpoint["checkpoint"])],
            own_code=own_code,
        )
    _, _, proof = compared.result()
    contract = serde.from_dict(Contract, exported["contract"])
    with np.load(work / "answers.npz") as answers:
        steps = [
            _told(step, prove.verified(_of_step(answers, step.name), proof, contract))
            for step in serde.from_dict(tuple[Step, ...], answer["steps"], "steps")
        ]
        last = _of_step(answers, steps[-1].name)
    prove.compare_with_pruned(work / "pruned.tflite", last, proof, options)
    return tuple(steps), [*notes, *answer["notes"]]


def train(
    settled: Plan,
    entries: Sequence[dict[str, Any]],
    request: Mapping[str, Any],
    exported: Mapping[str, Any],
    work: Path,
    proof: prove.Proof,
    *,
    options: ConvertOptions,
    notes: list[str],
    on_progress: Progress,
) -> list[dict[str, Any]]:
    """Train each file that asks for it with its rounding in place, and write it anew.

    What is to be said of the training is added to `notes`.

    Returns:
        The entries as they are now; those that were trained have `steps`.
    """
    contract = serde.from_dict(Contract, exported["contract"])
    done = list(entries)
    for number, (recipe, entry) in enumerate(zip(settled.recipes, entries, strict=True)):
        if not is_aware(recipe):
            continue
        on_progress(f"running {recipe.name}, to compare it before it is trained")
        before = prove.check_runs(Path(entry["path"]), recipe, proof, contract, options.limits)
        out = str(work / f"{recipe.name}.trained.npz")
        with _checkpoint(settled, recipe.name, exported, request) as checkpoint:
            trained = onednn.call(
                "edgekit.compress.qat.train_recipe:run",
                {
                    "float": entry["source"],
                    "teacher": request["out"],
                    "grid": entry["grid"],
                    "training": serde.to_dict(recipe.training),
                    "samples": request["training_out"],
                    "calibration": request["calibration_out"] if settled.calibration else None,
                    "seed": request["seed"],
                    "check": _check(Path(entry["source"]), proof, work, options),
                    "out": out,
                    **checkpoint,
                },
                name="The training",
                limits=options.limits,
                on_progress=on_progress,
                restart=True,
                notes=notes,
                writable=[work, Path(checkpoint["checkpoint"])],
            )
        entry = isolate.call_json(
            "edgekit.quantize.stage:bake",
            {
                "entry": entry,
                "trained": out,
                "contract": exported["contract"],
                "recipe": serde.to_dict(recipe),
                "name": settled.name,
            },
            name="The quantizer",
            limits=options.limits,
            on_progress=on_progress,
            writable=[work],
        )
        after = prove.check_runs(Path(entry["path"]), recipe, proof, contract, options.limits)
        rounded = Step(name="quantize", summary=_how(entry), seconds=entry["seconds"])
        steps = _told(rounded, before), _told(serde.from_dict(Step, trained["step"]), after)
        done[number] = {**entry, "steps": serde.to_dict(steps)}
    return done


def _check(source: Path, proof: prove.Proof, work: Path, options: ConvertOptions) -> str:
    """What the file that is trained gives for a few samples, to prove that it was understood."""
    few = proof.samples.take(range(min(_CHECKED, len(proof.samples))))
    with local.open_session(source, Target(), limits=options.limits) as session:
        outputs = session.run(few.inputs)
    path = work / "check.npz"
    replace(few, reference=outputs).save(path, compress=False)
    return str(path)


def is_aware(recipe: Recipe) -> bool:
    """Whether a recipe's file is trained with its rounding in place."""
    return recipe.training is not None and recipe.training.quantization_aware


def _how(entry: Mapping[str, Any]) -> str:
    chosen = [one["name"] for one in entry["candidates"] if one["chosen"]]
    return chosen[0] if chosen else "nearest"


def _of_step(answers: Mapping[str, np.ndarray], step: str) -> dict[str, np.ndarray]:
    prefix = f"{step}/"
    return {key.removeprefix(prefix): answers[key] for key in answers if key.startswith(prefix)}


def _told(step: Step, loss: Verified | None) -> Step:
    """A step with what the model had lost after it."""
    if loss is None:
        return step
    return replace(
        step,
        sqnr_db=round(loss.sqnr_db, 2),
        agreement=loss.agreement,
        num_samples=loss.num_samples,
    )


@contextmanager
def _checkpoint(
    settled: Plan, step: str, exported: Mapping[str, Any], request: Mapping[str, Any]
) -> Iterator[dict[str, str]]:
    """A folder for one training, and a key: what another training would have otherwise.

    The folder is made here: its child may write into it, and not beside it. Where nothing was
    kept in it, it goes again.
    """
    told = {
        "edgekit": edgekit.__version__,
        "seed": request["seed"],
        "custom_objects": request["custom_objects"],
        "model": serde.sha256(Path(request["model"])),
        "samples": exported["training_sha256"],
        "calibration": exported["calibration_sha256"],
        "prune": serde.to_dict(settled.prune) if settled.prune else None,
        "training": serde.to_dict(settled.training) if settled.training else None,
        "recipes": serde.to_dict(settled.recipes) if step != "finetune" else None,
    }
    key = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    folder = (checkpoints(settled) / step).absolute()
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield {"checkpoint": str(folder), "key": key}
    finally:
        with suppress(OSError):  # one of them is not empty
            for path in missing:
                path.rmdir()
