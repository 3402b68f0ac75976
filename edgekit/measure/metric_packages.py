"""The packages that compute a metric: imported when it is measured, asked for before that."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from edgekit.core.errors import UsageError

_SKLEARN = ("sklearn.metrics", "scikit-learn")
_SKIMAGE = ("skimage.metrics", "scikit-image")
_PYCOCOTOOLS = ("pycocotools.cocoeval", "pycocotools")
_RAPIDFUZZ = ("rapidfuzz.distance.Levenshtein", "rapidfuzz")

PACKAGES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("f1_macro", "f1_micro", "average_precision", "eer", "r2", "mape"), _SKLEARN),
    **dict.fromkeys(("psnr", "ssim"), _SKIMAGE),
    **dict.fromkeys(("wer", "cer"), _RAPIDFUZZ),
    **dict.fromkeys(("map_50", "map_50_95"), _PYCOCOTOOLS),
}
"""Metric to module and distribution. Metrics that are not here need NumPy alone."""


def check_installed(metric: str) -> None:
    """Refuse a metric whose package is not installed, before anything is computed for it.

    Raises:
        UsageError: It is not.
    """
    if not is_installed(metric):
        raise _missing(metric)


def is_installed(metric: str) -> bool:
    """Whether a metric's package is there, or it needs none."""
    return metric not in PACKAGES or importlib.util.find_spec(_top(metric)) is not None


def package(metric: str) -> ModuleType:
    """The module that computes a metric.

    Raises:
        UsageError: Its package is not installed.
    """
    check_installed(metric)
    return importlib.import_module(PACKAGES[metric][0])


def _top(metric: str) -> str:
    return PACKAGES[metric][0].partition(".")[0]


def _missing(metric: str) -> UsageError:
    return UsageError(
        f"The package {PACKAGES[metric][1]}, which {metric} needs, is not installed.",
        received=f"--metric {metric}",
        hint="pip install 'edgekit-tflite[metrics]'",
    )
