"""The least sparsity that is fast enough, by times that the test makes up."""

from __future__ import annotations

import pytest

from edgekit.compress.compress_messages import (
    PRUNE_BY_SPARSITY,
    KerasSource,
    SparseFile,
    SparsitiesResult,
)
from edgekit.core.errors import UsageError
from edgekit.core.records import Metric, Pruning, Target
from edgekit.measure import latency
from edgekit.pipeline.convert import sparsity_search
from tests.fake_children import FakeChildren
from tests.pipeline.convert.steps import CONTRACT, job

SLOWER = {0.1: 1.0, 0.2: 0.85, 0.3: 0.6, 0.5: 0.55, 0.9: 0.4}


@pytest.fixture
def search(tmp_path, monkeypatch, children: FakeChildren):
    """`search(to_latency)`: the pruning that was found, and the job."""
    made = job(tmp_path)
    children.answer(
        PRUNE_BY_SPARSITY,
        lambda request: SparsitiesResult(
            files=tuple(SparseFile(sparsity=s, path=request.folder / f"{s}.tflite") for s in SLOWER)
        ),
    )

    def benchmark(paths, *rest, **options):
        assert paths[0] == made.original
        times = [SLOWER[float(path.stem)] for path in paths[1:]]
        timed = [(Metric(name="latency_ratio", value=ratio),) for ratio in times]
        return latency.Benchmark(target=Target(), files=((), *timed))

    monkeypatch.setattr(latency, "benchmark", benchmark)
    source = KerasSource(model=made.source.model, contract=CONTRACT, unsafe=True)
    pruning = Pruning(to_latency=0.6, round_to=8, importance="obs")

    def run(to_latency):
        return sparsity_search.sparsity(made, source, pruning, to_latency), made

    return run


@pytest.mark.parametrize(("to_latency", "sparsity"), [(1.0, 0.1), (0.6, 0.3), (0.4, 0.9)])
def test_the_least_sparsity_that_is_fast_enough_is_taken(search, to_latency, sparsity):
    found, _ = search(to_latency)
    # The importance of the real pruning is the one that was asked for.
    assert found == Pruning(sparsity=sparsity, round_to=8, importance="obs")


def test_models_to_be_timed_are_pruned_by_norms(search, children: FakeChildren):
    _, made = search(0.6)
    [call] = children.calls
    assert call.request.pruning == Pruning(round_to=8, importance="l1")
    assert call.request.sparsities == tuple(sorted(call.request.sparsities))
    assert call.request.source.unsafe
    assert call.options["notes"] is made.notes
    assert call.options["writable"] == [made.work]


def test_a_time_that_nothing_reaches_is_refused(search):
    with pytest.raises(UsageError, match=r"No sparsity takes 0\.3 of") as caught:
        search(0.3)
    assert caught.value.received == "at best 0.40x, with 0.9 of the channels gone"
