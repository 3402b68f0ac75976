"""What is installed, which runtimes work, and what would fix the rest."""

from __future__ import annotations

import importlib.util
import platform
import sys
from dataclasses import dataclass

from edgekit.core import sandbox
from edgekit.core.errors import EdgekitError
from edgekit.core.installed import installed
from edgekit.core.records import Limits, Target
from edgekit.runtimes import environments, local
from edgekit.runtimes.worker.worker_serve import Greeting, Hello

# Imported by edgekit without TensorFlow / for Keras models only.
_BASE = ("numpy", "scipy", "rich", "pillow", "ai-edge-litert", "litert-quantizer")
_CONVERT = {"tensorflow": "tensorflow", "keras": "keras", "tf-keras": "tf_keras"}
_FIX_CONVERT = "pip install '.[convert]' in the checkout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: whether it works, and the command that fixes it."""

    what: str
    ok: bool
    detail: str
    fix: str | None = None


def doctor() -> list[Finding]:
    """Look at Python, packages and runtimes. Each runtime's worker is really started."""
    findings = [
        Finding(what="python", ok=True, detail=f"{platform.python_version()} {platform.machine()}"),
        _wall(),
    ]
    for name in _BASE:
        version = installed(name)
        findings.append(
            Finding(
                what=name,
                ok=bool(version),
                detail=version or "not installed",
                fix=None if version else "pip install . in the checkout",
            )
        )
    for name, module in _CONVERT.items():
        # TensorFlow has several distributions (tensorflow-cpu, ...): look for the module.
        found = importlib.util.find_spec(module) is not None
        findings.append(
            Finding(
                what=name,
                ok=found,
                detail=(installed(name) or "installed")
                if found
                else "not installed: Keras models cannot be converted, .tflite files can",
                fix=None if found else _FIX_CONVERT,
            )
        )
    added = [environments.parse(one.label) for one in environments.list_environments()]
    findings.extend(_runtime(target) for target in (Target(), *added))
    if not any(f.what.startswith("tflite-runtime") for f in findings):
        findings.append(
            Finding(
                what="tflite-runtime",
                ok=False,
                detail="not added: files cannot be proven on the runtime many devices still ship",
                fix="edgekit runtime add tflite-runtime==2.14.0",
            )
        )
    return findings


def _wall() -> Finding:
    """Whether children that handle models are held to their temporary folder by the system."""
    version = sandbox.abi()
    if version:
        keeps = "models write to temporary folders only"
        if sandbox.denies_network():
            keeps += ", and open no TCP connections"
        return Finding(what="landlock", ok=True, detail=f"version {version}: {keeps}")
    detail = "not there: nothing but edgekit's own checks keeps a model from writing files"
    fix = "use Linux 5.19 or later with Landlock enabled" if sys.platform == "linux" else None
    return Finding(what="landlock", ok=False, detail=detail, fix=fix)


def _runtime(target: Target) -> Finding:
    name = f"The {target.label} worker"
    try:
        python = environments.python_for(target)
        with local.start(python, target, name=name, limits=Limits(seconds=60)) as worker:
            greeting = local.ask(worker, Hello(), Greeting)
    except EdgekitError as error:
        return Finding(
            what=target.label,
            ok=False,
            detail=error.received or error.rule,
            fix=error.hint or f"edgekit runtime add {target.label}",
        )
    detail = f"{greeting.version} on Python {greeting.python}, NumPy {greeting.numpy}"
    return Finding(what=target.label, ok=True, detail=detail)
