"""Which file is advised, and what is said of the others."""

from edgekit.core.records import Metric
from edgekit.report.advice import advise, fastest_then_smallest, speed
from tests.report.examples import measured

FLOAT = measured("f", top1_accuracy=0.98, size_bytes=400, latency_ratio=1.0)


def test_the_fastest_file_without_loss_is_advised():
    fast = measured("fast", top1_accuracy=0.975, size_bytes=110, latency_ratio=0.4)
    lossy = measured("lossy", top1_accuracy=0.90, size_bytes=60, latency_ratio=0.2)
    advice = advise([FLOAT, fast, lossy], "f")
    assert advice.ship == "fast"
    assert advice.remarks["lossy"] == "loses 0.0800"


def test_among_equally_fast_files_the_smallest_is_advised():
    a = measured("a", top1_accuracy=0.98, size_bytes=200, latency_ratio=0.40)
    b = measured("b", top1_accuracy=0.98, size_bytes=110, latency_ratio=0.41)
    assert advise([FLOAT, a, b], "f").ship == "b"


def test_float_is_advised_when_nothing_else_holds():
    bad = measured("bad", top1_accuracy=0.5, size_bytes=500, latency_ratio=3.0)
    advice = advise([FLOAT, bad], "f")
    assert advice.ship == "f"
    assert advice.remarks["bad"] == ("loses 0.4800; slower than float here; no smaller than float")


def test_without_labels_agreement_decides():
    reference = measured("f", agreement=1.0, size_bytes=400)
    good = measured("good", agreement=0.995, size_bytes=110)
    bad = measured("bad", agreement=0.9, size_bytes=60)
    assert advise([reference, good, bad], "f").ship == "good"


def test_nothing_is_advised_where_nothing_can_be_said():
    assert advise([measured("x", size_bytes=1)], "f").ship is None


def test_only_a_file_that_runs_on_every_target_is_advised():
    fast = measured("fast", top1_accuracy=0.98, size_bytes=110, latency_ratio=0.4)
    slow = measured("slow", top1_accuracy=0.98, size_bytes=110, latency_ratio=0.8)
    assert advise([FLOAT, fast, slow], "f").ship == "fast"
    assert advise([FLOAT, fast, slow], "f", {"f", "slow"}).ship == "slow"


def test_speed_is_a_word_and_noise_is_none():
    def said(value, low=None, high=None):
        return speed(Metric(name="latency_ratio", value=value, low=low, high=high))

    assert said(1.2, 1.1, 1.3) == "slower"
    assert said(1.2, 0.9, 1.4) == "as fast"  # not surely
    assert said(1.04, 1.03, 1.05) == "as fast"  # surely, and too little to matter
    assert said(0.8, 0.7, 0.9) == "faster"
    assert said(0.8, 0.7, 1.1) == "as fast"
    assert said(0.97, 0.96, 0.98) == "as fast"
    assert (said(1.2), said(0.8), said(1.0)) == ("slower", "faster", "as fast")


def test_a_slower_file_is_never_advised():
    unmeasured_float = measured("f", top1_accuracy=0.98, size_bytes=400, latency_ratio=1.0)
    slow = measured("slow", top1_accuracy=0.98, size_bytes=100, latency_ratio=1.06)
    assert advise([slow], "f").ship is None
    assert advise([unmeasured_float, slow], "f").ship == "f"


def test_equally_fast_files_are_told_apart_by_size():
    assert fastest_then_smallest([(0.50, 100), (0.51, 60), (0.60, 10)]) == 1
