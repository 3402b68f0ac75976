"""Whether the rules of an `edgekit.toml` make sense, before anything is measured."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence

from edgekit.core.errors import ProjectError
from edgekit.core.gate_rules import FIDELITY_METRICS, METRICS, TASK_METRICS, TIME_METRICS, Rule
from edgekit.core.json_values import Json
from edgekit.core.records import Target
from edgekit.core.suggest import nearest

_LIMITS = ("at_least", "at_most", "max_loss")
_KINDS = ("metric", "allowed_operators", "oldest_runtime", "fully_delegated")


def spell_targets(payload: dict[str, Json]) -> None:
    """`runtime = "tflite-runtime==2.14.0"` means that runtime in that version."""
    targets = payload.get("target")
    for table in targets if isinstance(targets, list) else ():
        if isinstance(table, dict) and isinstance(runtime := table.get("runtime"), str):
            name, found, version = runtime.partition("==")
            if found:
                table.update(runtime=name.strip(), version=version.strip())


def check(
    rules: Sequence[Rule], variants: Collection[str], targets: Sequence[Target], where: str
) -> None:
    """Refuse rules that could never be judged.

    Raises:
        ProjectError: Of several kinds or of none, a limit that is none, an unknown metric,
            variant or target.
    """
    for target in targets:
        if target.num_threads < 1:
            raise ProjectError(
                f"{where} [[target]] num_threads must be at least 1.",
                received=str(target.num_threads),
            )
        if (target.device, target.accelerator) != (Target().device, Target().accelerator):
            raise ProjectError(
                f"{where} [[target]] must run on this machine's CPU: there is no other device yet.",
                received=f"device = {target.device!r}, accelerator = {target.accelerator!r}",
            )
    titles = [target.title for target in targets]
    if len(set(titles)) < len(titles):
        raise ProjectError(f"{where} must name each [[target]] once.", received="; ".join(titles))
    spelled = dict.fromkeys([*titles, *(target.label for target in targets)])
    for number, rule in enumerate(rules, 1):
        place = f"{where} [[rule]] {number}"
        _check_kind(rule, place)
        if rule.metric:
            _check_metric(rule.metric, place)
            _check_limit(rule, place)
        _check_known(rule.variants, variants, f"{place} variants")
        _check_known(rule.targets, spelled, f"{place} targets")


def _check_kind(rule: Rule, place: str) -> None:
    kinds = [kind for kind in _KINDS if getattr(rule, kind)]
    if len(kinds) != 1:
        raise ProjectError(
            f"{place} must be about one thing: {', '.join(_KINDS)}.",
            received=", ".join(kinds) or "none of them",
            hint="make a rule of each." if kinds else 'for example metric = "size_bytes".',
        )
    if not rule.metric:
        limits = [name for name in _LIMITS if getattr(rule, name) is not None]
        if limits:
            raise ProjectError(
                f"{place}: {limits[0]} cannot be used without a metric.", received=kinds[0]
            )
    if rule.oldest_runtime and not re.fullmatch(r"\d+(\.\d+)*", rule.oldest_runtime):
        raise ProjectError(
            f"{place} oldest_runtime must be a version of TensorFlow or LiteRT, such as 2.14.0.",
            received=repr(rule.oldest_runtime),
        )


def _check_metric(metric: str, place: str) -> None:
    name = metric.partition("@")[0]
    if name not in METRICS and ":" not in name:
        raise ProjectError(
            f"{place} metric must be one of {', '.join(METRICS)}, or module:function.",
            received=repr(metric),
            hint=nearest(name, METRICS),
        )
    if "@" in metric and name in METRICS and name not in (*TASK_METRICS, *FIDELITY_METRICS):
        raise ProjectError(f"{place} metric: {name} cannot be of an output.", received=repr(metric))


def _check_limit(rule: Rule, place: str) -> None:
    given = {name: value for name in _LIMITS if (value := getattr(rule, name)) is not None}
    if len(given) != 1:
        raise ProjectError(
            f"{place} about {rule.metric} must have one of {', '.join(_LIMITS)}.",
            received=", ".join(given) or "none of them",
        )
    name, value = next(iter(given.items()))
    if not math.isfinite(value):
        raise ProjectError(f"{place} {name} must be a finite number.", received=str(value))
    if name == "max_loss" and not 0 <= value < 1:
        raise ProjectError(
            f"{place} max_loss must be a fraction from 0 up to 1: 0.01 is one in a hundred.",
            received=str(value),
        )
    if name != "max_loss" and rule.against == "baseline" and rule.metric != "latency_ratio":
        raise ProjectError(
            f'{place}: against = "baseline" cannot be used with {name}, only with max_loss.',
            received=f'{name} = {value}, against = "baseline"',
        )
    if name == "max_loss" and rule.metric in TIME_METRICS:
        raise ProjectError(
            f"{place}: a limit in milliseconds must be absolute, not a max_loss.",
            received=f"max_loss = {value}",
            hint='metric = "latency_ratio" compares with the float file or the baseline\'s.',
        )
    compares = rule.base_metric in ("sqnr_db", "pooled_sqnr_db", "cosine")
    if name == "max_loss" and rule.against == "float" and compares:
        raise ProjectError(
            f"{place}: {rule.metric} cannot have a max_loss against the float file, with which it "
            "compares already.",
            received=f"max_loss = {value}",
            hint='say at_least, or against = "baseline".',
        )


def _check_known(names: Iterable[str], known: Collection[str], place: str) -> None:
    for name in names:
        if name not in known:
            raise ProjectError(
                f"{place} must be of this file: {', '.join(known) or 'none'}.",
                received=repr(name),
                hint=nearest(name, known),
            )
