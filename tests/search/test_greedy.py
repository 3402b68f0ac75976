"""The smallest part of a ranking for which something holds."""

from hypothesis import given
from hypothesis import strategies as st

from edgekit.search.greedy import smallest

RANKED = tuple(range(12))


def needing(needed):
    return lambda part: set(needed) <= set(part)


@given(st.sets(st.sampled_from(RANKED)))
def test_exactly_what_is_needed_is_kept(needed):
    assert set(smallest(RANKED, needing(needed), 1000)) == needed


@given(st.sets(st.sampled_from(RANKED), min_size=1), st.integers(1, 12))
def test_with_few_trials_more_is_kept_but_it_holds(needed, trials):
    asked = []

    def holds(part):
        asked.append(part)
        return needing(needed)(part)

    kept = smallest(RANKED, holds, trials)
    assert needed <= set(kept)
    assert len(asked) <= trials
    assert len(asked) == len(set(asked))  # nothing is tried twice
    assert list(kept) == sorted(kept)  # in the order of the ranking


def test_nothing_is_found_where_nothing_holds():
    asked = []
    assert smallest(RANKED, asked.append, 100) is None
    assert [len(part) for part in asked] == [12, 6, 3, 1]


def test_where_the_whole_does_not_hold_less_may():
    assert smallest(RANKED, lambda part: 0 in part and len(part) < 5, 100) == (0,)


def test_what_holds_now_and_then_still_holds_in_the_end():
    def holds(part):  # more is not always better
        return len(part) > 0 and len(part) % 3 == 0

    kept = smallest(RANKED, holds, 100)
    assert kept is not None
    assert len(kept) == 3
