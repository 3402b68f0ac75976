"""Options of `edgekit convert` that make the model itself smaller, before it is quantized."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

from edgekit.cli import options as shared

if TYPE_CHECKING:
    from edgekit.core.records import Pruning, Training

F = TypeVar("F", bound=Callable[..., object])

_FRACTION = click.FloatRange(min=0, max=1, min_open=True, max_open=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressionFlags:
    """The options as they were given; None and () where one was not."""

    prune: str | None
    sparsity: float | None
    to_size: float | None
    to_macs: float | None
    to_latency: float | None
    importance: str | None
    round_to: int | None
    prune_layer: tuple[str, ...]
    keep_dense: tuple[str, ...]
    reconstruct: bool | None
    finetune: str | None
    distill: bool | None
    qat: bool | None
    epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    patience: int | None
    augment: bool | None


def options(function: F) -> F:
    """All of them; the command takes them as `compression`, a `CompressionFlags`."""
    function = shared.as_record(CompressionFlags, "compression")(function)
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


_OPTIONS = (
    click.option(
        "--prune",
        metavar="KIND",
        help="structured removes channels; unstructured, or N:M such as 2:4, zeroes weights.",
    ),
    click.option(
        "--sparsity",
        type=_FRACTION,
        metavar="FRACTION",
        help="Fraction of channels or weights that go, as 0.5.",
    ),
    click.option(
        "--to-size",
        type=_FRACTION,
        metavar="FRACTION",
        help="Prune to this fraction of the float file.",
    ),
    click.option(
        "--to-macs",
        type=_FRACTION,
        metavar="FRACTION",
        help="Likewise, of its multiply-accumulates.",
    ),
    click.option(
        "--to-latency",
        type=_FRACTION,
        metavar="FRACTION",
        help="Fraction of the float file's time on this machine: with --prune to prune to, else "
        "for one file whose operators' precisions are chosen.",
    ),
    click.option(
        "--importance",
        type=click.Choice(["auto", "l1", "bn_scale", "taylor", "obs"]),
        help="What ranks channels [default: auto: obs with samples, else l1].",
    ),
    click.option(
        "--round-to",
        type=click.IntRange(min=1),
        metavar="N",
        help="Widths become multiples of this, or of a quarter of a width [default: 16].",
    ),
    click.option(
        "--prune-layer",
        multiple=True,
        metavar="LAYER",
        help="Prune only these; a name or a regular expression for whole names; repeatable.",
    ),
    click.option(
        "--keep-dense", multiple=True, metavar="LAYER", help="Do not prune these; likewise."
    ),
    click.option(
        "--reconstruct/--no-reconstruct",
        default=None,
        help="Whether samples choose the weights that stay [default: they do].",
    ),
    click.option(
        "--finetune",
        metavar="DATA",
        help="Train on these samples after pruning, and for --qat; sources as of --calibration.",
    ),
    click.option(
        "--distill",
        is_flag=True,
        default=None,
        help="Train towards the original model's outputs: no labels needed.",
    ),
    click.option(
        "--qat", is_flag=True, default=None, help="Train with the rounding of each recipe in place."
    ),
    click.option(
        "--epochs",
        type=click.IntRange(min=1),
        metavar="N",
        help="At most [default: about 1,500 batches].",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(min=1),
        metavar="N",
        help="[default: 32, 8 or 16 of few samples]",
    ),
    click.option(
        "--learning-rate",
        type=_FRACTION,
        metavar="FRACTION",
        help="At its highest [default: 0.001 after pruning, 0.0003 where samples chose what stays, "
        "0.0001 for --qat].",
    ),
    click.option(
        "--patience",
        type=click.IntRange(min=1),
        metavar="N",
        help="End early, so many epochs after the best one [default: never].",
    ),
    click.option(
        "--augment/--no-augment",
        default=None,
        help="Whether training samples are varied [default: images, and any while distilling].",
    ),
)

# Parameters by heading, for the command's help.
GROUPS = {
    "Pruning": (
        *("prune", "sparsity", "to_size", "to_macs", "importance", "round_to"),
        *("prune_layer", "keep_dense", "reconstruct"),
    ),
    "Training": (
        *("finetune", "distill", "qat", "epochs", "batch_size", "learning_rate", "patience"),
        "augment",
    ),
}
_PRUNING = (
    *("sparsity", "to_size", "to_macs", "to_latency", "importance", "round_to", "reconstruct"),
    *("prune_layer", "keep_dense"),
)
_TRAINING = ("distill", "epochs", "batch_size", "learning_rate", "patience", "augment")


def pruning(flags: CompressionFlags) -> Pruning | None:
    """What the options say of pruning.

    Raises:
        UsageError: An unknown kind, or options of pruning without --prune.
    """
    from edgekit.core.errors import UsageError
    from edgekit.core.records import Pruning
    from edgekit.core.suggest import nearest

    kind = flags.prune
    if kind is None:
        # By itself --to-latency is a budget: see `convert_command`.
        _refuse_alone("--prune", flags, [name for name in _PRUNING if name != "to_latency"])
        return None
    if kind in ("structured", "unstructured"):
        asked = shared.overlay(Pruning(), method=kind)
    elif ":" in kind:
        asked = Pruning(method="unstructured", pattern=kind)
    else:
        raise UsageError(
            "--prune must be structured, unstructured, or a pattern N:M.",
            received=f"--prune {kind}",
            hint=nearest(kind, ["structured", "unstructured"]) or "--prune 2:4",
        )
    return shared.overlay(
        asked,
        sparsity=flags.sparsity,
        to_size=flags.to_size,
        to_macs=flags.to_macs,
        to_latency=flags.to_latency,
        importance=flags.importance,
        round_to=flags.round_to,
        reconstruct=flags.reconstruct,
        layers=flags.prune_layer,
        keep=flags.keep_dense,
    )


def training(flags: CompressionFlags, seed: int) -> Training | None:
    """What the options say of training.

    Raises:
        UsageError: Options of training without --finetune, or --qat without data.
    """
    from edgekit.core.errors import UsageError
    from edgekit.core.records import Training

    if flags.finetune is None:
        if flags.qat:
            raise UsageError(
                "--qat needs samples to train on.",
                received="no --finetune",
                hint="--finetune DATA.npz --distill; --distill needs no labels.",
            )
        _refuse_alone("--finetune", flags, _TRAINING)
        return None
    return shared.overlay(
        Training(data=flags.finetune, seed=seed),
        quantization_aware=flags.qat,
        distill=flags.distill,
        epochs=flags.epochs,
        batch_size=flags.batch_size,
        learning_rate=flags.learning_rate,
        patience=flags.patience,
        augment=flags.augment,
    )


def _refuse_alone(needed: str, flags: CompressionFlags, names: Sequence[str]) -> None:
    from edgekit.core.errors import UsageError

    given = [name for name in names if getattr(flags, name) not in (None, ())]
    if given:
        spelled = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"{spelled} cannot be used without {needed}.", received=f"no {needed}")
