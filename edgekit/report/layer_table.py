"""Errors by operator as a table."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from edgekit.core.records import LayerError, Measurement
from edgekit.tflite import signal

_WORST = 5
# Layers that a sentence names, and the least share of those.
_NAMED = 3
_MUCH = 0.1
# Outputs this near to float's have errors of 0.03 of their size: there is little to gain.
_FINE_DB = 30.0


def blame(errors: Sequence[LayerError], count: int = _WORST) -> tuple[int, ...]:
    """The places of the operators that hurt most, the worst first.

    By what each operator's error alone does to the model's outputs; where that was not
    measured, by the local error. Operators without an error are never among them.
    """
    has_outputs = any(one.output_sqnr_db is not None for one in errors)

    def sqnr_db(place: int) -> float:
        one = errors[place]
        value = one.output_sqnr_db if has_outputs else one.local_sqnr_db
        return math.inf if value is None else value

    ranked = sorted(range(len(errors)), key=lambda place: (sqnr_db(place), place))
    return tuple(place for place in ranked[:count] if sqnr_db(place) < math.inf)


def layers_table(measured: Measurement) -> Table:
    """One row for each operator in order of execution; those that hurt most stand out.

    Narrow enough for 80 columns: the type has a column of its own only where types differ.
    """
    schemes = dict.fromkeys(one.scheme for one in measured.layers)
    mixed = len(schemes) > 1
    table = Table(
        title=f"{measured.artifact}: errors by operator"
        + ("" if mixed else f", all {next(iter(schemes), '')}"),
        caption="SQNR in dB, by LiteRT. local: fed with float activations; cumul.: cumulative, "
        "fed by the operators before it; outputs: the model's with this error alone; blame: its "
        "share of what all errors do to the outputs",
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("layer", overflow="fold", min_width=12)
    table.add_column("operator", no_wrap=True)
    if mixed:
        table.add_column("type", min_width=5)
    for column in ("local", "cumul.", "outputs", "blame"):
        table.add_column(column, justify="right", no_wrap=True)
    layers = measured.layers
    worst = [p for p in blame(layers) if layers[p].blame is None or (layers[p].blame or 0) >= _MUCH]
    for place, one in enumerate(layers):
        table.add_row(
            one.layer,
            one.operator,
            *([one.scheme] if mixed else []),
            decibels(one.local_sqnr_db),
            decibels(one.cumulative_sqnr_db),
            decibels(one.output_sqnr_db),
            share(one.blame),
            style="bold red" if place in worst else None,
        )
    return table


def blame_lines(measured: Measurement) -> list[str]:
    """Which layers the errors come from, and what to do about them; none where nobody knows.

    The shares of a layer's operators add up. A layer with less than a tenth of the whole is not
    named: without it the file is what it was. Where all errors together leave the outputs at 30 dB
    or more, nothing needs to be done.
    """
    shares: dict[str, float] = {}
    names: dict[str, list[str]] = {}
    for one in measured.layers:
        shares[one.layer] = shares.get(one.layer, 0.0) + (one.blame or 0.0)
        if one.blame:
            names.setdefault(one.layer, []).append(one.operator)
    ranked = sorted(names, key=lambda layer: -shares[layer])
    if not ranked:
        return []
    named = [layer for layer in ranked[:_NAMED] if shares[layer] >= _MUCH]
    if not named:
        return [
            f"No layer stands out: {ranked[0]} does the most of what errors do to the outputs, "
            f"{shares[ranked[0]]:.2f} of it."
        ]
    spelled = ", ".join(f"{layer} ({shares[layer]:.2f})" for layer in named)
    lines = [f"To blame most, by their shares: {spelled}."]
    noise = sum(
        signal.noise_to_signal(max(one.output_sqnr_db, 0.0))
        for one in measured.layers
        if one.output_sqnr_db is not None
    )
    if noise > signal.noise_to_signal(_FINE_DB):
        lines.append(f"Keep one float: edgekit convert --keep-float {_selector(named[0])}")
    return lines


def _selector(layer: str) -> str:
    """A layer's name for a shell, as a pattern where it could be read as another one."""
    return shlex.quote(layer if re.fullmatch(r"[\w./-]+", layer) else re.escape(layer))


def share(value: float | None) -> str:
    """A fraction as people read it, a dash where it is not known or nothing.

    >>> share(0.256), share(0.0004), share(0.0), share(None)
    ('0.26', '0.00', '-', '-')
    """
    return f"{value:.2f}" if value else "-"


def decibels(value: float | None) -> str:
    """An SQNR as people read it.

    >>> decibels(31.24), decibels(float("inf")), decibels(None)
    ('31.2', 'exact', '-')
    """
    if value is None:
        return "-"
    if value == math.inf:
        return "exact"
    return "lost" if value == -math.inf else f"{value:.1f}"
