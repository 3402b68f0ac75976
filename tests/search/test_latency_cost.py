"""Which of several files that hold a bound is worth it."""

from edgekit.search.latency_cost import Times, choose


def times(*ratios):
    return [Times(to_float=ratio, to_unrepaired=1.0) for ratio in ratios]


def test_the_fewest_are_kept():
    assert choose([9, 3, 5], times(0.60, 0.62, 0.61), sure=True) == 1


def test_much_faster_is_worth_more_operators():
    assert choose([3, 9], times(0.90, 0.60), sure=True) == 1


def test_of_as_many_the_faster_is_taken():
    assert choose([3, 3], times(0.62, 0.60), sure=True) == 1


def test_where_samples_are_few_the_safest_of_the_fast_ones_is_taken():
    assert choose([3, 9, 30], times(0.50, 0.52, 0.55), sure=False) == 2
    assert choose([3, 9, 30], times(0.50, 0.52, 0.90), sure=False) == 1
