"""The machine that measures: absolute times compare on an equal one only."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from edgekit.core.records import Host


def describe_host() -> Host:
    """This machine: architecture, system, CPU, cores this process may use, Python."""
    return Host(
        machine=platform.machine(),
        system=f"{platform.system()} {platform.release()}",
        cpu=_cpu(),
        cores=_cores(),
        python=platform.python_version(),
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> str:
    """The CPU's name. Linux tells it in a file, and other systems through `platform`."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Hardware", "Model") and value.strip():
            return value.strip()
    return platform.processor() or platform.machine()
