"""Operators that are left to floats where in integers they would take a channel's content.

Scores that are joined with boxes, an offset that is far larger than what varies, columns of unlike
size that a scaling waits for: one scale for all of it leaves the small nothing. Where the held-out
samples show a channel that lost much, operators are ranked by what their errors alone do to the
worst channel. As many of them, the worst first, as a file of the same size and time can have in
floats are tried; of those, the fewest that do as much are kept. Operators without weights become
float; those with weights keep them as integers and compute in floats, or with ranges taken while
running where floats would take longer. The weights are then fitted anew: those that were fitted to
errors which are gone would make up for what is no longer there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import ModelError, QuantizeError
from edgekit.core.output_kinds import DECISIONS
from edgekit.core.records import Contract, Device, Quantization, Recipe
from edgekit.data.samples import Samples
from edgekit.quantize.apart.counted_cost import counted_cost
from edgekit.quantize.apart.islands import Island, islands
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.diagnose import layer_errors, scores
from edgekit.quantize.rewrite import check_applied, engine
from edgekit.tflite import Model
from edgekit.tflite.channels import Channel

MOST = 1.02
"""What a file may grow by, in bytes and in counted time."""

# A channel that has so much of what it varies by has lost little: a class need only be the
# largest, and decisions need only fall on the right side. With `_ENOUGH_DB` more, it has enough.
_VALUES_DB, _DECISIONS_DB, _CLASSES_DB = 30.0, 20.0, 10.0
_ENOUGH_DB = 10.0
# What keeping must gain to be worth a file that is no longer all integers, and what the fewest
# operators may leave of the most that was gained.
_GAIN_DB, _LEFT_DB = 3.0, 1.0
_MOST_TRIALS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One recipe's file, as it was chosen, and the samples that judge it.

    Attributes:
        content: The float file.
        model: The same, read.
        recipe: A static one.
        ranges: Found without the samples that judge.
        fixed: What single operators have because somebody asked for it, or for the sake of time.
        contract: Of the file.
        fit: Samples to rank operators by.
        held: Those that judge.
        expected: The float file's outputs for them.
        device: What the file is for.
    """

    content: bytes
    model: Model
    recipe: Recipe
    ranges: Ranges
    fixed: engine.Exceptions
    contract: Contract
    fit: Samples
    held: Samples
    expected: scores.Outputs
    device: Device

    @property
    def how(self) -> Quantization:
        """What the recipe does."""
        assert self.recipe.quantize is not None
        return self.recipe.quantize

    def quantized(self, exceptions: Mapping[int, Quantization | None]) -> Model:
        """The file with round-to-nearest weights."""
        wanted = {**exceptions, **self.fixed}
        return engine.quantized(self.content, self.recipe, self.ranges, wanted)


Exceptions = dict[int, Quantization | None]


def is_lost(channel: Channel, device: Device) -> bool:
    """Whether a channel has lost so much that operators are worth a look.

    What is not all integers does not run on an accelerator as a whole: there, only a file that
    has lost what the model computes.
    """
    if device != "cpu":
        return channel.sqnr_db < _CLASSES_DB
    return _margin(channel) < 0


def worst(found: Sequence[Channel]) -> Channel:
    """The channel that lacks most of what one of its kind should have."""
    return min(found, key=_margin)


def keeps(new: Sequence[Channel], old: Sequence[Channel]) -> bool:
    """Whether the channel that was worst gained much, by more than chance, and none is worse."""
    before = worst(old)
    after = next((one for one in new if one.name == before.name), None)
    if after is None or _margin(worst(new)) < _margin(before) + _GAIN_DB:
        return False
    return scores.better(np.sqrt(after.noise)[None], np.sqrt(before.noise)[None])


def find(task: Task, report: Callable[[str], None]) -> Exceptions:
    """What single operators have instead, so that channels stay apart; nothing where none helps.

    Args:
        task: The file.
        report: Takes one line of progress.
    """
    return _Search(task).find(report)


def _margin(channel: Channel) -> float:
    if channel.kind == "classes":
        return channel.sqnr_db - _CLASSES_DB
    return channel.sqnr_db - (_DECISIONS_DB if channel.kind in DECISIONS else _VALUES_DB)


class _Search:
    """Trials on one file."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._operators = {op.index: op for op in tflite.main_operators(task.model)}
        self._cost = MOST * counted_cost(task.model, task.how, task.fixed)
        self._size = 0.0
        self._judged: dict[tuple[int, ...], float] = {}

    def find(self, report: Callable[[str], None]) -> Exceptions:
        task = self._task
        plain = task.quantized({})
        content = tflite.to_bytes(plain)
        self._size = MOST * len(content)
        alone = self._margin(plain)
        report(f"{task.recipe.name}: looking for operators that take a channel's content")
        try:
            errors = layer_errors.layer_errors(
                task.content, content, layer_errors.usable(task.content, task.fit)
            )
        except QuantizeError as error:
            report(
                f"{task.recipe.name}: operators cannot be ranked: {error.received or error.rule}"
            )
            return {}
        ranked = self._affordable(islands(task.model, task.how, errors, task.fixed))
        gains = [alone, *(self._tried(ranked[:count]) for count in _lengths(len(ranked)))]
        most = max(gains)
        if most < alone + _GAIN_DB:
            return {}
        wanted = min(most - _LEFT_DB, _ENOUGH_DB)
        fewest = next(n for n in _lengths(len(ranked)) if self._tried(ranked[:n]) >= wanted)
        return _joined(self._given_back(ranked[:fewest], wanted))

    def _affordable(self, ranked: Sequence[Island]) -> list[Exceptions]:
        """What islands have instead, as long as all of it together costs no more."""
        task = self._task
        found: list[Exceptions] = []
        for island in ranked:
            for instead in self._forms(island):
                together = _joined([*found, instead]) | dict(task.fixed)
                if counted_cost(task.model, task.how, together) <= self._cost:
                    found.append(instead)
                    break
        return found

    def _forms(self, island: Island) -> list[Exceptions]:
        if not island.weighted:
            return [dict.fromkeys(island.operators), dict.fromkeys(island.harmful)]
        if self._task.device != "cpu":
            return []  # what is not all integers there is not on the accelerator
        [index] = island.operators
        forms = (recipes.INT8_WEIGHTS, recipes.get("dynamic_wi8_afp32").quantize)
        return [
            {index: how}
            for how in forms
            if how is not None and check_applied.treats(self._operators[index], how)
        ]

    def _given_back(self, kept: list[Exceptions], wanted: float) -> list[Exceptions]:
        """Without those that are not needed, from the end: half of them at once, then fewer."""
        size = max(1, len(kept) // 2)
        while kept:
            end = len(kept)
            while end > 0 and len(kept) > 1:
                start = max(0, end - size)
                fewer = kept[:start] + kept[end:]
                if fewer and self._tried(fewer) >= wanted:
                    kept = fewer
                end = start
            if size == 1:
                break
            size //= 2
        return kept

    def _tried(self, kept: Sequence[Exceptions]) -> float:
        """The worst channel's margin with these; -inf where the file is too large or fails."""
        exceptions = _joined(kept)
        key = tuple(sorted(exceptions))
        if key not in self._judged:
            if len(self._judged) >= _MOST_TRIALS:
                return -np.inf
            self._judged[key] = self._measured(exceptions)
        return self._judged[key]

    def _measured(self, exceptions: Exceptions) -> float:
        try:
            model = self._task.quantized(exceptions)
            if len(tflite.to_bytes(model)) > self._size:
                return -np.inf
            return self._margin(model)
        except (QuantizeError, ModelError):
            return -np.inf  # not every mixture can be had

    def _margin(self, model: Model) -> float:
        task = self._task
        found = scores.all_channels(
            task.expected, scores.outputs(model, task.held.inputs), task.contract
        )
        return _margin(worst(found))


def _lengths(count: int) -> list[int]:
    """How many of a ranking are tried: 1, 2, 3, 4, 6, 9, 13 and so on, and all."""
    lengths, length = [], 1
    while length < count:
        lengths.append(length)
        length += max(1, length // 2)
    return [*lengths, count] if count else []


def _joined(kept: Sequence[Exceptions]) -> Exceptions:
    result: Exceptions = {}
    for exceptions in kept:
        result |= exceptions
    return result
