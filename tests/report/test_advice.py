"""Which file is advised, and what is said of the others."""

from edgekit.report.advice import advise
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
