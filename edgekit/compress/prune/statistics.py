"""Second moments of what layers read in the original model and in a changed one.

Moments are all that least squares needs: with the covariance of a layer's inputs as they are
now, and that with the inputs as they were, the weights that come closest to the old outputs
follow without a second look at the samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgekit.compress.prune.layer_weights import Linear

FEWEST_ROWS, MOST_ROWS = 20_000, 80_000
"""Rows that moments are taken over: no fewer where there are as many, and no more."""
_ROWS_PER_INPUT = 40
_BY_CHANNEL = 2_000
_MOST_PRODUCTS = 10**11


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Moments:
    """Means and covariances of a layer's inputs, by group; float64.

    Attributes:
        rows: How many rows they are taken over.
        old: `(groups, old inputs)`, the mean of the inputs in the original model, x.
        new: `(groups, inputs)`, the mean of the inputs in the changed one, q.
        covariance: `(groups, inputs, inputs)`, mean of `q q'` about the means.
        cross: `(groups, inputs, old inputs)`, mean of `q x'` about the means.
    """

    rows: int
    old: np.ndarray
    new: np.ndarray
    covariance: np.ndarray
    cross: np.ndarray

    def shrunk_covariance(self) -> np.ndarray:
        """The covariance, drawn to its diagonal where it is of few rows.

        By `inputs / (inputs + 2 rows)`: with fewer rows than inputs it is singular, and a layer
        seems to lose nothing whatever goes. A classifier behind global pooling has one row for
        each sample: without this all of mobilenet's zeros went there.
        """
        inputs = self.covariance.shape[-1]
        part = inputs / (inputs + 2 * self.rows)
        diagonal = self.covariance * np.eye(inputs)
        return np.asarray((1 - part) * self.covariance + part * diagonal)

    def uncentred(self) -> Moments:
        """The same about zero: for a layer without anything that takes up a shift."""
        return Moments(
            rows=self.rows,
            old=np.zeros_like(self.old),
            new=np.zeros_like(self.new),
            covariance=self.covariance + self.new[:, :, None] * self.new[:, None, :],
            cross=self.cross + self.new[:, :, None] * self.old[:, None, :],
        )


def measure(
    old: Linear,
    x: np.ndarray,
    new: Linear,
    q: np.ndarray,
    rng: np.random.Generator,
    *,
    fewest_rows: int = FEWEST_ROWS,
    most_rows: int = MOST_ROWS,
) -> Moments:
    """Moments of a layer's inputs in two models, over at most some ten thousand rows.

    Args:
        old: The layer in the original model.
        x: What it reads there, `(samples, ..., channels)`.
        new: The layer in the changed model, which may have fewer channels.
        q: What it reads there, for the same samples; the same array where nothing differs.
        rng: Draws the positions, where there are more than are needed.
        fewest_rows: Rows to take where there are as many, of all groups together.
        most_rows: Rows that are enough for any but the widest layers.
    """
    total = new.num_places(q)
    groups, inputs, _ = new.weights.shape
    fewest = fewest_rows if groups == 1 else max(fewest_rows // groups, _BY_CHANNEL)
    # A layer that is very wide would take minutes: fewer rows, as long as they are enough.
    most = max(4 * inputs, min(most_rows, _MOST_PRODUCTS // inputs**2))
    wanted = max(fewest, min(most, _ROWS_PER_INPUT * inputs))
    if total > wanted:
        places = np.sort(rng.choice(total, wanted, replace=False, shuffle=False))
    else:
        places = np.arange(total)
    same = x is q and old.weights.shape[1] == inputs
    # About a mean of the first rows, so that nothing is lost where values are far from zero.
    first = places[:: max(1, len(places) // 512)][:512]
    shift_q = new.rows(q, first).mean(axis=1)
    shift_x = shift_q if same else old.rows(x, first).mean(axis=1)
    olds = old.weights.shape[1]
    sum_q, sum_x = np.zeros((groups, inputs)), np.zeros((groups, olds))
    square, cross = np.zeros((groups, inputs, inputs)), np.zeros((groups, inputs, olds))
    for part in new.chunks(places):
        rows_q = new.rows(q, part) - shift_q[:, None]
        turned = np.swapaxes(rows_q, 1, 2)
        sum_q += rows_q.sum(axis=1, dtype=np.float64)
        square += turned @ rows_q
        if not same:
            rows_x = old.rows(x, part) - shift_x[:, None]
            sum_x += rows_x.sum(axis=1, dtype=np.float64)
            cross += turned @ rows_x
    count = len(places)
    mean_q = sum_q / count
    covariance = square / count - mean_q[:, :, None] * mean_q[:, None, :]
    if same:
        centre = shift_q + mean_q
        return Moments(rows=count, old=centre, new=centre, covariance=covariance, cross=covariance)
    mean_x = sum_x / count
    return Moments(
        rows=count,
        old=shift_x + mean_x,
        new=shift_q + mean_q,
        covariance=covariance,
        cross=cross / count - mean_q[:, :, None] * mean_x[:, None, :],
    )
