"""Families of models of keras_hub, tiny and with random weights: float, dynamic, static.

keras_hub is not among what edgekit needs: `pip install -r requirements/hub.txt` puts it beside.
Where it is missing the part is skipped.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.sweep import Case, Skipped, Source

_RECIPES = ("float32", "dynamic_wi8_afp32", "static_wi8_ai8")
# Importing the package registers its classes; the name itself is needed by the form only. One class
# is not registered, and has to be named.
_CLASSES = "keras_hub.models:Backbone"
_UNREGISTERED = {
    "RetinaNet": "keras_hub.src.models.retinanet.retinanet_label_encoder:RetinaNetLabelEncoder"
}


def cases() -> list[Case]:
    """A case for each family.

    Raises:
        Skipped: keras_hub is not installed.
    """
    if importlib.util.find_spec("keras_hub") is None:
        raise Skipped("keras_hub is not installed: pip install -r requirements/hub.txt")
    from benchmarks import hub_models

    return [
        Case(
            name,
            partial(_make, build=build),
            _RECIPES,
            ("--custom-objects", _UNREGISTERED.get(name, _CLASSES)),
        )
        for name, build in hub_models.FAMILIES.items()
    ]


def _make(folder: Path, build: Callable[[Any], tuple[Any, Any]]) -> Source:
    import keras
    import numpy as np

    from benchmarks import random_weights

    keras.utils.set_random_seed(1)
    model, inputs = build(np.random.default_rng(1))
    random_weights.vary(model)
    random_weights.fit_norms(model, inputs)
    path, samples = folder / "model.keras", folder / "samples.npz"
    model.save(path)
    if not isinstance(inputs, dict):
        inputs = {"x": inputs}
    np.savez(samples, **inputs)
    return Source(model=path, samples=samples)
