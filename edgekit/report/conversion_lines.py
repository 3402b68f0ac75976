"""What `convert` says below its table, a line for each thing: from records alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from edgekit.core.recipes import GUIDES
from edgekit.core.records import Artifact, Budget, BudgetPoint, Device, Kept, Metric, Repair
from edgekit.report.advice import speed
from edgekit.report.speed_lines import FAR_DB
from edgekit.report.terminal import bytes_text

_MOST_LAYERS = 6
# Other budgets are worth a word where they gain so much.
_WORTH_DB = 1.0
# What `quantize.candidates` calls rounding without any method; the first such is the plainest.
_PLAIN = "nearest"
_DEVICES = {"npu": "an accelerator", "mcu": "a microcontroller"}


def candidate_lines(artifacts: Sequence[Artifact]) -> list[str]:
    """Which way of quantizing was chosen for each file, and how far plain rounding came."""
    lines = []
    for file in artifacts:
        chosen = next((c for c in file.candidates if c.chosen), None)
        if chosen is None:
            continue
        plain = next((c for c in file.candidates if c.name.endswith(_PLAIN)), None)
        beside = ""
        if plain is not None and plain is not chosen:
            beside = f" (plain: {plain.name}, {plain.sqnr_db:.1f} dB)"
        lines.append(f"{file.recipe.label}: {chosen.name}, {chosen.sqnr_db:.1f} dB{beside}")
    return lines


def integer_lines(artifacts: Sequence[Artifact], device: Device) -> list[str]:
    """Whether an accelerator or a microcontroller finds integers alone in each static file.

    Args:
        artifacts: All files.
        device: What they are for; on a CPU nothing has to be integers.
    """
    if device == "cpu":
        return []
    lines = []
    for file in artifacts:
        how = file.recipe.quantize
        if how is None or how.scheme != "static":
            continue
        kept = [op for op in file.kept if not op.recipe.startswith("static")]
        floats = Counter(f"{op.operator} ({op.layer})" for op in file.skipped)
        floats += Counter(f"{op.operator} ({op.layer})" for op in kept)
        sides = (
            "" if how.io_dtype != "float32" else ", between float inputs and outputs (--io int8)"
        )
        if not floats:
            lines.append(f"{file.recipe.label}: every operator computes in integers{sides}.")
            continue
        names = [f"{name} x{count}" if count > 1 else name for name, count in floats.items()]
        more = f" and {len(names) - _MOST_LAYERS} more" if len(names) > _MOST_LAYERS else ""
        lines.append(
            f"{file.recipe.label}: {floats.total()} operators compute in floats, where "
            f"{_DEVICES[device]} wants integers alone: {', '.join(names[:_MOST_LAYERS])}{more}."
        )
    return lines


def rewritten_lines(artifacts: Sequence[Artifact]) -> list[str]:
    """What operators were rewritten to, in the float file and in single recipes."""
    of_all = artifacts[0].rewritten
    lines = [f"Rewritten, with equal outputs: {_counted(of_all)}."] if of_all else []
    for file in artifacts[1:]:
        more = {what: n for what, n in file.rewritten.items() if of_all.get(what) != n}
        if more:
            lines.append(f"{file.recipe.label}: rewritten, with equal outputs: {_counted(more)}.")
    return lines


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} ({count})" for what, count in counts.items())


def unjudged_lines(artifacts: Sequence[Artifact]) -> list[str]:
    """That synthetic samples tell nothing of what files other than the float one have lost."""
    if len(artifacts) < 2 or artifacts[0].golden != "synthetic":
        return []
    return [
        "Whether a file is wrecked was not judged: synthetic samples cannot tell; pass "
        "--calibration DATA."
    ]


def accuracy_lines(artifacts: Sequence[Artifact]) -> list[str]:
    """What Keras and its float file reach on labelled samples."""
    reached = artifacts[0].reference_accuracy
    if reached is None or reached.keras is None:
        return []
    return [
        f"On {reached.num_samples} labelled {reached.samples} samples Keras has a {reached.metric} "
        f"of {reached.keras:.4g}, the float file of {reached.float32:.4g}."
    ]


def budget_lines(artifacts: Sequence[Artifact]) -> list[str]:
    """What was made within a budget, and what the nearest larger one would have given."""
    return [_budget(one, one.budget) for one in artifacts if one.budget is not None]


def _budget(file: Artifact, budget: Budget) -> str:
    asked = [] if budget.to_bytes is None else [f"{budget.to_bytes:,} B"]
    asked += [] if budget.to_latency is None else [f"{budget.to_latency:g} of float's time"]
    counts = ", ".join(f"{count} in {name}" for name, count in sorted(budget.operators.items()))
    line = (
        f"{file.recipe.label}: {_point(budget)} of {' and '.join(asked)}; {budget.sqnr_db:.1f} dB "
        f"on {budget.num_samples} held-out samples (operators: {counts}); without a budget "
        f"{_point(budget.recipe_alone)}, {budget.recipe_alone.sqnr_db:.1f} dB"
    )
    better = [one for one in budget.curve if one.sqnr_db > budget.sqnr_db + _WORTH_DB]
    if better:
        line += f"; the next better one {_point(better[0])}, {better[0].sqnr_db:.1f} dB"
    return f"{line}."


def _nearer(file: Artifact) -> str:
    if file.budget is not None:
        return "a larger budget comes nearer (curve in its manifest)"
    return (
        "--max-loss or --min-sqnr keeps the operators to blame in higher precision, edgekit "
        "validate --layers names them"
    )


def _point(point: Budget | BudgetPoint) -> str:
    text = f"{point.size_bytes:,} B"
    if point.latency_to_float is not None:
        text += f" in {point.latency_to_float:.2f}x of float's time"
    return text


def repair_lines(artifacts: Sequence[Artifact]) -> list[str]:
    """What was kept to hold a bound, what is lost now, and what it cost."""
    return [_repair(one, one.repair) for one in artifacts if one.repair is not None]


def _repair(file: Artifact, repair: Repair) -> str:
    loss = _loss(repair)
    if not repair.kept:
        line = f"{file.recipe.label}: nothing kept, the bound holds at once: {loss}"
    else:
        line = (
            f"{file.recipe.label}: kept {len(repair.kept)} of {repair.num_operators} operators in "
            f"higher precision ({_layers(repair.kept)}): {loss}; {_price(repair)}"
        )
    return f"{line}. {repair.note[:1].upper()}{repair.note[1:]}." if repair.note else f"{line}."


def _loss(repair: Repair) -> str:
    where = f"on {repair.num_samples} held-out samples"
    if repair.at_least:
        return f"{repair.value:.1f} dB {where} (with nothing kept {repair.unrepaired:.1f} dB)"
    text = f"loss of {repair.quantity} {repair.value:.3f}"
    if repair.low is not None and repair.high is not None:
        text += f" ({repair.low:.3f} to {repair.high:.3f})"
    return f"{text} {where} (with nothing kept {repair.unrepaired:.3f})"


def _price(repair: Repair) -> str:
    sign = "-" if repair.added_bytes < 0 else "+"
    parts = [f"{sign}{bytes_text(abs(repair.added_bytes))}"]
    if repair.latency_to_float is not None and repair.latency_to_unrepaired is not None:
        parts.append(
            f"{repair.latency_to_float:.2f}x of float's time, {repair.latency_to_unrepaired:.2f}x "
            "of the unrepaired file's"
        )
        if repair.latency_to_float > 1.05:
            parts.append("slower than float here")
    return ", ".join(parts)


def _layers(kept: Sequence[Kept]) -> str:
    """`dense_2, dense_3 weight-only int8; layer_norm float`."""
    by_recipe: dict[str, dict[str, None]] = {}
    for entry in kept:
        by_recipe.setdefault(entry.recipe, {})[entry.layer] = None
    parts = []
    for recipe, layers in by_recipe.items():
        names = list(layers)
        more = f" and {len(names) - _MOST_LAYERS} more" if len(names) > _MOST_LAYERS else ""
        parts.append(f"{', '.join(names[:_MOST_LAYERS])}{more} {_brief(recipe)}")
    return "; ".join(parts)


def _brief(recipe: str) -> str:
    guide = GUIDES.get(recipe)
    return recipe if guide is None else guide.brief


def advice_lines(
    artifacts: Sequence[Artifact], latency_ratios: Mapping[str, Metric] | None = None
) -> list[str]:
    """One line for each file that is no smaller or slower than float, or far from it.

    Args:
        artifacts: The float file first.
        latency_ratios: Multiples of float's time by the recipe's label, of those that were timed.
    """
    lines = []
    for file in artifacts[1:]:
        remarks = []
        sparse = (
            file.recipe.prune is not None and file.recipe.quantize is None
        )  # told with its step
        if file.size_bytes >= artifacts[0].size_bytes and not sparse:
            remarks.append("is no smaller than the float file")
        ratio = (latency_ratios or {}).get(file.recipe.label)
        if ratio is not None and speed(ratio) == "slower":
            remarks.append(f"takes {ratio.value:.2f}x of float's time on this machine")
        elif file.recipe.quantize is not None and file.recipe.quantize.activation_bits == 16:
            remarks.append("is for NPUs: no CPU has fast kernels for int16 activations")
        quantized = file.recipe.quantize is not None and file.recipe.prune is None
        near = file.verified
        if quantized and near is not None and near.sqnr_db < FAR_DB and not file.wrecked:
            remarks.append(f"is only {near.sqnr_db:.1f} dB from float: {_nearer(file)}")
        if remarks:
            lines.append(f"{file.recipe.label}: {'; '.join(remarks)}.")
    return lines
