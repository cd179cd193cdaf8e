"""The nouns: time constants, definitions, what a node tells of itself."""

import pytest

from floatip.core.types import Origin, Placed, Policy, Stored, Timing
from tests.unit.core.stage import ADDRESS, X, Y, Z, a_spec, a_vip


@pytest.mark.parametrize(
    ("timing", "policy", "lifetime_s", "owner_down_s"),
    [
        (Timing(), Policy.KEEP, 3, 1.22),
        (Timing(), Policy.RELEASE, 1, (0.2 + 1 + 1.5) * 1.02 + 0.05),
        (Timing(heartbeat_s=0.05, lease_s=0.2), Policy.RELEASE, 1, (0.05 + 1 + 1.5) * 1.02 + 0.05),
        (Timing(heartbeat_s=0.5, lease_s=1.5), Policy.RELEASE, 2, (0.5 + 2 + 1.5) * 1.02 + 0.05),
        (Timing(heartbeat_s=1, lease_s=10, kernel_lifetime_s=9), Policy.KEEP, 9, 11.2),
        (Timing(heartbeat_s=1, lease_s=10), Policy.RELEASE, 10, (1 + 10 + 1.5) * 1.02 + 0.05),
    ],
)
def test_the_time_constants_follow_the_formulas(
    timing: Timing, policy: Policy, lifetime_s: int, owner_down_s: float
) -> None:
    """V is whole seconds, and D outlasts lease and kernel."""
    assert timing.lifetime_s(policy) == lifetime_s
    assert timing.owner_down_s(policy) == pytest.approx(owner_down_s)


def test_under_release_the_silence_outlasts_the_kernel_of_a_slow_clock() -> None:
    """D leaves room for h, V and S on a clock that runs 1 % slow, seen from one that runs 1 % fast."""
    timing = Timing()
    span_s = timing.heartbeat_s + timing.lifetime_s(Policy.RELEASE) + 1.5
    assert timing.owner_down_s(Policy.RELEASE) > span_s * 1.01 / 0.99


def test_the_definition_is_the_same_in_any_order_and_for_any_priority() -> None:
    """The definition of a VIP is what all nodes must agree on, and no more."""
    one, two = Placed(address=ADDRESS, prefix=32), Placed(address=ADDRESS + 1, prefix=32)
    assert a_vip(addresses=(one, two)).definition == a_vip(addresses=(two, one), priority=7).definition
    assert a_vip(addresses=(one, two)).definition != a_vip(addresses=(one,)).definition
    assert a_vip().definition != a_vip(policy=Policy.RELEASE).definition
    assert a_vip().definition != a_vip(addresses=(Placed(address=ADDRESS, prefix=24),)).definition


@pytest.mark.parametrize(("brokers", "quorum"), [((X,), 1), ((X, Y, Z), 2)])
def test_quorum_is_more_than_half(brokers: tuple[str, ...], quorum: int) -> None:
    """A majority of the configured brokers, connected or not."""
    assert a_spec(brokers=brokers).quorum == quorum  # type: ignore[arg-type]  # names of brokers


def test_terms_tell_which_brokers_are_counted_in_any_order() -> None:
    """Nodes that count different brokers could both have a majority."""
    assert a_spec(brokers=(X, Y, Z)).terms == a_spec(brokers=(Z, X, Y)).terms
    assert a_spec(brokers=(X, Y, Z)).terms.brokers != a_spec(brokers=(X,)).terms.brokers


def test_terms_tell_the_owner_down_interval_of_each_policy() -> None:
    """A peer needs our D for the policy of the VIP in question."""
    terms = a_spec().terms
    assert terms.owner_down_s(Policy.KEEP) == pytest.approx(1.22)
    assert terms.owner_down_s(Policy.RELEASE) == pytest.approx(2.804)


def test_stored_remembers_the_longest_silence_of_each_policy() -> None:
    """Rule 5 needs the largest D ever heard, over restarts."""
    stored = Stored(keep_s=2.0, release_s=3.0)
    assert [stored.owner_down_s(policy) for policy in (Policy.KEEP, Policy.RELEASE)] == [2.0, 3.0]


def test_places_compare_in_the_order_of_speech() -> None:
    """A later life beats a later session, which beats a later message."""
    places = [Origin(2, 1, 1), Origin(1, 2, 0), Origin(2, 1, 0), Origin(1, 1, 9)]
    assert sorted(places) == [Origin(1, 1, 9), Origin(1, 2, 0), Origin(2, 1, 0), Origin(2, 1, 1)]
