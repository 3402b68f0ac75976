"""What pruning and training are asked to do: refused here, before anything slow begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from edgekit.core.errors import UsageError, check_least
from edgekit.core.records import ConvertOptions, Pruning, Recipe, Training

# Recipes whose integers can be trained: one scale for each channel, no half floats.
_TRAINABLE = ("static", "weight_only", "dynamic")
_WIDEST_PATTERN = 16
_ROUNDING = 1e-6


def check(options: ConvertOptions) -> None:
    """Refuse numbers out of range, and options that contradict each other.

    Raises:
        UsageError: One of them; it says which.
    """
    if options.prune is not None:
        check_pruning(options.prune)
    if options.training is None:
        return
    if options.effort == "high" and options.training.quantization_aware:
        raise UsageError(
            "--effort high and --qat cannot be used together: both change the rounding.",
            received="both",
            hint="--qat learns more, from samples to train on; --effort high needs none.",
        )
    check_training(options.training)
    if options.prune is None and not options.training.quantization_aware:
        raise UsageError(
            "--finetune needs --prune or --qat: it trains what they changed.",
            received="neither --prune nor --qat",
            hint="add one of them; train the model itself in Keras.",
        )


def check_pruning(prune: Pruning) -> None:
    """Refuse a pruning that no model could have.

    Raises:
        UsageError: No target or several, a fraction out of range, a wrong pattern or selector.
    """
    pattern = parse_pattern(prune.pattern)
    targets = ("sparsity", "to_size", "to_macs", "to_latency")
    given = {name: getattr(prune, name) for name in targets if getattr(prune, name) is not None}
    if pattern is not None:
        implied = 1 - pattern[0] / pattern[1]
        if prune.method == "structured":
            raise UsageError(
                "A pattern cannot be used with structured pruning, which removes whole channels.",
                received=f"pattern {prune.pattern}",
            )
        if abs(given.setdefault("sparsity", implied) - implied) > _ROUNDING:
            raise UsageError(
                f"The sparsity must be that of the pattern {prune.pattern}, {implied:g}.",
                received=f"sparsity {prune.sparsity:g}",
                hint="leave the sparsity out.",
            )
    if len(given) != 1:
        raise UsageError(
            "Pruning must have one target: --sparsity, --to-size, --to-macs or --to-latency.",
            received=" and ".join(given) if given else "none of them",
            hint="--sparsity 0.5 removes half of the channels.",
        )
    [(name, value)] = given.items()
    if not 0 < value < 1:
        raise UsageError(
            f"{name} must be a fraction between 0 and 1: 0.5 is one half.",
            received=f"{value:g}",
            hint=f"write {value / 100:g} for {value:g} percent." if 1 < value < 100 else None,
        )
    if prune.method == "unstructured" and name != "sparsity":
        raise UsageError(
            "The target of unstructured pruning must be a sparsity: zeros change neither size, "
            "multiply-accumulates nor latency of a .tflite.",
            received=name,
            hint="--prune structured, or --sparsity 0.5.",
        )
    check_least(prune, round_to=1)
    for selector in (*prune.layers, *prune.keep):
        try:
            re.compile(selector)
        except re.error as error:
            raise UsageError(
                "A selector must be the name of a layer, or a regular expression that matches "
                "whole names.",
                received=f"{selector!r}: {error}",
            ) from None


def parse_pattern(text: str) -> tuple[int, int] | None:
    """`2:4` as `(2, 4)`; None for the empty text.

    Raises:
        UsageError: It is not of that form, or keeps none or all.
    """
    if not text:
        return None
    match = re.fullmatch(r"(\d{1,2}):(\d{1,2})", text)
    stay, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 0 < stay < of <= _WIDEST_PATTERN:
        raise UsageError(
            "A pattern must be N:M, which keeps N weights of each M along a layer's inputs: N "
            f"below M, M at most {_WIDEST_PATTERN}.",
            received=text,
            hint="2:4 keeps two of each four.",
        )
    return stay, of


def check_training(training: Training) -> None:
    """Refuse numbers that no training could have.

    Raises:
        UsageError: One of them is out of range.
    """
    if not training.data:
        raise UsageError(
            "Training needs samples.",
            received="none",
            hint="name them: Training(data='data.npz'), or convert(..., training=(x, y)).",
        )
    check_least(training, epochs=1, batch_size=1, patience=1, seed=0)
    if training.learning_rate is not None and not 0 < training.learning_rate < 1:
        raise UsageError(
            "learning_rate must be between 0 and 1.", received=str(training.learning_rate)
        )
    if not 0 <= training.label_weight <= 1:
        raise UsageError("label_weight must be from 0 to 1.", received=str(training.label_weight))
    if not 0 < training.validation < 1:
        raise UsageError(
            "validation must be a fraction of the samples, between 0 and 1.",
            received=str(training.validation),
        )


def floats(float32: Recipe, options: ConvertOptions) -> list[Recipe]:
    """The float recipe of the original model and, where it is pruned, of the pruned one."""
    if options.prune is None:
        return [float32]
    return [float32, compressed(float32, options)]


def compressed(recipe: Recipe, options: ConvertOptions) -> Recipe:
    """A recipe with what is done to the model before it, and to its own rounding."""
    training = options.training
    if training is not None:
        aware = training.quantization_aware and is_trainable(recipe)
        if not aware and options.prune is None:
            training = None
        else:
            training = replace(training, quantization_aware=aware)
    effort = options.effort if is_learnable(recipe) else "normal"
    return replace(recipe, prune=options.prune, training=training, effort=effort)


def is_learnable(recipe: Recipe) -> bool:
    """Whether there is a rounding to learn across layers: int8 loses next to nothing by its own."""
    how = recipe.quantize
    return how is not None and is_trainable(recipe) and how.weight_bits < 8 and how.refines_weights


def is_trainable(recipe: Recipe) -> bool:
    """Whether quantization-aware training can do something for a recipe."""
    how = recipe.quantize
    return how is not None and how.scheme in _TRAINABLE and how.granularity == "per_channel"


def notes(recipes: Sequence[Recipe], options: ConvertOptions) -> list[str]:
    """Which recipes --qat, or --effort high, does nothing for.

    Raises:
        UsageError: It does nothing for any.
    """
    if options.effort == "high":
        return _not_learned(recipes)
    if options.training is None or not options.training.quantization_aware:
        return []
    others = [recipe.name for recipe in recipes if not is_trainable(recipe)]
    if len(others) == len(recipes):
        raise UsageError(
            "--qat needs a recipe that quantizes per channel: it trains with its rounding.",
            received=f"--recipe {', '.join(others) or 'float32'}",
            hint="add --recipe static_wi8_ai8.",
        )
    return [f"{name}: there is no rounding to train with." for name in others]


def _not_learned(recipes: Sequence[Recipe]) -> list[str]:
    others = [recipe.name for recipe in recipes if not is_learnable(recipe)]
    if len(others) == len(recipes):
        raise UsageError(
            "--effort high needs a recipe with int4 weights per channel, rounded by samples: it "
            "learns their rounding.",
            received=f"--recipe {', '.join(others) or 'float32'}",
            hint="add --recipe static_wi4_ai8 or dynamic_wi4_afp32, or leave --effort high out.",
        )
    return [f"{name}: --effort high changes nothing in it." for name in others]
