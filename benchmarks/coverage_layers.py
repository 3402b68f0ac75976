"""Every layer of `keras.layers` and every function of `keras.activations`, in small models.

Both are looked up in Keras: one that `layer_tables` has no line for, after an update, stops the
sweep, and so is noticed.
"""

from __future__ import annotations

import inspect
from functools import partial

import keras

from benchmarks import layer_models, layer_tables
from benchmarks.sweep import Case

# What fails most often stands first.
_PLACES = {
    "sound": (layer_tables.SOUNDS, layer_models.SOUND),
    "table": (layer_tables.TABLES, layer_models.TABLE),
    "ids": (layer_tables.IDS, layer_models.IDS),
    "words": (layer_tables.WORDS, layer_models.WORDS),
    "pixels": (layer_tables.PIXELS, layer_models.PIXELS),
    "sentences": (layer_tables.SENTENCES, layer_models.SENTENCES),
    "stateful": (layer_tables.STATEFUL, layer_models.STATEFUL),
    "volume": (layer_tables.VOLUMES, layer_models.VOLUME),
    "padded": (layer_tables.PADDED, layer_models.PADDED),
    "frames": (layer_tables.FRAMES, layer_models.FRAMES),
    "sequence": (layer_tables.SEQUENCES, layer_models.SEQUENCE),
    "image": (layer_tables.IMAGES, layer_models.IMAGE),
    "row": (layer_tables.ROWS, layer_models.ROW),
}
_NO_ACTIVATION = {"deserialize", "get", "serialize"}


def cases() -> list[Case]:
    """A case for each line of the tables, and two for each activation."""
    missing = uncovered()
    assert not missing, f"layer_tables has no line for {', '.join(missing)}"
    made = [
        _case(place, line)
        for place, (lines, _) in _PLACES.items()
        for line in lines.strip().splitlines()
    ]
    for name in activations():
        made.append(_case("image", f'Conv2D(4, 3, activation="{name}")'))
        made.append(_case("row", f'Activation("{name}")'))
    return made


def uncovered() -> list[str]:
    """The layers of Keras that no line mentions."""
    lines = [line for table, _ in _PLACES.values() for line in table.strip().splitlines()]
    covered = {
        getattr(keras.layers, name) for line in lines for name in layer_models.mentioned(line)
    }
    return sorted(
        name
        for name, layer in vars(keras.layers).items()
        if inspect.isclass(layer) and layer not in covered and name not in layer_tables.NO_MODEL
    )


def activations() -> list[str]:
    """The functions of `keras.activations`, each once."""
    names: dict[object, str] = {}
    for name, function in sorted(vars(keras.activations).items()):
        if inspect.isfunction(function) and name not in _NO_ACTIVATION:
            names.setdefault(function, name)
    return list(names.values())


def _case(name: str, line: str) -> Case:
    place = _PLACES[name][1]
    options = ("--unsafe",) if "Lambda(" in line else ()
    make = partial(layer_models.make, line=line, place=place)
    return Case(f"{name}: {line}", make, place.recipes, options)
