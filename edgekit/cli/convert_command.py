"""`edgekit convert`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgekit.cli import compression_options
from edgekit.cli import options as shared
from edgekit.cli.grouped_help import GroupedCommand

if TYPE_CHECKING:
    from edgekit.core.records import (
        Artifact,
        ConvertOptions,
        Device,
        Effort,
        Limits,
        Override,
        TensorNames,
    )

# Options by heading, as the help shows them.
_GROUPS = {
    "What to make": ("recipes", "io_dtype", "storage_bits", "device", "input_shapes", "signature"),
    "Calibration": (
        "calibration",
        "calibration_samples",
        "seed",
        "raw",
        "rounding",
        "bias_correction",
        "effort",
    ),
    "Budgets": ("to_bytes", "to_latency"),
    "Accuracy bounds and exceptions": ("max_loss", "min_sqnr_db", "keep_float", "overrides"),
    **compression_options.GROUPS,
    "Model": ("custom_objects", "builder", "unsafe", "project"),
    "Output and limits": (
        "output",
        "name",
        "tensor_names",
        "force",
        "fresh",
        "timeout",
        "memory_limit",
        "as_json",
    ),
}


class _Convert(GroupedCommand):
    """With the table of recipes below its text."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the text, then a line or two for each recipe."""
        from edgekit.core import recipes

        super().format_help_text(ctx, formatter)
        with formatter.section("Recipes"):
            formatter.write_dl(recipes.help_rows())


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertFlags:
    """The options as they were given; None and () where one was not."""

    recipes: tuple[str, ...]
    calibration: str | None
    output: Path | None
    name: str | None
    input_shapes: tuple[str, ...]
    signature: str | None
    io_dtype: str | None
    max_loss: float | None
    min_sqnr_db: float | None
    to_bytes: int | None
    keep_float: tuple[str, ...]
    overrides: tuple[str, ...]
    rounding: str | None
    bias_correction: bool | None
    effort: Effort | None
    device: Device | None
    tensor_names: TensorNames | None
    storage_bits: str | None
    calibration_samples: int | None
    seed: int | None
    custom_objects: str | None
    builder: str | None
    raw: bool | None
    unsafe: bool | None
    force: bool | None
    fresh: bool | None


@click.command(cls=_Convert, groups=_GROUPS)
@click.argument("model", type=shared.FILE)
@click.option(
    "-r",
    "--recipe",
    "recipes",
    multiple=True,
    metavar="NAME",
    help="One of the recipes above; repeatable.",
)
@click.option(
    "-c",
    "--calibration",
    metavar="DATA",
    help="Samples for static and int4 recipes: .npz, .csv, a folder by class, or module:function.",
)
@click.option(
    "-o", "--output", type=shared.FILE, help="Folder for the results [default: the current one]."
)
@click.option("--name", help="First part of the files' names [default: the model's own].")
@click.option(
    "--input-shape",
    "input_shapes",
    multiple=True,
    metavar="NAME=1,H,W,C",
    help="Fix an input's unknown sizes; repeatable.",
)
@click.option(
    "--signature",
    metavar="NAME",
    help="The one to take of a SavedModel or .tflite with several.",
)
@click.option(
    "--io",
    "io_dtype",
    type=click.Choice(["float32", "int8", "uint8"]),
    help="Type of inputs and outputs of static_wi8_ai8 [default: float32].",
)
@click.option(
    "--storage-bits",
    type=click.Choice(["5", "6"]),
    help="Codes of so few bits in int8 weights: as large and as fast on the device, and smaller as "
    "a compressed download.",
)
@click.option(
    "--max-loss",
    type=click.FloatRange(min=0, max=1, max_open=True),
    metavar="FRACTION",
    help="Keep operators in higher precision until no more than this is lost, as 0.01.",
)
@click.option(
    "--min-sqnr",
    "min_sqnr_db",
    type=float,
    metavar="DB",
    help="Likewise, until the outputs are within this of float's, as 25.",
)
@click.option(
    "--to-bytes",
    type=shared.SIZE,
    metavar="SIZE",
    help="Make one file of at most so many bytes, as 400kB: the precision of each operator is "
    "chosen.",
)
@click.option(
    "--keep-float",
    "keep_float",
    multiple=True,
    metavar="LAYER",
    help="Leave a layer float; a name or a regular expression for whole names; repeatable.",
)
@click.option(
    "--override",
    "overrides",
    multiple=True,
    metavar="LAYER=RECIPE",
    help="Another recipe for a layer; likewise.",
)
@click.option(
    "--rounding",
    type=click.Choice(["gptq", "nearest"]),
    help="GPTQ or round-to-nearest, where there are samples [default: gptq].",
)
@click.option(
    "--bias-correction/--no-bias-correction",
    "bias_correction",
    default=None,
    help="Whether biases take up what rounding shifts [default: they do].",
)
@click.option(
    "--effort",
    type=click.Choice(["normal", "high"]),
    help="high: the rounding of int4 weights is learned across layers, for up to 5 minutes each, "
    "and kept where held-out samples say so [default: normal].",
)
@click.option(
    "--for",
    "device",
    type=click.Choice(["cpu", "npu", "mcu"]),
    help="What the files are for: int16 activations hold a bound for NPUs and MCUs only, and "
    "operators that are no integers there are named [default: cpu].",
)
@click.option(
    "--calibration-samples",
    type=click.IntRange(min=1),
    metavar="N",
    help="Draw at most that many [default: 200].",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="Seed of every draw [default: edgekit.toml's, else 0].",
)
@click.option(
    "--raw",
    is_flag=True,
    default=None,
    help="Integers for a float input are taken as they are: the model was trained on them.",
)
@click.option(
    "--custom-objects",
    metavar="MODULE:NAME",
    help="Custom layers: a class, a function or a dict of them.",
)
@click.option(
    "--builder",
    metavar="MODULE:FUNCTION",
    help="For a file that holds weights alone: the function that returns the built model.",
)
@click.option(
    "--unsafe",
    is_flag=True,
    default=None,
    help="Allow a model that runs code of its own while loading (Lambda layers).",
)
@click.option(
    "--tensor-names",
    type=click.Choice(["short", "original"]),
    help="No longer than telling their layers takes, or as the converter or the .tflite has them; "
    "inputs and outputs have the same either way [default: short].",
)
@click.option("--force", is_flag=True, default=None, help="Replace existing outputs.")
@click.option(
    "--fresh",
    is_flag=True,
    default=None,
    help="Export the model anew, also where the cache has its float file and samples.",
)
@compression_options.options
@shared.project_option
@shared.limits_options
@shared.json_option
@shared.as_record(ConvertFlags, "flags")
def convert(
    model: Path,
    flags: ConvertFlags,
    compression: compression_options.CompressionFlags,
    project: Path | None,
    timeout: float | None,
    memory_limit: float | None,
    as_json: bool,
) -> None:
    """Turn a trained Keras model into .tflite files, and check each.

    MODEL is a Keras 3 or Keras 2 file, a SavedModel folder, a TensorFlow.js model, or a float
    .tflite.

    Without --recipe: those of edgekit.toml; else float32, float16 and dynamic_wi8_afp32, and
    static_wi8_ai8 where there is calibration data.

    --prune and --finetune make the model itself smaller first, --qat trains with the rounding in
    place: --prune structured --sparsity 0.5 --finetune DATA --distill --qat.

    --max-loss and --min-sqnr are measured on a third of the calibration samples. If no choice
    of precisions holds the bound, nothing is written and the exit code is 1.

    --to-bytes and --to-latency make one file within them. If none is, nothing is written and the
    exit code is 1.

    A file that has lost what the model computes is named first, marked in its manifest
    (wrecked), and makes the exit code 1.
    """
    from edgekit.core import project as projects
    from edgekit.core.errors import EXIT_WRECKED
    from edgekit.pipeline.convert.conversion import convert as convert_model

    described = projects.load(project) if project else projects.find(model)
    seed = described.data.seed if flags.seed is None else flags.seed
    limits = shared.limits(timeout, memory_limit)
    with shared.progress() as report:
        made = convert_model(
            model,
            output=flags.output,
            name=flags.name,
            calibration=flags.calibration,
            project=described,
            input_shapes=parse_shapes(flags.input_shapes),
            signature=flags.signature,
            custom_objects=flags.custom_objects,
            builder=flags.builder,
            options=_options(flags, compression, seed, limits),
            on_progress=report,
        )
    wrecked = [f"Wrecked: {artifact.wrecked}" for artifact in made if artifact.wrecked]
    for line in wrecked:  # first of all that is said
        shared.echo(line, err=as_json)
    shared.echo_notes([note for artifact in made for note in artifact.notes])
    if as_json:
        shared.echo_json(made)
    else:
        _print(made, flags.device or "cpu", limits)
    if wrecked:
        raise click.exceptions.Exit(EXIT_WRECKED)


def _options(
    flags: ConvertFlags,
    compression: compression_options.CompressionFlags,
    seed: int,
    limits: Limits,
) -> ConvertOptions:
    from edgekit.core.records import ConvertOptions

    return shared.overlay(
        ConvertOptions(limits=limits),
        recipes=flags.recipes,
        io_dtype=flags.io_dtype,
        max_loss=flags.max_loss,
        min_sqnr_db=flags.min_sqnr_db,
        to_bytes=flags.to_bytes,
        to_latency=None if compression.prune else compression.to_latency,
        overrides=parse_overrides(flags.overrides, flags.keep_float),
        rounding=flags.rounding,
        bias_correction=flags.bias_correction,
        effort=flags.effort,
        device=flags.device,
        tensor_names=flags.tensor_names,
        storage_bits=int(flags.storage_bits) if flags.storage_bits else None,
        calibration_samples=flags.calibration_samples,
        seed=seed,
        prune=compression_options.pruning(compression),
        training=compression_options.training(compression, seed),
        raw=flags.raw,
        unsafe=flags.unsafe,
        force=flags.force,
        fresh=flags.fresh,
    )


def _print(made: Sequence[Artifact], device: Device, limits: Limits) -> None:
    """The table of files, and what is to be said of them."""
    from edgekit.pipeline.convert import spot_times
    from edgekit.report import compression_lines, conversion_lines, speed_lines, terminal

    out = terminal.console()
    out.print(terminal.artifacts_table(made))
    exceptions = terminal.exceptions_table(made)
    if exceptions is not None:
        out.print(exceptions)
    for line in (
        *conversion_lines.rewritten_lines(made),
        *conversion_lines.candidate_lines(made),
        *conversion_lines.repair_lines(made),
        *conversion_lines.budget_lines(made),
    ):
        shared.echo(line)
    with shared.progress() as report:
        ratios = spot_times.against_float(made, limits=limits, on_progress=report)
    for line in (
        *compression_lines.lines(made, ratios),
        *speed_lines.speed_lines(made, ratios),
        *conversion_lines.advice_lines(made, ratios),
        # Times of this CPU say nothing of an accelerator.
        *(speed_lines.better_file_lines(made, ratios) if device == "cpu" else ()),
        *conversion_lines.integer_lines(made, device),
    ):
        shared.echo(line)
    first = made[0]
    if first.reference_sqnr_db is not None:
        exactly = math.isinf(first.reference_sqnr_db)
        shared.echo(
            "The float file agrees with Keras "
            f"{'exactly' if exactly else f'to {first.reference_sqnr_db:.1f} dB'} on "
            f"{'synthetic' if first.golden == 'synthetic' else 'real'} golden samples."
        )
    told = (*conversion_lines.accuracy_lines(made), *conversion_lines.unjudged_lines(made))
    for line in told:
        shared.echo(line)


def parse_overrides(texts: tuple[str, ...], keep_float: tuple[str, ...]) -> tuple[Override, ...]:
    """`LAYER=RECIPE` as records, and layers to keep float, which come last and so win."""
    from edgekit.core.errors import UsageError
    from edgekit.core.records import Override

    overrides = []
    for text in texts:
        layers, equals, recipe = text.rpartition("=")
        if not (equals and layers and recipe):
            raise UsageError(
                "--override must be LAYER=RECIPE.",
                received=text,
                hint="--override 'conv.*=weight_only_wi8_afp32'",
            )
        overrides.append(Override(layers=layers, recipe=recipe))
    return (*overrides, *(Override(layers=layer, recipe="float32") for layer in keep_float))


def parse_shapes(texts: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Shapes by input; each input once."""
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, shape = parse_shape(text)
        if name in shapes:
            from edgekit.core.errors import UsageError

            raise UsageError("--input-shape must name each input once.", received=", ".join(texts))
        shapes[name] = shape
    return shapes


def parse_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """`NAME=1,224,224,3` as a name and a shape."""
    name, equals, sizes = text.rpartition("=")
    try:
        shape = tuple(int(size) for size in sizes.split(","))
    except ValueError:
        shape = ()
    if not (equals and name and shape):
        from edgekit.core.errors import UsageError

        raise UsageError(
            "--input-shape must be NAME=1,SIZE,...: the whole shape, with a batch of 1.",
            received=text,
            hint="--input-shape image=1,224,224,3",
        )
    return name, shape
