"""edgekit: Keras models to TFLite files that are proven on the host.

Every command has a function here:

```python
import edgekit

made = edgekit.convert("digits.keras", output="out", calibration="data.npz")
measured = edgekit.validate([one.path for one in made], data="data.npz")
timed = edgekit.benchmark([one.path for one in made])
```

Importing edgekit loads nothing heavy: a name is looked up when it is first used.
"""

from __future__ import annotations

import importlib

# `typing` takes longer to import than all the rest of this: type checkers know the name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from edgekit.compress.prune.prune import prune as prune_model
    from edgekit.compress.prune.sparsity_schedule import KeepZeros, PolynomialDecay
    from edgekit.core.errors import EdgekitError
    from edgekit.core.gate_rules import GateOptions
    from edgekit.core.records import (
        Artifact,
        BenchmarkOptions,
        ConvertOptions,
        Limits,
        Measurement,
        Pruning,
        Target,
        Training,
    )
    from edgekit.pipeline.benchmark import benchmark
    from edgekit.pipeline.bundle.bundle import bundle
    from edgekit.pipeline.convert.conversion import convert
    from edgekit.pipeline.demo import demo
    from edgekit.pipeline.doctor import doctor
    from edgekit.pipeline.gate.gate import gate
    from edgekit.pipeline.init.init import InitOptions, init
    from edgekit.pipeline.inspect import inspect
    from edgekit.pipeline.validate import ValidateOptions, validate
    from edgekit.runtimes.environments import add as add_runtime
    from edgekit.runtimes.environments import list_environments as list_runtimes
    from edgekit.runtimes.environments import parse as parse_runtime
    from edgekit.runtimes.environments import remove as remove_runtime

__version__ = "0.1.0"

_PLACES = {
    "Artifact": "edgekit.core.records:Artifact",
    "BenchmarkOptions": "edgekit.core.records:BenchmarkOptions",
    "ConvertOptions": "edgekit.core.records:ConvertOptions",
    "EdgekitError": "edgekit.core.errors:EdgekitError",
    "GateOptions": "edgekit.core.gate_rules:GateOptions",
    "InitOptions": "edgekit.pipeline.init.init:InitOptions",
    "KeepZeros": "edgekit.compress.prune.sparsity_schedule:KeepZeros",
    "Limits": "edgekit.core.records:Limits",
    "Measurement": "edgekit.core.records:Measurement",
    "PolynomialDecay": "edgekit.compress.prune.sparsity_schedule:PolynomialDecay",
    "Pruning": "edgekit.core.records:Pruning",
    "Target": "edgekit.core.records:Target",
    "Training": "edgekit.core.records:Training",
    "ValidateOptions": "edgekit.pipeline.validate:ValidateOptions",
    "add_runtime": "edgekit.runtimes.environments:add",
    "benchmark": "edgekit.pipeline.benchmark:benchmark",
    "bundle": "edgekit.pipeline.bundle.bundle:bundle",
    "convert": "edgekit.pipeline.convert.conversion:convert",
    "demo": "edgekit.pipeline.demo:demo",
    "doctor": "edgekit.pipeline.doctor:doctor",
    "gate": "edgekit.pipeline.gate.gate:gate",
    "init": "edgekit.pipeline.init.init:init",
    "inspect": "edgekit.pipeline.inspect:inspect",
    "list_runtimes": "edgekit.runtimes.environments:list_environments",
    "parse_runtime": "edgekit.runtimes.environments:parse",
    "prune_model": "edgekit.compress.prune.prune:prune",
    "remove_runtime": "edgekit.runtimes.environments:remove",
    "validate": "edgekit.pipeline.validate:validate",
}

__all__ = [
    "Artifact",
    "BenchmarkOptions",
    "ConvertOptions",
    "EdgekitError",
    "GateOptions",
    "InitOptions",
    "KeepZeros",
    "Limits",
    "Measurement",
    "PolynomialDecay",
    "Pruning",
    "Target",
    "Training",
    "ValidateOptions",
    "add_runtime",
    "benchmark",
    "bundle",
    "convert",
    "demo",
    "doctor",
    "gate",
    "init",
    "inspect",
    "list_runtimes",
    "parse_runtime",
    "prune_model",
    "remove_runtime",
    "validate",
]


# Names of releases up to 0.1, where packages were called `convert`, `gate` and `bundle`.
_FORMER = {"convert_model": "convert", "make_bundle": "bundle", "run_gate": "gate"}

# A type checker knows the names from above: it shall find others wrong.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in _FORMER:
            import warnings

            warnings.warn(
                f"edgekit.{name} is now edgekit.{_FORMER[name]}; the next release removes it",
                DeprecationWarning,
                stacklevel=2,
            )
        place = _PLACES.get(_FORMER.get(name, name))
        if place is None:
            raise AttributeError(f"module 'edgekit' has no attribute {name!r}")
        module, _, attribute = place.partition(":")
        return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*_PLACES, "__version__"])
