"""The operators' orders that last: the newest of each counts, until it expires (design section 7)."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.core.directives import MOST, NOBODY, REVOKED_FOR_S, Directives
from floatip.core.types import BELIEVED, Directive, DirectiveKind, NodeName, Stamp
from tests.unit.core.stage import WEB, A, B, C

PIN, DRAIN, FREEZE = DirectiveKind
NOW_S = 1_000_000.0
NEVER = float("inf")


def known(*records: Directive, at: float = NOW_S) -> Directives:
    """Make a memory that knows these, at this time of the wall clock."""
    directives = Directives()
    directives.clock_is(at)
    directives.merge(records)
    return directives


def a_record(
    value: str = B,
    *,
    kind: DirectiveKind = PIN,
    subject: str = WEB,
    stamp: tuple[int, NodeName] = (1, A),
    until: float = NEVER,
) -> Directive:
    """Make a record: a pin of the VIP to b, unless told otherwise."""
    return Directive(kind=kind, subject=subject, value=value, expires_at=until, stamp=Stamp(*stamp))


RECORDS = st.builds(
    Directive,
    kind=st.sampled_from(DirectiveKind),
    subject=st.sampled_from(["web", "a"]),
    value=st.sampled_from(["", "a", "b"]),
    expires_at=st.sampled_from([NOW_S - 1, NOW_S, NOW_S + 1, NEVER]),
    stamp=st.builds(Stamp, st.integers(1, 3) | st.just(BELIEVED), st.sampled_from([A, B])),
)

# -- merging


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [((1, A), (2, A), 1), ((2, A), (1, B), 0), ((1, A), (1, B), 1), ((1, B), (1, A), 0), ((1, A), (1, A), 0)],
)
def test_the_higher_stamp_counts(first: tuple[int, NodeName], second: tuple[int, NodeName], counts: int) -> None:
    """Counter first, then the node; what is known already is no news."""
    old, new = a_record("old", stamp=first), a_record("new", stamp=second)
    directives = known(old)
    assert directives.merge([new]) == ([new] if counts else [])
    assert directives.pinned(WEB) == ("new" if counts else "old")


def what(one: Directive) -> tuple[DirectiveKind, str, str, Stamp]:
    """What a record says; how long a revocation is kept depends on who still has the old order."""
    return one.kind, one.subject, one.value, one.stamp


@given(st.lists(RECORDS, max_size=4, unique_by=lambda one: (one.kind, one.subject, one.stamp)))
def test_all_nodes_come_to_know_the_same_whatever_comes_first(records: list[Directive]) -> None:
    """However the records travel, and however often."""
    ends = {tuple(map(what, known(*some, *some).all())) for some in permutations(records)}
    assert len(ends) == 1
    best: dict[tuple[DirectiveKind, str], Directive] = {}
    for one in sorted(records, key=lambda one: one.stamp):
        if one.expires_at > NOW_S and one.stamp.counter < BELIEVED:
            best[one.kind, one.subject] = one
    assert set(ends.pop()) == set(map(what, best.values()))


def test_records_of_another_kind_or_subject_do_not_touch() -> None:
    """Each stands for itself, and all are told in a fixed order."""
    records = [a_record(kind=kind, subject=subject) for kind in DirectiveKind for subject in ("web", "mail")]
    assert set(known(*records).all()) == set(records)
    assert known(*records).all() == known(*reversed(records)).all()


@pytest.mark.parametrize("counter", [BELIEVED, 2**63 - 1])
def test_a_stamp_beyond_belief_is_ignored(counter: int) -> None:
    """No later order could be newer."""
    directives = known(a_record(stamp=(counter, A)))
    assert directives.all() == ()
    assert directives.order(PIN, WEB, B, by=A, lasts_s=None).stamp == Stamp(1, A)


def test_memory_is_bounded_but_what_is_known_can_still_be_changed() -> None:
    """However many subjects somebody makes up, at once or one by one."""
    directives = known(*(a_record(subject=f"v{number}") for number in range(MOST + 1)))
    assert directives.merge([a_record()]) == []
    assert directives.merge([a_record("", subject="v0", stamp=(2, A))])
    assert len(directives.all()) == MOST


# -- making one


def test_an_order_is_newer_than_all_that_are_known() -> None:
    """Of whatever kind they are, so that it counts everywhere."""
    directives = known(a_record(stamp=(7, C)), a_record(kind=DRAIN, subject=B, stamp=(9, C)))
    record = directives.order(FREEZE, WEB, A, by=A, lasts_s=60.0)
    assert record == a_record(A, kind=FREEZE, stamp=(10, A), until=NOW_S + 60.0)
    assert directives.newest(FREEZE, WEB) is None
    assert directives.merge([record]) == [record]
    assert directives.newest(FREEZE, WEB) == record


def test_an_order_without_an_end_lasts_until_it_is_revoked() -> None:
    """For ever is one of the spans."""
    assert known().order(PIN, WEB, B, by=A, lasts_s=None).expires_at == NEVER


@pytest.mark.parametrize("lasts_s", [None, 1.0])
def test_what_revokes_is_kept_for_a_month(lasts_s: float | None) -> None:
    """Lest an old copy come back with a node that was away."""
    directives = known(a_record(stamp=(4, C)))
    record = directives.order(PIN, WEB, "", by=A, lasts_s=lasts_s)
    assert record.expires_at == NOW_S + REVOKED_FOR_S
    directives.merge([record, a_record(stamp=(4, C))])
    assert directives.pinned(WEB) is None
    assert directives.all() == (record,)


# -- expiring


def test_a_record_expires_by_the_wall_clock() -> None:
    """Then it is forgotten; whether something in force has ended is told."""
    directives = known(a_record(until=NOW_S + 5.0), a_record("", kind=DRAIN, subject=B, until=NOW_S + 3.0))
    assert directives.next_expiry() == NOW_S + 3.0
    assert not directives.clock_is(NOW_S + 2.9)
    assert not directives.clock_is(NOW_S + 3.0)
    assert directives.next_expiry() == NOW_S + 5.0
    assert directives.pinned(WEB) == B
    assert directives.clock_is(NOW_S + 5.0)
    assert directives.pinned(WEB) is None
    assert directives.all() == ()
    assert directives.next_expiry() == NEVER
    assert not directives.clock_is(NOW_S + 6.0)


def test_what_has_expired_already_is_not_taken_in() -> None:
    """A peer whose clock is behind still tells of it."""
    assert known().merge([a_record(until=NOW_S)]) == []
    assert known(at=NOW_S - 1.0).merge([a_record(until=NOW_S)]) != []


# -- what they mean


def test_a_drained_node_takes_nothing_and_the_way_it_is_drained_is_known() -> None:
    """Until that is revoked."""
    directives = known(a_record("forced", kind=DRAIN, subject=B))
    assert (directives.drained(B), directives.drained(A)) == (True, False)
    assert (directives.value_of_drain(B), directives.value_of_drain(A)) == ("forced", "")
    assert (directives.admits(B, WEB), directives.admits(A, WEB)) == (False, True)
    directives.merge([a_record("", kind=DRAIN, subject=B, stamp=(2, A))])
    assert (directives.drained(B), directives.value_of_drain(B), directives.admits(B, WEB)) == (False, "", True)


def test_a_frozen_vip_is_for_one_node_alone() -> None:
    """The one that owned it; one that nobody owned is for nobody; other VIPs are not concerned."""
    directives = known(a_record(A, kind=FREEZE))
    assert directives.frozen_for(WEB) == A
    assert [directives.admits(node, WEB) for node in (A, B, C)] == [True, False, False]
    directives.merge([a_record(NOBODY, kind=FREEZE, stamp=(2, A)), a_record(A, kind=FREEZE, subject="mail")])
    assert [directives.admits(node, WEB) for node in (A, B, C)] == [False, False, False]
    directives.merge([a_record("", kind=FREEZE, stamp=(3, A))])
    assert directives.frozen_for(WEB) is None
    assert [directives.admits(node, WEB) for node in (A, B, C)] == [True, True, True]


def test_a_drained_node_may_not_take_what_is_frozen_for_it() -> None:
    """Both orders count."""
    directives = known(a_record(A, kind=FREEZE), a_record("yes", kind=DRAIN, subject=A))
    assert not directives.admits(A, WEB)


def test_a_pin_names_the_node_that_the_vip_prefers() -> None:
    """And keeps nobody from taking it."""
    directives = known(a_record(B))
    assert directives.pinned(WEB) == B
    assert directives.admits(A, WEB)
