"""A metric whose package is missing says so before anything runs, with what to install."""

import subprocess
import sys

import pytest

from edgekit.core.errors import UsageError
from edgekit.measure import accuracy, metric_packages


def test_packages_belong_to_metrics_and_are_those_of_the_extra():
    assert set(metric_packages.PACKAGES) < set(accuracy.METRICS)
    for metric in metric_packages.PACKAGES:
        assert metric_packages.package(metric).__name__ == metric_packages.PACKAGES[metric][0]


@pytest.mark.parametrize("metric", metric_packages.PACKAGES)
def test_what_is_missing_is_named_with_the_extra(metric, monkeypatch):
    found = metric_packages.importlib.util.find_spec

    def find(name):
        return None if name in ("sklearn", "skimage", "rapidfuzz", "pycocotools") else found(name)

    monkeypatch.setattr(metric_packages.importlib.util, "find_spec", find)
    with pytest.raises(UsageError, match=r"pip install 'edgekit-tflite\[metrics\]'"):
        accuracy.check_metric(metric)
    with pytest.raises(UsageError, match=metric_packages.PACKAGES[metric][1]):
        metric_packages.package(metric)


def test_no_package_is_imported_before_it_is_used():
    code = (
        "import sys, edgekit.measure.decision_metrics, edgekit.measure.signal_metrics,"
        " edgekit.measure.text_metrics, edgekit.measure.value_metrics, edgekit.measure.accuracy;"
        "print([m for m in ('sklearn', 'skimage', 'rapidfuzz', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_masks_and_sounds_need_none():
    assert not {"mean_iou", "dice", "si_sdr"} & set(metric_packages.PACKAGES)
