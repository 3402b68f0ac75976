"""What a sweep came to, as Markdown: a line a part, and every case that is not right by name."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import results
from benchmarks.sweep import Outcome, Verdict
from benchmarks.sweep_hints import ADVICE, KEPT

_WORDS = 160


def report(outcomes: Sequence[Outcome]) -> str:
    """The table, what TensorFlow converts and edgekit does not, the refusals, the failures."""
    parts = list(dict.fromkeys(outcome.part for outcome in outcomes))
    rows = [_row(part, [o for o in outcomes if o.part == part]) for part in parts]
    heads = ("part", "cases", "right", "refused", "failed", "TensorFlow right", "behind TensorFlow")
    behind = [f"{_place(o)} ({', '.join(o.behind)})" for o in outcomes if o.behind]
    texts = [
        results.table(heads, rows),
        "TensorFlow converts but edgekit refuses or fails: " + (", ".join(behind) or "none") + ".",
        _hints(outcomes),
        *_listed("Refused", "refused", outcomes),
        *_listed("Failed", "failed", outcomes),
    ]
    return "\n\n".join(texts)


def _row(part: str, outcomes: Sequence[Outcome]) -> tuple[object, ...]:
    counts = [sum(o.verdict == verdict for o in outcomes) for verdict in _VERDICTS]
    peers = [o for o in outcomes if o.tensorflow]
    right = sum(all(j.verdict == "right" for j in o.tensorflow.values()) for o in peers)
    behind = sum(bool(o.behind) for o in outcomes)
    return (part, len(outcomes), *counts, f"{right} of {len(peers)}" if peers else "-", behind)


_VERDICTS: tuple[Verdict, ...] = ("right", "refused", "failed")


def _hints(outcomes: Sequence[Outcome]) -> str:
    """How many hints were carried out and kept, and those that were not, in full."""
    results_of = [
        (outcome, judged)
        for outcome in outcomes
        for judged in outcome.edgekit.values()
        if judged.hint_kept
    ]
    kept = sum(judged.hint_kept == KEPT for _, judged in results_of)
    advice = sum(judged.hint_kept == ADVICE for _, judged in results_of)
    text = (
        f"Hints of refusals: {len(results_of)}; carried out and kept {kept}, advice that no "
        f"program can carry out {advice}, false {len(results_of) - kept - advice}."
    )
    lines = [
        f"- {_place(outcome)}: '{judged.hint}' came to: {judged.hint_kept}"
        for outcome, judged in results_of
        if judged.hint_kept not in (KEPT, ADVICE)
    ]
    return "\n\n".join([text, *(["\n".join(lines)] if lines else [])])


def _listed(head: str, verdict: Verdict, outcomes: Sequence[Outcome]) -> list[str]:
    lines = []
    for outcome in outcomes:
        # What refuses all recipes says the same for each.
        said: dict[str, list[str]] = {}
        for recipe, judged in outcome.edgekit.items():
            if judged.verdict == verdict:
                text = " ".join(judged.message.split())
                said.setdefault(text[:_WORDS] + ("..." if len(text) > _WORDS else ""), []).append(
                    recipe
                )
        lines += [f"- {_place(outcome)} ({', '.join(r)}): {text}" for text, r in said.items()]
    return [f"{head}:", "\n".join(lines)] if lines else []


def _place(outcome: Outcome) -> str:
    return f"{outcome.part}/{outcome.case}"
