"""What a majority of the brokers says."""

import pytest

from floatip.core.quorum import claimable_at, fresh_at, owned_until
from floatip.core.types import Policy
from floatip.core.view import NEVER, View
from tests.unit.core.stage import TERMS, WEB, A, D, L, X, a_beat, a_claim

FOREVER = float("inf")


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
