"""The k-th of some values, against a dumb second version."""

from itertools import combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from floatip.core.majority import kth_largest, kth_smallest

NEVER, FOREVER = float("-inf"), float("inf")
TIMES = st.lists(st.sampled_from([NEVER, 0.0, 1.0, 2.0, 2.5, FOREVER]), max_size=5)


@given(TIMES, st.integers(1, 5))
def test_kth_is_the_best_that_some_group_of_k_agrees_on(values: list[float], k: int) -> None:
    """A dumb second version: look at every group of k."""
    groups = list(combinations(values, k))
    assert kth_largest(values, k) == max((min(group) for group in groups), default=NEVER)
    assert kth_smallest(values, k) == min((max(group) for group in groups), default=FOREVER)


@given(TIMES, st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_order_of_the_brokers_does_not_matter(values: list[float], k: int, chance: Random) -> None:
    """No broker is more than another."""
    mixed = list(values)
    chance.shuffle(mixed)
    assert kth_largest(mixed, k) == kth_largest(values, k)
