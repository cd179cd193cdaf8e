"""A majority of brokers, against a dumb second version."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.core.quorum import claimable_at, fresh_at, kth_largest, kth_smallest, owned_until
from floatip.core.types import Policy
from floatip.core.view import NEVER, View
from tests.unit.core.stage import TERMS, WEB, A, D, L, X, a_beat, a_claim

FOREVER = float("inf")
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


def a_view(claimed_at: float | None, beat_at: float | None = None) -> View:
    """Make a view that holds the VIP since then, or does not."""
    view = View(X, A, L, TERMS)
    view.session_up(1, 1, 0.0)
    if claimed_at is not None:
        view.hear(view.say(a_claim(), claimed_at), {WEB: Policy.KEEP}, claimed_at)
    if beat_at is not None:
        view.hear(view.say(a_beat(), beat_at), {WEB: Policy.KEEP}, beat_at)
    return view


def test_owned_until_the_majority_ends() -> None:
    """Two of three: the second best decides, and one alone is nothing."""
    views = [a_view(2.0, 2.5), a_view(2.2), a_view(None)]
    assert owned_until(views, 2, WEB) == pytest.approx(2.2 + L)
    assert fresh_at(views, 2, WEB) == 2.2
    assert owned_until(views, 3, WEB) == fresh_at(views, 3, WEB) == NEVER


def test_claimable_when_a_majority_is() -> None:
    """Two of three sessions are enough, one is not."""
    views = [a_view(None), a_view(None), View(X, A, L, TERMS)]
    assert claimable_at(views, 2, WEB, Policy.KEEP, D) == pytest.approx(D)
    assert claimable_at(views, 3, WEB, Policy.KEEP, D) == FOREVER
