"""What a budget starts from, and what contradicts one: refused before anything slow begins."""

from __future__ import annotations

from edgekit.core import recipes
from edgekit.core.errors import UsageError
from edgekit.core.project import Project
from edgekit.core.records import ConvertOptions, Recipe

# What a budget starts from where no recipe is named: int4 where it is fast, int8 elsewhere.
_USUAL = "static_wi4_ai8"
_SCHEMES = ("static", "dynamic", "weight_only")


def of(project: Project, options: ConvertOptions, calibration: str | None) -> Recipe:
    """What operators have where a budget says nothing else.

    Args:
        project: Its recipes are not asked: they are those of files without a budget.
        options: With a budget.
        calibration: The samples, None without any.

    Raises:
        UsageError: No samples, several recipes or one that a budget cannot vary, or another
            option that changes the file in a way of its own.
    """
    asked = _spelled(options)
    _refuse_contradictions(asked, options)
    wanted = tuple(dict.fromkeys(options.recipes)) or (_USUAL,)
    if len(wanted) != 1:
        raise UsageError(
            f"{asked} must have one recipe: it makes one file.",
            received=f"--recipe {', '.join(wanted)}",
            hint=f"name one, or none: that is {_USUAL}.",
        )
    chosen = recipes.get(wanted[0], options.io_dtype)
    if not _has_choices(chosen):
        raise UsageError(
            f"{asked} cannot be used with {chosen.name}: it chooses among int4, int8 and float "
            "weights.",
            received=f"--recipe {chosen.name}",
            hint=f"leave --recipe out: that is {_USUAL}.",
        )
    if calibration is None:
        raise UsageError(
            f"{asked} needs calibration samples: what each precision loses is measured on them.",
            received=f"no --calibration, and "
            f"{f'{project.file} names none' if project.file else 'there is no edgekit.toml'}",
            hint="pass --calibration DATA.npz (100 to 500 samples).",
        )
    return chosen


def _refuse_contradictions(asked: str, options: ConvertOptions) -> None:
    if options.is_bounded:
        raise UsageError(
            f"{asked} cannot be used with --max-loss or --min-sqnr: each decides by itself which "
            "operators have a higher precision.",
            received="both",
            hint=f"give {asked} alone: the manifest says what is lost (budget), and other budgets "
            "beside it.",
        )
    if options.to_latency is not None and options.device != "cpu":
        raise UsageError(
            f"--to-latency cannot be used with --for {options.device}: times of this machine say "
            "nothing of others.",
            received="both",
            hint="leave one of them out, or bound the size: --to-bytes.",
        )
    if options.training is not None and options.training.quantization_aware:
        raise UsageError(
            f"{asked} cannot be used with --qat, which trains with the precisions of a recipe.",
            received="both",
            hint="leave one of them out.",
        )


def _has_choices(recipe: Recipe) -> bool:
    how = recipe.quantize
    return (
        how is not None
        and how.scheme in _SCHEMES
        and how.granularity == "per_channel"
        and how.activation_bits in (None, 8)
    )


def _spelled(options: ConvertOptions) -> str:
    return "--to-bytes" if options.to_bytes is not None else "--to-latency"
