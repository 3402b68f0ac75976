"""What a gate found beside its baseline: the model, the contract, the calibration data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.baseline_record import Baseline, Change
from edgekit.core.errors import ProjectError
from edgekit.core.project import Project
from edgekit.core.records import Artifact
from edgekit.pipeline.gate.measure_variants import Measured, Pair
from edgekit.pipeline.gate.same_data import SameData
from edgekit.verdicts import contract_changes
from edgekit.verdicts.claim import Claim, contract_claim
from edgekit.verdicts.facts import Facts
from edgekit.verdicts.sentences import UPDATE


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """What a gate found, and what it is compared with.

    Attributes:
        project: Its rules.
        path: Where the baseline lies, or will.
        made: The artifact of each variant.
        measured: Of each variant on each target.
        facts: The same with times, as rules are judged by them.
        before: The baseline; None where there is none.
        same: Whether data is the baseline's.
    """

    project: Project
    path: Path
    made: Mapping[str, Artifact]
    measured: Mapping[Pair, Measured]
    facts: Sequence[Facts]
    before: Baseline | None
    same: SameData

    @property
    def model(self) -> str:
        """The model's name."""
        return name(self.project)


def name(project: Project) -> str:
    """What a project calls its model."""
    return project.name or Path(project.model or "").stem


def outputs(made: Mapping[str, Artifact]) -> dict[str, tuple[int, ...]]:
    """The shapes of the model's outputs."""
    return {spec.name: spec.shape for spec in next(iter(made.values())).contract.outputs}


def check_model(before: Baseline, project: Project, made: Mapping[str, Artifact]) -> None:
    """Refuse a baseline of another model.

    One that was trained again has the same inputs and outputs; one of which some are kept has
    another contract, which is a verdict and no refusal.

    Raises:
        ProjectError: It has another name, or nothing of it is left.
    """
    contracts = [(before.contract(name), artifact.contract) for name, artifact in made.items()]
    known = [(was, now) for was, now in contracts if was is not None]
    if known:
        is_another = all(contract_changes.is_another_model(was, now) for was, now in known)
    else:
        is_another = bool(before.outputs) and before.outputs != outputs(made)
    if before.model != name(project) or is_another:
        accept = " --accept contract" if known else ""
        raise ProjectError(
            f"The baseline {project.baseline} must be of this model, {name(project)} "
            f"{_spelled(outputs(made))}.",
            received=f"{before.model} {_spelled(before.outputs)}",
            hint=f"write a new one, if the model is meant to be another: {UPDATE}{accept}",
        )


def contract_claims(found: Compared) -> list[Claim]:
    """The claim that the contract is the baseline's; none where the baseline has no contract.

    Raises:
        DataError: The calibration data cannot be read.
    """
    before = found.before
    if before is None:
        return []
    by_variant = {
        variant: contract_changes.changes(was, artifact.contract)
        for variant, artifact in found.made.items()
        if (was := before.contract(variant)) is not None
    }
    if not by_variant:
        return []
    renamed = Change(place="model", key="name", old=before.model, new=found.model)
    return [
        contract_claim(
            [
                *([renamed] if before.model != found.model else []),
                *contract_changes.merged(by_variant),
                *found.same.calibration_changes(found.made),
            ]
        )
    ]


def _spelled(shapes: Mapping[str, Sequence[int]]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
