"""Keras callbacks for people's own training loops: weights go to zero gradually, and stay there.

```python
from edgekit.compress.prune.sparsity_schedule import PolynomialDecay

model.fit(x, y, epochs=10, callbacks=[PolynomialDecay(0.8, end_step=2000)])
```

Imports Keras: not for the front.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from edgekit.compress.prune.select_channels import matching
from edgekit.core.arguments import checked
from edgekit.core.compression_rules import parse_pattern
from edgekit.core.errors import UsageError
from edgekit.frontend.live.live_model import library


class _Masked(keras.callbacks.Callback):
    """Sets what masks leave out to zero after each step of the optimizer."""

    def __init__(self) -> None:
        super().__init__()
        self.masks: dict[int, tuple[Any, Any]] = {}

    def hold(self, variable: Any, mask: np.ndarray) -> None:
        """Keep the weights at zero where the mask is false, from now on."""
        self.masks[id(variable)] = (variable, keras.ops.convert_to_tensor(mask, variable.dtype))

    def apply(self) -> None:
        """Set the weights to zero now."""
        for variable, mask in self.masks.values():
            variable.assign(variable * mask)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Undo what the optimizer did to weights that are gone."""
        self.apply()

    def on_train_end(self, logs: Any = None) -> None:
        """Averages of weights, which some optimizers put in place at the end, are no zeros."""
        self.apply()


class KeepZeros(_Masked):
    """Weights that are zero now stay zero while the model is trained.

    For fine-tuning a model after unstructured pruning. Looked at are trainable weights of two
    dimensions or more, without those that are zero altogether: these were only just made.

    Args:
        model: A built Keras 3 model, in the state to keep.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        if library(model) != "keras":
            raise UsageError(
                "The model whose zeros are kept must be of Keras 3.",
                received=f"a {type(model).__module__.partition('.')[0]} model",
            )
        for variable in model.trainable_variables:
            if len(variable.shape) > 1:
                mask = np.asarray(variable) != 0
                if mask.any() and not mask.all():
                    self.hold(variable, mask)


class PolynomialDecay(_Masked):
    """Magnitude pruning while training: from `initial_sparsity` to `sparsity`, ever more slowly.

    At step `t` from `begin_step` to `end_step` the fraction
    `sparsity + (initial_sparsity - sparsity) * (1 - (t - begin) / (end - begin)) ** power` of
    each kernel's weights is zero: those of the smallest magnitude (Zhu and Gupta 2017, To prune,
    or not to prune, equation 1; the schedule of tensorflow-model-optimization). Kernels of dense
    layers and convolutions are pruned, of depthwise ones only where `layers` names them.

    Args:
        sparsity: The fraction of weights that is zero at the end, from 0 and below 1; left out
            where a pattern tells it.
        begin_step: The first step (batch) at which weights go.
        end_step: The step at which the last go. Training is not shorter than that.
        initial_sparsity: The fraction at `begin_step`, at most `sparsity`.
        power: Of the polynomial; above 0.
        frequency: Steps between two choices of weights.
        pattern: `N:M` keeps the N largest of each M weights along a kernel's inputs; in between,
            the smallest of those that go are gone. Kernels whose inputs are no multiple of M
            are left alone.
        layers: The only layers to prune: names, or regular expressions for whole names.
        keep: Layers to leave alone.

    Raises:
        UsageError: A value out of range, here; when training begins, a schedule that ends after
            training, or a name that matches no layer.
    """

    @checked
    def __init__(
        self,
        sparsity: float | None = None,
        *,
        begin_step: int = 0,
        end_step: int,
        initial_sparsity: float = 0.0,
        power: float = 3.0,
        frequency: int = 100,
        pattern: str = "",
        layers: Sequence[str] = (),
        keep: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.pattern = parse_pattern(pattern)
        if self.pattern is not None:
            implied = 1 - self.pattern[0] / self.pattern[1]
            if sparsity is not None and abs(sparsity - implied) > 1e-6:
                raise UsageError(
                    "The sparsity must be that of the pattern.",
                    received=f"pattern {pattern} ({implied:g}) and sparsity {sparsity:g}",
                    hint="leave the sparsity out.",
                )
            sparsity = implied
        self.sparsity = _checked(sparsity, initial_sparsity, begin_step, end_step, power, frequency)
        self.begin_step, self.end_step = begin_step, end_step
        self.initial_sparsity, self.power, self.frequency = initial_sparsity, power, frequency
        self.layers, self.keep = tuple(layers), tuple(keep)
        self.kernels: list[tuple[Any, int]] = []
        self.epoch = 0
        self.chosen_at: int | None = None

    def sparsity_at(self, step: int) -> float:
        """The fraction of weights that is zero after this step; 0 before `begin_step`."""
        if step < self.begin_step:
            return 0.0
        done = min(1.0, (step - self.begin_step) / (self.end_step - self.begin_step))
        rest = (1 - done) ** self.power
        return float(self.sparsity + (self.initial_sparsity - self.sparsity) * rest)

    def on_train_begin(self, logs: Any = None) -> None:
        """Find the kernels, and refuse a schedule that training would cut off."""
        steps, epochs = self.params.get("steps"), self.params.get("epochs") or 0
        if not steps:
            raise UsageError(
                "A pruning schedule needs the number of steps in an epoch.",
                received="data of unknown length",
                hint="pass steps_per_epoch to fit.",
            )
        if self.end_step > steps * epochs:
            raise UsageError(
                "A pruning schedule must end before training does.",
                received=f"end_step = {self.end_step}; {epochs} epochs of {steps} steps are "
                f"{steps * epochs}",
                hint="train for longer, or give a smaller end_step.",
            )
        # A distiller's own layers are two models; the student is the one that is trained.
        model = getattr(self.model, "student", self.model)
        self.kernels = _kernels(model, self.layers, self.keep, self.pattern)
        self.masks, self.chosen_at = {}, None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch: a run that goes on after a kill goes on in the schedule."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Choose weights anew where it is time, and set those chosen to zero."""
        step = self.epoch * self.params["steps"] + batch + 1
        if step >= self.begin_step and self._due(step):
            sparsity = self.sparsity_at(step)
            for variable, axis in self.kernels:
                self.hold(variable, self._mask(np.asarray(variable), axis, sparsity))
            self.chosen_at = step
        self.apply()

    def _due(self, step: int) -> bool:
        if self.chosen_at is None:
            return True
        if step >= self.end_step:
            return self.chosen_at < self.end_step
        return step - self.chosen_at >= self.frequency

    def _mask(self, kernel: np.ndarray, axis: int, sparsity: float) -> np.ndarray:
        magnitude = np.abs(kernel)
        if self.pattern is not None:
            # What the pattern keeps is never among the smallest.
            magnitude = np.where(_pattern(magnitude, axis, *self.pattern), np.inf, magnitude)
        gone = np.argsort(magnitude, axis=None, kind="stable")[: round(sparsity * kernel.size)]
        mask = np.ones(kernel.size, bool)
        mask[gone] = False
        return mask.reshape(kernel.shape)


def _checked(
    sparsity: float | None, initial: float, begin: int, end: int, power: float, frequency: int
) -> float:
    if sparsity is None or not 0 <= sparsity < 1:
        raise UsageError(
            "A sparsity must be a fraction of the weights, from 0 and below 1.",
            received="none" if sparsity is None else f"{sparsity:g}",
            hint="0.5 sets half of them to zero.",
        )
    if not 0 <= initial <= sparsity:
        raise UsageError(
            "The initial sparsity must be from 0 to the final one.",
            received=f"initial_sparsity = {initial:g}, sparsity = {sparsity:g}",
        )
    if not 0 <= begin < end:
        raise UsageError(
            "A pruning schedule must begin at step 0 or later, and end after it began.",
            received=f"begin_step = {begin}, end_step = {end}",
        )
    if not (math.isfinite(power) and power > 0) or frequency < 1:
        raise UsageError(
            "The power of a pruning schedule must be above 0, its frequency at least 1.",
            received=f"power = {power:g}, frequency = {frequency}",
        )
    return sparsity


def _kernels(
    model: Any, only: Sequence[str], keep: Sequence[str], pattern: tuple[int, int] | None
) -> list[tuple[Any, int]]:
    """The kernels to prune, each with the axis of its inputs."""
    layers = dict(_named(model))
    names = list(layers)  # not those of a graph: a subclassed model has none
    wanted = {name for one in only for name in matching(one, names)} if only else set(names)
    wanted -= {name for one in keep for name in matching(one, names)}
    found = []
    for name, layer in layers.items():
        kernel = getattr(layer, "kernel", None)
        kind = type(layer).__name__
        if kernel is None or name not in wanted or len(kernel.shape) < 2:
            continue
        if "Depthwise" in kind and not only:
            continue
        axis = -1 if "Transpose" in kind else -2
        if pattern is None or kernel.shape[axis] % pattern[1] == 0:
            found.append((kernel, axis))
    if not found:
        raise UsageError(
            "There is no kernel to prune.",
            received=f"none among {', '.join(layers) or 'no layers'}",
            hint="look at layers, keep and pattern.",
        )
    return found


def _named(model: Any, outer: str = "") -> Iterator[tuple[str, Any]]:
    """Layers by name, with the names of the models they are nested in before a slash."""
    for layer in model.layers:
        yield outer + layer.name, layer
        if isinstance(layer, keras.Model):
            yield from _named(layer, f"{outer}{layer.name}/")


def _pattern(magnitude: np.ndarray, axis: int, stay: int, of: int) -> np.ndarray:
    """Whether a weight is among the `stay` largest of its `of` neighbours along the axis."""
    moved = np.moveaxis(magnitude, axis, -1)
    groups = moved.reshape(*moved.shape[:-1], -1, of)
    order = np.argsort(-groups, axis=-1, kind="stable")
    kept = np.zeros(groups.shape, bool)
    np.put_along_axis(kept, order[..., :stay], True, axis=-1)
    return np.moveaxis(kept.reshape(moved.shape), -1, axis)
