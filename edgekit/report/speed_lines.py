"""Which written file to take on this machine, and whether each is faster than float: from records.

The rule is that of `report.advice`: whatever is slower than float is never advised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgekit.core.recipes import GUIDES
from edgekit.core.records import Artifact, Metric
from edgekit.report.advice import MAX_LOSS, SAME_LATENCY, Speed, fastest_then_smallest, speed
from edgekit.report.terminal import bytes_text

# Outputs this near to float's have errors of a third of what they vary by.
FAR_DB = 10.0
# Files whose sizes differ by less are said to be as large.
_SAME_SIZE = 0.01
# A file that loses decisions which another one keeps has to take less than this of its time.
_WORTH_DECISIONS = 0.75


@dataclass(frozen=True, slots=True)
class _File:
    """What decides about one file, beside the float one that it is compared with."""

    artifact: Artifact
    ratio: Metric | None
    judged: bool

    @property
    def label(self) -> str:
        return self.artifact.recipe.label

    @property
    def speed(self) -> Speed:
        return "as fast" if self.ratio is None else speed(self.ratio)

    @property
    def time(self) -> float:
        return 1.0 if self.ratio is None else self.ratio.value

    @property
    def agreement(self) -> float | None:
        near = self.artifact.verified
        return near.agreement if near is not None and self.judged else None

    def fault(self) -> str:
        """Why the file is not advised, as a predicate; nothing where it may be."""
        near = self.artifact.verified
        if self.artifact.wrecked:
            return "is wrecked"
        if self.speed == "slower":
            return f"is slower than float ({self.time:.2f}x)"
        if self.agreement is not None and near is not None:
            # One sample of few that decides otherwise may be chance.
            allowed = max(MAX_LOSS, 1 / near.num_samples)
            if 1 - self.agreement > allowed + 1e-9:
                return (
                    f"agrees with float on {self.agreement:.3f} of {near.num_samples} samples only"
                )
        elif near is not None and self.judged and near.sqnr_db < FAR_DB:
            return f"is only {near.sqnr_db:.1f} dB from float"
        return ""


def speed_lines(artifacts: Sequence[Artifact], ratios: Mapping[str, Metric]) -> list[str]:
    """One word on each file that was timed: faster, as fast or slower than float.

    Args:
        artifacts: The float file first.
        ratios: Multiples of its time by the recipe's label.
    """
    said = [
        f"{file.recipe.label} {_word(ratios[file.recipe.label])}"
        for file in artifacts[1:]
        if file.recipe.label in ratios
    ]
    return [f"Against float on this machine: {', '.join(said)}."] if said else []


def _word(ratio: Metric) -> str:
    word, is_near = speed(ratio), 1 / (1 + SAME_LATENCY) <= ratio.value <= 1 + SAME_LATENCY
    doubt = " may be chance" if word == "as fast" and not is_near else ""
    return f"{word} ({ratio.value:.2f}x{doubt})"


def better_file_lines(artifacts: Sequence[Artifact], ratios: Mapping[str, Metric]) -> list[str]:
    """Which of the static and the dynamic file is the better one, and which of all to take.

    Of those that are no slower than float and lose at most `MAX_LOSS` of its decisions, or one
    decision where so few samples judge, the fastest; of equally fast ones the smallest. One that
    loses more decisions than another has to take less than three quarters of its time. Synthetic
    samples judge nothing, and a pruned model's files are a matter of what may be lost.

    Args:
        artifacts: The float file first.
        ratios: Multiples of its time by the recipe's label. Without any nothing is advised.
    """
    if not ratios:
        return []
    judged = artifacts[0].golden == "data"
    files = [
        _File(file, ratios.get(file.recipe.label), judged)
        for file in artifacts[1:]
        if file.recipe.label in ratios
    ]
    lines = _static_or_dynamic(files)
    if all(file.recipe.prune is None for file in artifacts):
        lines.append(_advised(artifacts[0], files))
    return lines


def _static_or_dynamic(files: Sequence[_File]) -> list[str]:
    of_scheme = {
        scheme: [
            f
            for f in files
            if f.artifact.recipe.quantize is not None
            and f.artifact.recipe.quantize.scheme == scheme
        ]
        for scheme in ("static", "dynamic")
    }
    if not all(of_scheme.values()):
        return []
    static, dynamic = (_first(group) for group in of_scheme.values())
    both = f"Of {static.label} and {dynamic.label}"
    faults = {file.label: file.fault() for file in (static, dynamic)}
    fit = [file for file in (static, dynamic) if not faults[file.label]]
    if not fit:
        reasons = "; ".join(f"{label} {fault}" for label, fault in faults.items())
        return [f"{both} neither is advised: {reasons}."]
    better = _preferred(fit)
    other = dynamic if better is static else static
    reason = faults[other.label]
    why = f"the other {reason}" if reason else _gain(better, other)
    return [f"{both} the better file is {better.label}: {why} ({_beside(better, other)})."]


def _first(group: Sequence[_File]) -> _File:
    """The best of a scheme: of those without a fault, if there are any."""
    return _preferred([file for file in group if not file.fault()] or group)


def _preferred(files: Sequence[_File]) -> _File:
    files = _worth_their_losses(files)
    return files[fastest_then_smallest([(f.time, f.artifact.size_bytes) for f in files])]


def _worth_their_losses(files: Sequence[_File]) -> Sequence[_File]:
    """Without those that lose decisions for little time: of few samples one is much."""
    known = [file.agreement for file in files if file.agreement is not None]
    surest = [file for file in files if file.agreement is None or file.agreement >= max(known)]
    allowed = _WORTH_DECISIONS * min(file.time for file in surest)
    return [file for file in files if file in surest or file.time < allowed]


def _gain(better: _File, other: _File) -> str:
    if better.time > other.time and (better.agreement or 0.0) > (other.agreement or 0.0):
        return "it decides more samples as float does, and is not much slower"
    if better.time * (1 + SAME_LATENCY) < other.time:
        return "it is faster"
    if better.artifact.size_bytes * (1 + _SAME_SIZE) < other.artifact.size_bytes:
        return "it is smaller and about as fast"
    return "it is no slower and no larger"


def _beside(better: _File, other: _File) -> str:
    """Time, size and agreement of both, the better one first."""
    parts = [
        f"{better.time:.2f}x of float's time against {other.time:.2f}x",
        f"{bytes_text(better.artifact.size_bytes)} against {bytes_text(other.artifact.size_bytes)}",
    ]
    near = better.artifact.verified
    if better.agreement is not None and other.agreement is not None and near is not None:
        parts.append(
            f"agreement {better.agreement:.3f} against {other.agreement:.3f} on "
            f"{near.num_samples} samples"
        )
    return ", ".join(parts)


def _advised(reference: Artifact, files: Sequence[_File]) -> str:
    fit = [file for file in files if not file.fault()]
    gains = [f for f in fit if f.artifact.size_bytes < reference.size_bytes or f.speed == "faster"]
    if not gains:
        return "Advised: the float file; no other is smaller or faster without a fault."
    best = _preferred(gains)
    size = best.artifact.size_bytes / reference.size_bytes
    parts = [f"{size:.2f}x of float's size", f"{best.time:.2f}x of its time"]
    near = best.artifact.verified
    if best.agreement is not None and near is not None:
        parts.append(f"agreement {best.agreement:.3f} on {near.num_samples} samples")
    guide = GUIDES.get(best.artifact.recipe.name)
    brief = f" ({guide.brief})" if guide is not None and guide.brief != best.label else ""
    return f"Advised: {best.label}{brief}: {', '.join(parts)}."
