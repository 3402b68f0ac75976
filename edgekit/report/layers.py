"""Errors by operator as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table

from edgekit.records import LayerError, Measurement

_WORST = 5


def blame(errors: Sequence[LayerError], count: int = _WORST) -> tuple[int, ...]:
    """The places of the operators that hurt most, the worst first.

    By what each operator's error alone does to the model's outputs; where that was not
    measured, by the local error. Operators without an error are never among them.
    """
    told = any(one.output_sqnr_db is not None for one in errors)

    def harm(place: int) -> float:
        one = errors[place]
        value = one.output_sqnr_db if told else one.local_sqnr_db
        return math.inf if value is None else value

    ranked = sorted(range(len(errors)), key=lambda place: (harm(place), place))
    return tuple(place for place in ranked[:count] if harm(place) < math.inf)


def layers_table(measured: Measurement) -> Table:
    """One row for each operator in order of execution; the worst are numbered."""
    table = Table(
        title=f"{measured.artifact}: errors by operator, SQNR in dB (LiteRT)",
        caption="local: fed with float activations; cumulative: fed by the operators before it; "
        "outputs: the model's outputs with this error alone; blame ranks by it",
    )
    for column in ("layer", "operator", "type"):
        table.add_column(column, overflow="fold")
    for column in ("local", "cumulative", "outputs", "blame"):
        table.add_column(column, justify="right")
    ranks = {place: rank for rank, place in enumerate(blame(measured.layers), start=1)}
    for place, one in enumerate(measured.layers):
        rank = ranks.get(place)
        table.add_row(
            one.layer,
            one.operator,
            one.scheme,
            decibels(one.local_sqnr_db),
            decibels(one.cumulative_sqnr_db),
            decibels(one.output_sqnr_db),
            str(rank) if rank else "",
            style="bold red" if rank else None,
        )
    return table


def decibels(value: float | None) -> str:
    """An SQNR as people read it.

    >>> decibels(31.24), decibels(float("inf")), decibels(None)
    ('31.2', 'exact', '-')
    """
    if value is None:
        return "-"
    if value == math.inf:
        return "exact"
    return "none left" if value == -math.inf else f"{value:.1f}"
