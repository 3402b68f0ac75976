"""Whether data is that of the baseline, whatever the contract makes of it.

What a preprocessing changes, changes the samples' hash. So the data is read once more as the
baseline's contract has it: where that gives the baseline's samples, the data is what it was, and
the contract is what changed. Nothing is read where the hashes are equal anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from edgekit.core.baseline_record import Baseline, CalibrationData, Change
from edgekit.core.errors import EdgekitError
from edgekit.core.project import Project
from edgekit.core.records import Artifact, Contract, ConvertOptions, Limits, Measurement
from edgekit.data import sources
from edgekit.data.samples import Samples
from edgekit.data.sources import Purpose
from edgekit.pipeline.gate.variant_files import source_digest
from edgekit.verdicts import contract_changes

# What a conversion draws by default: enough to tell two data sets apart.
_CALIBRATION_SAMPLES = ConvertOptions().golden_samples + ConvertOptions().calibration_samples
_HEX_DIGITS = 8


class SameData:
    """Compares a project's data with that of its baseline.

    Args:
        project: Its data sources and seed.
        before: The baseline; None where there is none.
        limits: What samples may take of memory.
    """

    def __init__(self, project: Project, before: Baseline | None, limits: Limits) -> None:
        self._project, self._before, self._limits = project, before, limits
        self._kept: dict[tuple[str, Contract, Contract], bool] = {}

    def is_evaluated_on(self, measurement: Measurement, contract: Contract) -> bool:
        """Whether a variant was measured on the samples that the baseline was measured on.

        Args:
            measurement: Of the variant, just now.
            contract: Its present one.
        """
        if self._before is None:
            return False
        old = self._before.measurement(measurement.artifact, measurement.target.title)
        if old is None:
            return False
        if old.samples_sha256 == measurement.samples_sha256:
            return True
        was = self._before.contract(measurement.artifact)
        source = self._project.data.evaluation
        if was is None or not source or not contract_changes.changes(was, contract):
            return False
        key = (old.samples_sha256, was, contract)
        if key not in self._kept:
            read = self._read(source, "evaluation", was, contract)
            self._kept[key] = any(samples.sha256 == old.samples_sha256 for samples in read)
        return self._kept[key]

    def calibration(self, made: Mapping[str, Artifact]) -> CalibrationData | None:
        """What identifies the calibration data; None where it has no part in any file.

        Args:
            made: The artifact of each variant.

        Raises:
            DataError: It cannot be read.
        """
        source = self._project.data.calibration
        calibrated = [artifact for artifact in made.values() if is_calibrated(artifact)]
        if not source or not calibrated:
            return None
        samples = self._draw(source, "calibration", calibrated[0].contract)
        return CalibrationData(
            source_sha256=source_digest(self._project.resolve(source)),
            samples_sha256=samples.sha256,
            num_samples=len(samples),
        )

    def calibration_changes(self, made: Mapping[str, Artifact]) -> tuple[Change, ...]:
        """That other data calibrates than did for the baseline; empty where it is the same.

        Variants that are new, or are left out now, have no part in it.

        Args:
            made: The artifact of each variant.

        Raises:
            DataError: It cannot be read.
        """
        if self._before is None:
            return ()
        common = {name: one for name, one in made.items() if name in self._before.files}
        was = any(self._before.files[name].calibrated for name in common)
        old = self._before.calibration if was else None
        if old is not None and self._is_calibration(old, common):
            return ()
        new = self.calibration(common)
        if old is None and new is None:
            return ()
        return (
            Change(place="calibration data", key="samples", old=_spelled(old), new=_spelled(new)),
        )

    def _is_calibration(self, old: CalibrationData, made: Mapping[str, Artifact]) -> bool:
        """Whether it is still that, in the same file or in another, preprocessed as it was."""
        source = self._project.data.calibration
        if not source or not any(map(is_calibrated, made.values())):
            return False
        if source_digest(self._project.resolve(source)) == old.source_sha256:
            return True
        name, artifact = next((n, one) for n, one in made.items() if is_calibrated(one))
        contract = self._before.contract(name) if self._before else None
        read = self._read(source, "calibration", contract or artifact.contract, artifact.contract)
        return any(samples.sha256 == old.samples_sha256 for samples in read)

    def _read(
        self, source: str, purpose: Purpose, was: Contract, now: Contract
    ) -> Iterator[Samples]:
        """The data as the old contract has it; also where its inputs have other names now."""
        names = {
            new.name: old.name
            for old, new in contract_changes.paired(was.inputs, now.inputs)
            if old and new
        }
        new_names = {old: new for new, old in names.items()}
        inputs = tuple(replace(one, name=new_names.get(one.name, one.name)) for one in was.inputs)
        for contract in dict.fromkeys((was, replace(was, inputs=inputs))):
            try:
                samples = self._draw(source, purpose, contract)
            except EdgekitError:  # it does not fit that contract: it is other data
                continue
            yield samples
            if contract != was:
                renamed = {names.get(name, name): one for name, one in samples.inputs.items()}
                yield replace(samples, inputs=renamed)

    def _draw(self, source: str, purpose: Purpose, contract: Contract) -> Samples:
        return sources.load(
            self._project.resolve(source),
            contract,
            purpose=purpose,
            limit=_CALIBRATION_SAMPLES if purpose == "calibration" else None,
            seed=self._project.data.seed,
            memory_bytes=self._limits.memory_bytes,
        )


def is_calibrated(artifact: Artifact) -> bool:
    """Whether calibration samples had a part in a file."""
    recipe = artifact.recipe
    how = recipe.quantize
    used = how is not None and (how.needs_calibration or how.refines_weights)
    return artifact.calibration_sha256 is not None and (used or recipe.prune is not None)


def _spelled(data: CalibrationData | None) -> str:
    if data is None:
        return "none"
    return f"{data.num_samples:,} of {data.samples_sha256[:_HEX_DIGITS]}"
