"""What a gate compares with: a baseline, and how a change since then is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from edgekit.core.records import Contract, Measurement, TensorSpec

BASELINE_SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """A metric's value now, and that of what it is compared with, in `unit`.

    `old` is the float file's or the baseline's, as `of` says; None where there is none.
    """

    old: float | None = None
    new: float | None = None
    of: Literal["float", "baseline", ""] = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is not as it was in the baseline: `input image: std 255 -> 127.5`.

    `place` says where (`input image`, `output digit`, `calibration data`; a variant on a target),
    `key` what, as `edgekit.toml` or a metric spells it. `old` and `new` are for people: of a long
    list they hold what differs. `variants` are those that it is about, where it is not all.
    """

    place: str
    key: str
    old: str
    new: str
    variants: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The change on one line."""
        of = f" of {', '.join(self.variants)}" if self.variants else ""
        return f"{self.place}{of}: {self.key} {self.old} -> {self.new}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedContract:
    """The contract of all `variants` whose files have the same; most projects have one."""

    variants: tuple[str, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    kept_state: tuple[str, ...] = ()

    @property
    def contract(self) -> Contract:
        """Without the variants' names."""
        return Contract(inputs=self.inputs, outputs=self.outputs, kept_state=self.kept_state)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationData:
    """Which samples calibrated: `source_sha256` is of the file, folder or code that they are from.

    `samples_sha256` is of `num_samples` drawn ones, preprocessed, so that a file to which other
    arrays were added still holds the same calibration data.
    """

    source_sha256: str
    samples_sha256: str
    num_samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineFile:
    """What a variant's file is made of, and whether calibration samples had a part in it."""

    operators: tuple[str, ...] = ()
    oldest_runtime: str = ""
    calibrated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Measurements that later ones are compared with, by variant and target.

    Each measurement's `artifact` is a variant's name. Per-sample values lie in an `.npz` beside
    it, whose content hash is `values_sha256`. `outputs` are the model's, with their shapes: what
    tells a model that was trained again from another model. `contracts` are what hosts and phones
    rely on, `calibration` the data that ranges were taken from, `files` other facts by variant;
    what an edgekit wrote that knew schema 1 alone has none of these.
    """

    schema_version: int = BASELINE_SCHEMA_VERSION
    model: str
    outputs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    contracts: tuple[SharedContract, ...] = ()
    calibration: CalibrationData | None = None
    files: dict[str, BaselineFile] = field(default_factory=dict)
    values_sha256: str = ""
    measurements: tuple[Measurement, ...] = ()

    def contract(self, variant: str) -> Contract | None:
        """Of a variant, or None where it is not known."""
        return next((one.contract for one in self.contracts if variant in one.variants), None)

    def measurement(self, variant: str, target: str) -> Measurement | None:
        """Of a variant on a target (its title), or None where there is none."""
        return next(
            (
                one
                for one in self.measurements
                if one.artifact == variant and one.target.title == target
            ),
            None,
        )


def shared(contracts: dict[str, Contract]) -> tuple[SharedContract, ...]:
    """Contracts by variant, each distinct one once."""
    names: dict[Contract, list[str]] = {}
    for variant, contract in contracts.items():
        names.setdefault(contract, []).append(variant)
    return tuple(
        SharedContract(
            variants=tuple(variants),
            inputs=one.inputs,
            outputs=one.outputs,
            kept_state=one.kept_state,
        )
        for one, variants in names.items()
    )
