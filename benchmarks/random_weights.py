"""Weights for models that nobody trained, so that what they compute is of a sane size.

As Keras initializes them, biases are zero, scales are one and batch normalizations divide by one:
activations grow or die with depth, and a bias that a converter loses would not be noticed.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

_NOISE = 0.1
_EMBEDDING_STD = 0.5


def vary(model: Any, seed: int = 0) -> None:
    """Give biases and scales other values than zero and one, and embeddings plain ones.

    Args:
        model: Built; changed in place.
        seed: Of what is drawn.
    """
    random = np.random.default_rng(seed)
    for weight in model.weights:
        name = weight.path.rsplit("/", 1)[-1]
        # Anchors and valid masks are computed once, and no weights.
        if not weight.dtype.startswith("float") or not weight.trainable:
            continue
        value = np.asarray(weight)
        noise = random.normal(size=value.shape)
        if value.ndim < 2:
            weight.assign(value + _NOISE * noise)
        elif "embedding" in name:
            weight.assign(_EMBEDDING_STD * noise)
        else:
            # Transformers begin with kernels so small that outputs hardly depend on inputs.
            least = 1 / np.sqrt(value[..., 0].size)
            weight.assign(value * max(1.0, least / (value.std() + 1e-9)))


def fit_norms(model: Any, inputs: Any) -> None:
    """Set the mean and variance of each batch normalization to what it sees.

    Args:
        model: Built; changed in place.
        inputs: A batch of samples, as the model takes them.
    """
    norms = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    if norms:
        model(inputs, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
