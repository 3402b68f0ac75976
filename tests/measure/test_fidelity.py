"""Fidelity: known values, and laws that hold for any outputs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special, stats

from edgekit.core.errors import DataError
from edgekit.core.records import Contract, TensorSpec
from edgekit.measure.fidelity import compare, cosine, kl_divergence, sqnr_db

RNG = np.random.default_rng(0)
outputs = arrays(np.float64, (6, 3), elements=st.integers(-1000, 1000).map(lambda v: v / 64))
units = st.sampled_from([1e-200, 1e-9, 0.001, 0.5, -3.0, 1e12, 1e160])


def alive(array):
    return bool(np.abs(array).max() > 0)


def test_sqnr_of_known_values():
    reference = np.array([[3.0, 4.0]])
    assert sqnr_db(reference, np.array([[3.0, 3.5]])) == pytest.approx(20.0)
    assert sqnr_db(reference, np.array([[0.0, 0.0]])) == pytest.approx(0.0)
    assert sqnr_db(reference, reference) == math.inf


def test_sqnr_of_rounding_is_6_02_db_a_bit():
    signal = RNG.uniform(-1, 1, 200_000)
    for bits in (6, 8, 12):
        step = 2.0 / 2**bits
        assert sqnr_db(signal, np.round(signal / step) * step) == pytest.approx(
            20 * math.log10(2) * bits, abs=0.1
        )


def test_sqnr_sums_in_float64():
    reference = np.full(2**24 + 2**20, 1.0, np.float32)  # float32 sums of ones stop at 2**24
    candidate = reference * np.float32(1 + 2**-10)
    assert sqnr_db(reference, candidate) == pytest.approx(200 * math.log10(2), abs=1e-6)


@given(outputs, outputs, units)
def test_sqnr_does_not_depend_on_the_unit(a, b, unit):
    if not alive(a) or np.array_equal(a, b) or np.abs(a * unit).max() <= 1e-12:
        return
    assert sqnr_db(a * unit, b * unit) == pytest.approx(sqnr_db(a, b), abs=1e-6)


@given(outputs, outputs)
def test_halving_the_error_adds_6_02_db(a, error):
    if not alive(a) or not alive(error):
        return
    gained = sqnr_db(a, a + error / 2) - sqnr_db(a, a + error)
    assert gained == pytest.approx(20 * math.log10(2), abs=1e-9)


@given(outputs, outputs, st.permutations(range(6)))
def test_the_order_of_samples_does_not_matter(a, b, order):
    order = list(order)
    assert sqnr_db(a[order], b[order]) == pytest.approx(sqnr_db(a, b), abs=1e-9)
    assert cosine(a[order], b[order]) == pytest.approx(cosine(a, b), abs=1e-12)


def test_sqnr_near_zero():
    zero, tiny, one = np.zeros(3), np.full(3, 1e-15), np.ones(3)
    assert sqnr_db(zero, zero) == sqnr_db(zero, tiny) == sqnr_db(tiny, zero) == math.inf
    assert sqnr_db(zero, one) == sqnr_db(tiny, one) == -math.inf
    assert sqnr_db(one, zero) == pytest.approx(0.0)


def test_cosine_of_known_values():
    assert cosine(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(math.sqrt(0.5))
    assert cosine(np.zeros(2), np.zeros(2)) == 1.0
    assert cosine(np.zeros(2), np.ones(2)) == 0.0
    assert cosine(np.ones(2), -np.ones(2)) == -1.0


@given(outputs, outputs)
def test_cosine_is_symmetric_and_blind_to_a_factor(a, b):
    assert cosine(a, b) == pytest.approx(cosine(b, a), abs=1e-12)
    assert cosine(a, 3 * b) == pytest.approx(cosine(a, b), abs=1e-9)
    assert -1 <= cosine(a, b) <= 1


def test_divergence_is_scipys():
    p, q = RNG.dirichlet(np.ones(5), 20), RNG.dirichlet(np.ones(5), 20)
    wanted = np.mean(stats.entropy(p, q, axis=1))
    assert kl_divergence(p, q) == pytest.approx(wanted, rel=1e-4)
    assert kl_divergence(np.log(p) + 3, np.log(q)) == pytest.approx(wanted, rel=1e-4)
    logits = RNG.normal(size=(9, 4))
    other = logits + RNG.normal(size=(9, 4))
    wanted = np.mean(stats.entropy(special.softmax(logits, 1), special.softmax(other, 1), axis=1))
    assert kl_divergence(logits, other) == pytest.approx(wanted, rel=1e-4)


@given(outputs, outputs)
def test_divergence_is_never_negative(a, b):
    assert kl_divergence(a, b) >= 0
    assert kl_divergence(a, a) == 0


def test_divergence_survives_the_zeros_of_int8():
    assert 7 < kl_divergence(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])) < 8


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_classes_are_at_least_two(shape):
    with pytest.raises(DataError, match="at least 2"):
        kl_divergence(np.zeros(shape), np.zeros(shape))


def compare_alone(a, b):
    return compare({"out": a}, {"out": b})


@pytest.mark.parametrize("function", [sqnr_db, cosine, kl_divergence, compare_alone])
def test_what_cannot_be_compared(function):
    good, bad = np.ones((3, 2)), np.ones((3, 2))
    bad[1, 0], bad[2, 1] = np.nan, np.inf
    with pytest.raises(DataError, match="candidate's outputs are not finite") as caught:
        function(good, bad)
    assert "2 of 6" in caught.value.received
    assert "[1, 0]" in caught.value.received
    with pytest.raises(DataError, match="reference's"):
        function(bad, good)
    with pytest.raises(DataError, match="same shape"):
        function(good, good[:, :1])
    with pytest.raises(DataError, match="same shape"):
        function(good[:0], good[:0])


def by_name(metrics):
    return {metric.name: metric for metric in metrics}


def contract(**kinds):
    specs = [
        TensorSpec(name=name, shape=(1, -1), dtype="float32", kind=kind)
        for name, kind in kinds.items()
    ]
    return Contract(inputs=(), outputs=tuple(specs))


def test_compare_one_output():
    a = RNG.normal(size=(40, 3)).astype(np.float32)
    b = a + RNG.normal(size=(40, 3)).astype(np.float32) * 0.3
    found = by_name(compare({"out": a}, {"out": b}, contract(out="classes")))
    assert list(found) == ["sqnr_db", "agreement", "pooled_sqnr_db", "cosine"]
    assert found["pooled_sqnr_db"].value == pytest.approx(sqnr_db(a, b))
    assert found["cosine"].value == pytest.approx(cosine(a, b))
    assert found["sqnr_db"].unit == found["pooled_sqnr_db"].unit == "dB"
    same = found["agreement"]
    assert same.raw == tuple((a.argmax(1) == b.argmax(1)).astype(float).tolist())
    assert same.value == pytest.approx(np.mean(same.raw))
    wanted = stats.binomtest(int(sum(same.raw)), 40).proportion_ci(method="wilson")
    assert (same.low, same.high) == pytest.approx((wanted.low, wanted.high))


def test_the_worst_channel_stands_for_an_output_and_is_named():
    a = RNG.normal(size=(200, 3)).astype(np.float32) * np.float32([1, 100, 1])
    b = a + np.float32([0.001, 0.1, 0.1]) * RNG.normal(size=a.shape).astype(np.float32)
    found = by_name(compare({"out": a}, {"out": b}))
    assert found["sqnr_db"].note == "of out[2]"
    assert found["sqnr_db"].value == pytest.approx(20, abs=1)
    assert found["pooled_sqnr_db"].value > 50


def test_compare_several_outputs_takes_the_worst():
    a = {"one": RNG.normal(size=(20, 3)), "two": RNG.normal(size=(20, 4)), "box": np.ones((20, 1))}
    b = {name: array + 0.4 * RNG.normal(size=array.shape) for name, array in a.items()}
    found = by_name(compare(a, b, contract(one="classes", two="classes", box=None)))
    for figure in ("sqnr_db", "pooled_sqnr_db", "cosine"):
        assert found[figure].value == min(found[f"{figure}@{name}"].value for name in a)
    assert found["pooled_sqnr_db@one"].value == pytest.approx(sqnr_db(a["one"], b["one"]))
    both = np.minimum(found["agreement@one"].raw, found["agreement@two"].raw)
    assert found["agreement"].raw == tuple(both.tolist())
    assert "agreement@box" not in found


@pytest.mark.parametrize("kind", [None, "values", "boxes", "embedding", "image", "sound", "state"])
def test_no_agreement_where_nothing_is_decided(kind):
    arrays = {"out": RNG.normal(size=(6, 3))}
    assert "agreement" not in by_name(compare(arrays, arrays, contract(out=kind)))
    assert "agreement" in by_name(compare(arrays, arrays, contract(out="classes")))


def test_tags_agree_one_by_one_and_all_of_a_sample():
    a = np.array([[0.9, 0.1, 0.6, 0.2], [0.9, 0.1, 0.6, 0.2]])
    b = np.array([[0.6, 0.4, 0.9, 0.3], [0.9, 0.1, 0.4, 0.2]])
    found = by_name(compare({"out": a}, {"out": b}, contract(out="tags")))
    assert found["agreement"].raw == (1.0, 0.75)
    assert found["agreement_all"].raw == (1.0, 0.0)


@given(st.integers(1, 200), st.integers(1, 60), st.integers(1, 12), st.integers(0, 99))
def test_parts_of_many_samples_are_as_all_at_once(n, positions, channels, seed):
    rng = np.random.default_rng(seed)
    a = 5 + rng.normal(size=(n, positions, channels)).astype(np.float32)
    b = (a + rng.normal(size=a.shape) / 9).astype(np.float32)
    found = by_name(compare({"out": a}, {"out": b}))
    assert found["pooled_sqnr_db"].value == pytest.approx(sqnr_db(a, b))
    assert found["cosine"].value == pytest.approx(cosine(a, b))
    own, noise = found["pooled_sqnr_db"].parts
    assert own == pytest.approx(np.square(a.astype(np.float64)).sum(axis=(1, 2)))
    assert noise == pytest.approx(np.square(a.astype(np.float64) - b).sum(axis=(1, 2)))


def test_compare_names_the_output_that_fails():
    with pytest.raises(DataError, match=r"Output 'b': .*same shape"):
        compare({"a": np.ones(3), "b": np.ones(3)}, {"a": np.ones(3), "b": np.ones(4)})
    with pytest.raises(DataError, match="same outputs"):
        compare({"a": np.ones(3)}, {"b": np.ones(3)})
    with pytest.raises(DataError, match="same outputs"):
        compare({}, {})
