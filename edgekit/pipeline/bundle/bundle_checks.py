"""Whether a converted file and its manifest are what a bundle can be made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from edgekit import tflite
from edgekit.core import artifacts, recipes, serde
from edgekit.core.errors import DataError, ModelError, ProjectError, reading
from edgekit.core.project import OutputSpec, Project
from edgekit.core.records import Artifact, Contract, Limits, Preprocessing, TensorSpec
from edgekit.data import check_samples, preprocess
from edgekit.data.samples import Samples
from edgekit.tflite import recognise_outputs

# Their self-tests run the golden samples of a file that keeps state in order.
_REPLAY_SEQUENCES = ("python",)
_AGAIN = "convert the model again: that writes both."


def load(path: Path) -> Artifact:
    """The manifest of a file, when it describes that file and makes sense.

    Raises:
        ModelError: There is none, it describes another file, or a size is unknown.
        ProjectError: It breaks a rule of `edgekit.toml`: a `std` of 0, too few labels ...
    """
    artifact = artifacts.load(path)
    if artifact is None:
        raise ModelError(
            "The manifest of the file, which holds the contract, was not found.",
            received=f"{path} without {artifacts.manifest_path(path).name}",
            hint="convert the model with edgekit; a float .tflite too.",
        )
    for spec in (*artifact.contract.inputs, *artifact.contract.outputs):
        if -1 in spec.shape:
            raise ModelError(
                "Every size of a model in an app must be known.",
                received=f"{path.name}: {spec.name!r} has shape {list(spec.shape)}",
                hint="convert again with --input-shape NAME=1,...",
            )
    manifest = artifacts.manifest_path(path).name
    check_text(serde.dumps(artifact), manifest)
    inside = tflite.contract(path)
    if difference := _difference(artifact.contract, inside):
        raise ModelError(
            f"{manifest} does not describe {path.name}.",
            received=difference,
            hint=_AGAIN,
        )
    try:
        _check_rules(artifact, inside)
    except ProjectError as error:
        raise ProjectError(
            f"{manifest} does not keep a rule of edgekit.toml: {error.rule}",
            received=error.received,
            hint=f"fix edgekit.toml, and {_AGAIN}",
        ) from None
    # A manifest of an earlier edgekit has no kinds.
    contract = recognise_outputs.with_kinds(artifact.contract, tflite.read(path))
    return replace(artifact, contract=contract)


def refuse_wrecked(made: Sequence[Artifact]) -> None:
    """Refuse files that no longer compute what their model does.

    Raises:
        ModelError: One of them; it says what is lost.
    """
    for artifact in made:
        if artifact.wrecked:
            raise ModelError(
                "A bundle must not hold a file that has lost what its model computes.",
                received=artifact.wrecked,
                hint="make the file anew; --force bundles it all the same.",
            )


def refuse_platforms(made: Sequence[Artifact], platforms: Sequence[str]) -> None:
    """Refuse what the self-test of a platform cannot replay.

    Raises:
        ModelError: An input of text; or a file that keeps state, for a platform whose self-test
            does not run the golden samples as one sequence.
    """
    apart = [platform for platform in platforms if platform not in _REPLAY_SEQUENCES]
    for artifact in made:
        name = Path(artifact.path).name
        for spec in artifact.contract.inputs:
            if spec.dtype == "string":
                raise ModelError(
                    "The inputs of a bundle must be numbers: no self-test replays text.",
                    received=f"{name}: {spec.name!r} of text, for {', '.join(platforms)}",
                    hint="take the .tflite into the app without a bundle; or convert the model "
                    "without its lookup layer, and let the app look up ids: [input.NAME] in "
                    'edgekit.toml has kind = "text" and a vocabulary.',
                )
        if artifact.contract.kept_state and apart:
            raise ModelError(
                f"A bundle for {', '.join(apart)} must hold files that keep no state: its "
                "self-test replays no sequences.",
                received=f"{name} keeps {', '.join(artifact.contract.kept_state)}",
                hint='write [state] kind = "inputs" in edgekit.toml and convert again: the state '
                "is an input and an output then. A --python bundle replays sequences.",
            )


def check_text(text: str, what: str) -> None:
    """Refuse text that no file in UTF-8 can hold: half a surrogate pair, as JSON may spell it.

    Raises:
        ModelError: It is such.
    """
    with reading(what, "Names and labels are not text.", kind=ModelError, hint=_AGAIN):
        text.encode()


def _difference(contract: Contract, inside: Contract) -> str:
    """What a contract says otherwise than the file itself; empty where they agree."""
    for side in ("inputs", "outputs"):
        mine: tuple[TensorSpec, ...] = getattr(contract, side)
        its: tuple[TensorSpec, ...] = getattr(inside, side)
        if [spec.name for spec in mine] != [spec.name for spec in its]:
            names = [", ".join(spec.name for spec in specs) or "none" for specs in (mine, its)]
            return f"{side} {names[0]} there, {names[1]} in the file"
        for spec, own in zip(mine, its, strict=True):
            bare = replace(
                spec,
                preprocessing=Preprocessing(),
                labels=(),
                activation=None,
                kind=None,
                columns=(),
                feeds="",
            )
            for field in fields(TensorSpec):
                here, there = getattr(bare, field.name), getattr(own, field.name)
                if here != there:
                    return f"{spec.name!r} has {field.name} {here} there, {there} in the file"
    return ""


def _check_rules(artifact: Artifact, inside: Contract) -> None:
    """The manifest's own words by the rules of an `edgekit.toml` that would say them.

    Raises:
        ProjectError: One is broken.
    """
    if artifact.recipe.name not in recipes.RECIPES:
        raise ProjectError(
            f"A recipe must be one of {', '.join(recipes.RECIPES)}.", received=artifact.recipe.name
        )
    if artifact.oldest_runtime and not re.fullmatch(r"\d+(\.\d+)*", artifact.oldest_runtime):
        raise ProjectError(
            "oldest_runtime must be a version, such as 2.14.0.", received=artifact.oldest_runtime
        )
    Project(
        input={spec.name: spec.preprocessing for spec in artifact.contract.inputs},
        output={
            spec.name: OutputSpec(
                labels=spec.labels,
                activation=spec.activation,
                kind=spec.kind,
                columns={one.kind: (one.start, one.stop) for one in spec.columns},
            )
            for spec in artifact.contract.outputs
        },
    ).describe(inside)
    for spec in artifact.contract.inputs:
        preprocess.validate(spec)


def golden_inputs(path: Path, artifact: Artifact, limits: Limits) -> dict[str, np.ndarray]:
    """The golden inputs of a file, by name, in the shapes of its contract: `(samples, ...)`.

    Raises:
        ModelError: There are none beside it.
        DataError: They are damaged, lack an input, or do not fit it: another shape or type, NaN.
    """
    source = artifacts.golden_path(path.parent, artifacts.model_name(artifact))
    if not source.is_file():
        raise ModelError(
            "The golden samples, which the self-test on the device needs, were not found.",
            received=f"no {source}",
            hint="keep it beside the .tflite, where convert wrote it.",
        )
    inputs = Samples.load(source, memory_bytes=limits.memory_bytes).inputs
    fitted = {}
    try:
        check_samples.lengths(inputs, source.name)
        for spec in artifact.contract.inputs:
            if spec.name not in inputs:
                raise DataError(
                    f"There are no samples for input {spec.name!r}.", received=", ".join(inputs)
                )
            fitted[spec.name] = check_samples.fit(inputs[spec.name], spec)
            check_samples.finite(fitted[spec.name], f"Input {spec.name!r}")
    except DataError as error:
        raise DataError(
            f"The golden samples in {source.name} do not fit {path.name}: {error.rule}",
            received=error.received,
            hint=_AGAIN,
        ) from None
    return fitted
