"""The named recipes, one table. Names are spelled as the LiteRT quantizer spells them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgekit.core.errors import UsageError
from edgekit.core.records import Device, IoDtype, Quantization, Recipe
from edgekit.core.suggest import nearest

# What stands in for finer weights where there is no form of them.
INT8_WEIGHTS = Quantization(scheme="weight_only")

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(name="float32", summary="the exported model as it is; the reference"),
        Recipe(
            name="float16",
            summary="half-size weights, computed in float32",
            quantize=Quantization(scheme="float16", weight_bits=16),
        ),
        Recipe(
            name="dynamic_wi8_afp32",
            summary="dynamic-range quantization: int8 weights in convolutions and dense layers",
            quantize=Quantization(scheme="dynamic"),
        ),
        Recipe(
            name="dynamic_wi4b32_afp32",
            summary="dynamic-range quantization: int4 weights of dense layers in blocks of 32, "
            "int8 of convolutions",
            quantize=Quantization(scheme="dynamic", weight_bits=4, granularity="blockwise_32"),
        ),
        Recipe(
            name="dynamic_wi4_afp32",
            summary="dynamic-range quantization: int4 weights of dense layers and of convolutions "
            "of one pixel, int8 of others",
            quantize=Quantization(scheme="dynamic", weight_bits=4),
        ),
        Recipe(
            name="weight_only_wi8_afp32",
            summary="int8 weights, computed in float32",
            quantize=INT8_WEIGHTS,
        ),
        Recipe(
            name="weight_only_wi4_afp32",
            summary="int4 weights (depthwise and the smallest int8), computed in float32",
            quantize=Quantization(scheme="weight_only", weight_bits=4),
        ),
        Recipe(
            name="static_wi8_ai8",
            summary="int8 weights and activations",
            quantize=Quantization(scheme="static", activation_bits=8),
        ),
        Recipe(
            name="static_wi4_ai8",
            summary="int8 activations; int4 weights of dense layers and of convolutions of one "
            "pixel, int8 of others",
            quantize=Quantization(scheme="static", weight_bits=4, activation_bits=8),
        ),
        Recipe(
            name="static_wi8_ai16",
            summary="int8 weights, int16 activations",
            quantize=Quantization(scheme="static", activation_bits=16),
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What is known of a recipe besides what it does; no manifest holds it.

    Attributes:
        brief: Its name in a sentence about one operator.
        when: When to take it, and when not. Times are those of ten trained models as multiples of
            float's, on LiteRT with one x86 thread: benchmarks/RESULTS.md has each.
        fallbacks: What single operators of it may have instead, from the fastest or smallest to
            the surest.
        accelerator_fallbacks: The same on accelerators, where it differs: integer activations of
            16 bits have fast kernels only there, which in turn have no dynamic-range ones.
    """

    brief: str
    when: str
    fallbacks: tuple[str, ...] = ("float32",)
    accelerator_fallbacks: tuple[str, ...] = ()


_INT8_THEN_FLOAT = ("weight_only_wi8_afp32", "float32")
_ANY_INT8_THEN_FLOAT = ("dynamic_wi8_afp32", *_INT8_THEN_FLOAT)

GUIDES: dict[str, Guide] = {
    "float32": Guide(brief="float", when="always written; the reference"),
    "float16": Guide(brief="float16", when="half the download, float's speed"),
    "dynamic_wi8_afp32": Guide(
        brief="dynamic",
        when="without samples, and for attention (0.63 to 0.99 of float's time); gains nothing "
        "where convolutions are depthwise (0.93 to 1.7); runtimes from 2.17",
        fallbacks=_INT8_THEN_FLOAT,
    ),
    "dynamic_wi4b32_afp32": Guide(
        brief="dynamic_wi4b32_afp32",
        when="large dense layers, to download less; mostly as fast as the one above; "
        "runtimes from 2.18",
        fallbacks=_ANY_INT8_THEN_FLOAT,
    ),
    "dynamic_wi4_afp32": Guide(
        brief="dynamic int4",
        when="about the smallest download, in 0.2 to 0.9 of the time that weight-only int4 takes; "
        "runtimes from 2.17",
        fallbacks=_ANY_INT8_THEN_FLOAT,
    ),
    "weight_only_wi8_afp32": Guide(
        brief="weight-only int8", when="a quarter to two fifths of the download, float's speed"
    ),
    "weight_only_wi4_afp32": Guide(
        brief="weight-only int4",
        when="the smallest download; 1.8 to 5.4 of float's time",
        fallbacks=_INT8_THEN_FLOAT,
    ),
    "static_wi8_ai8": Guide(
        brief="static int8",
        when="convolutional networks (0.20 to 0.66 of float's time; depthwise ones 0.63 to 1.4, by "
        "the CPU), attention (0.66 to 0.82) and integer hardware; every runtime since 1.14",
        fallbacks=_ANY_INT8_THEN_FLOAT,
        accelerator_fallbacks=("static_wi8_ai16", "float32"),
    ),
    "static_wi4_ai8": Guide(
        brief="static int4",
        when="0.57 to 0.78 of static int8's size in about its time (0.95 to 1.12), where "
        "dense layers and convolutions of one pixel have most weights; runtimes from 2.17",
        fallbacks=("static_wi8_ai8", *_ANY_INT8_THEN_FLOAT),
        accelerator_fallbacks=("static_wi8_ai8", "static_wi8_ai16", "float32"),
    ),
    "static_wi8_ai16": Guide(
        brief="static int16",
        when="NPUs; 12 to 77 of float's time on a CPU",
        fallbacks=_ANY_INT8_THEN_FLOAT,
    ),
}

WITHOUT_DATA = ("float32", "float16", "dynamic_wi8_afp32")
WITH_DATA = (*WITHOUT_DATA, "static_wi8_ai8")


def get(name: str, io_dtype: IoDtype = "float32") -> Recipe:
    """The recipe of that name, with its inputs and outputs stored as `io_dtype`.

    Raises:
        UsageError: No such recipe, or it cannot have integer inputs and outputs.
    """
    recipe = RECIPES.get(name)
    if recipe is None:
        raise UsageError(
            f"A recipe must be one of {', '.join(RECIPES)}.",
            received=f"--recipe {name}",
            hint=nearest(name, RECIPES),
        )
    if io_dtype == "float32" or recipe.quantize is None or recipe.quantize.scheme != "static":
        return recipe
    if recipe.quantize.activation_bits != 8:
        raise UsageError(
            "Integer inputs and outputs need int8 activations.",
            received=f"--recipe {name} --io {io_dtype}",
            hint="use --recipe static_wi8_ai8, or leave --io out.",
        )
    return replace(recipe, quantize=replace(recipe.quantize, io_dtype=io_dtype))


def fallbacks(recipe: Recipe, device: Device) -> tuple[str, ...]:
    """The recipes that single operators may have instead, the preferred ones first."""
    guide = GUIDES[recipe.name]
    return (device != "cpu" and guide.accelerator_fallbacks) or guide.fallbacks


def needs_data(recipe: Recipe) -> bool:
    """Whether a recipe cannot be done without calibration samples."""
    return recipe.quantize is not None and recipe.quantize.needs_calibration


def help_rows() -> list[tuple[str, str]]:
    """Each name with what it makes, as `edgekit convert --help` lists them."""
    return [
        (name, one.summary + "; needs --calibration" * needs_data(one))
        for name, one in RECIPES.items()
    ]


def markdown_table() -> str:
    """The same with when to take which, as README has it."""
    rows = [
        f"| `{name}` | {one.summary} | {'yes' * needs_data(one)} | {GUIDES[name].when} |"
        for name, one in RECIPES.items()
    ]
    return "\n".join(["| recipe | what | needs data | when |", "|---|---|---|---|", *rows])


def name_of(how: Quantization | None) -> str:
    """The name of the recipe that quantizes so, whatever its inputs, rounding and exceptions."""
    if how is None:
        return "float32"
    wanted = (how.scheme, how.weight_bits, how.activation_bits)
    alike = {
        name: known
        for name, recipe in RECIPES.items()
        if (known := recipe.quantize) is not None
        and wanted == (known.scheme, known.weight_bits, known.activation_bits)
    }
    # Two differ in their granularity alone.
    return max(alike, key=lambda name: alike[name].granularity == how.granularity)
