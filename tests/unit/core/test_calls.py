"""What hooks are called for: changes of role that mean something outside, each once."""

from itertools import pairwise

import pytest

from floatip.core import events as ev
from floatip.core.calls import Calls, occasion
from floatip.core.effects import CallHooks, Exit
from floatip.core.situation import Situation
from floatip.core.types import CheckName, CheckSpec, NodeName, Occasion, Role, Standing, VipName
from tests.unit.core.bench import RELEASE, Bench
from tests.unit.core.stage import ADDRESS, MACS, STRANGER, WEB, A, B, D, L, a_listing, a_spec, a_vip, of

I, U, C, Q, O, S, R, F = (  # noqa: E741  the roles by their letters
    Role.INIT,
    Role.BACKUP,
    Role.CANDIDATE,
    Role.ACQUIRING,
    Role.OWNER,
    Role.ISOLATED,
    Role.RELEASING,
    Role.FAULT,
)
ACQUIRED, RELEASED, BACKUP, FAULT = Occasion.ACQUIRED, Occasion.RELEASED, Occasion.BACKUP, Occasion.FAULT


@pytest.mark.parametrize(
    ("roles", "calls"),
    [
        ((I, U), [BACKUP]),
        ((I, U, C, U), [BACKUP]),
        ((I, U, C, Q, R, U), [BACKUP]),
        ((I, U, C, Q, O), [BACKUP, ACQUIRED]),
        ((I, U, C, Q, O, S, O, S), [BACKUP, ACQUIRED]),
        ((I, U, C, Q, O, R, S), [BACKUP, ACQUIRED]),
        ((I, U, C, Q, O, R, U), [BACKUP, ACQUIRED, RELEASED]),
        ((I, U, C, Q, O, R, U, C, U), [BACKUP, ACQUIRED, RELEASED]),
        ((I, U, C, Q, O, R, U, F, U), [BACKUP, ACQUIRED, RELEASED, FAULT, BACKUP]),
        ((I, U, C, Q, O, R, U, C, Q, O), [BACKUP, ACQUIRED, RELEASED, ACQUIRED]),
        ((I, F, U), [FAULT, BACKUP]),
        ((I, S, O), [ACQUIRED]),
        ((I, S, R, U), [ACQUIRED, RELEASED]),
        ((U, S), [ACQUIRED]),
    ],
)
def test_a_course_of_roles_calls_hooks_for_what_it_means(roles: tuple[Role, ...], calls: list[Occasion]) -> None:
    """Never acquired twice, and released only after it was acquired: a claim that came to nothing means nothing."""
    s = Situation(a_spec(), lambda: 0.5)
    one = Calls(s)
    for was, now in pairwise(roles):
        one.became(s.spec.vips[0], was, now, term=3, why="why")
    assert [call.occasion for call in of(CallHooks, s.effects)] == calls


def test_of_all_changes_of_role_few_mean_something() -> None:
    """To one that has been told nothing yet."""
    meant = {(was, now): what for was in Role for now in Role if (what := occasion(was, now, None)) is not None}
    assert set(meant.values()) == {ACQUIRED, BACKUP, FAULT}
    assert {now for (_, now), what in meant.items() if what is ACQUIRED} == {O, S}
    assert {edge for edge, what in meant.items() if what is BACKUP} == {(I, U), (F, U)}
    assert {now for (_, now), what in meant.items() if what is FAULT} == {F}


def test_a_call_says_what_a_script_may_want_to_know() -> None:
    """The effective priority, not the one that was configured."""
    check = CheckName("disk")
    s = Situation(a_spec(), lambda: 0.5)
    s.checkups.replace([CheckSpec(name=check, weight=-20)])
    s.checkups.all[check].passes = False
    Calls(s).became(a_vip(checks=(check,)), Role.ACQUIRING, Role.OWNER, term=3, why="address added")
    assert of(CallHooks, s.effects) == [
        CallHooks(
            occasion=ACQUIRED,
            vip=WEB,
            was=Role.ACQUIRING,
            now=Role.OWNER,
            term=3,
            priority=80,
            owner=A,
            why="address added",
        )
    ]


# -- who owns it


@pytest.mark.parametrize(("last_owner", "owner"), [(None, None), (B, B), (A, None)])
def test_of_one_that_never_owned_it_the_owner_is_a_peer_or_unknown(
    last_owner: NodeName | None, owner: NodeName | None
) -> None:
    """What this node owned in an earlier life is not its own now."""
    s = Situation(a_spec(), lambda: 0.5)
    s.last_owners = {} if last_owner is None else {WEB: last_owner}
    Calls(s).became(s.spec.vips[0], Role.INIT, Role.BACKUP, term=0, why="")
    assert [call.owner for call in of(CallHooks, s.effects)] == [owner]


def test_one_that_has_just_given_it_up_knows_no_owner_until_it_hears_of_one() -> None:
    """Nor has it been told that it is not its own any more."""
    s = Situation(a_spec(), lambda: 0.5)
    one, vip = Calls(s), s.spec.vips[0]
    s.last_owners = {VipName("mail"): B}
    one.became(vip, Role.ACQUIRING, Role.OWNER, term=1, why="")
    s.last_owners[WEB] = A
    one.became(vip, Role.OWNER, Role.RELEASING, term=1, why="")
    one.call(Occasion.CONFLICT, vip, Role.RELEASING, Role.RELEASING, term=1, why="", mac=STRANGER)
    one.became(vip, Role.RELEASING, Role.BACKUP, term=1, why="")
    s.last_owners[WEB] = B
    one.call(Occasion.STOP, vip, Role.BACKUP, Role.BACKUP, term=1, why="")
    assert [call.owner for call in of(CallHooks, s.effects)] == [A, A, None, B]


# -- on a bench


def calls(bench: Bench) -> list[tuple[Occasion, Role, Role, int, NodeName | None]]:
    """What was called so far."""
    return [(one.occasion, one.was, one.now, one.term, one.owner) for one in of(CallHooks, bench.effects)]


def test_an_owner_that_stops() -> None:
    """Hooks hear of its whole life; the last call comes before the end."""
    bench = Bench().connect()
    bench.run(D + 0.3)
    bench.give(ev.StopAsked())
    bench.run(0.1)
    assert calls(bench) == [
        (BACKUP, Role.INIT, Role.BACKUP, 0, None),
        (ACQUIRED, Role.ACQUIRING, Role.OWNER, 1, A),
        (RELEASED, Role.RELEASING, Role.BACKUP, 1, None),
        (Occasion.STOP, Role.BACKUP, Role.BACKUP, 1, None),
    ]
    stop, end = of(CallHooks, bench.effects)[-1], of(Exit, bench.effects)[0]
    assert stop.why == "stopped"
    assert bench.effects.index(stop) < bench.effects.index(end)
    bench.run(1.0)
    assert len(of(CallHooks, bench.effects)) == 4


def test_an_owner_is_told_of_once_whatever_becomes_of_its_quorum() -> None:
    """Under ``keep`` it has the address all the time."""
    bench = Bench().connect()
    bench.run(D + 0.3)
    bench.cut()
    bench.run(L + 0.1)
    assert bench.role() is Role.ISOLATED
    bench.connect().run(D + 0.5)
    assert bench.role() is Role.OWNER
    assert [one[0] for one in calls(bench)] == [BACKUP, ACQUIRED]


def test_an_owner_whose_lease_ends_under_release() -> None:
    """Released when the addresses are gone, not when it is about to remove them."""
    bench = Bench(RELEASE).connect()
    bench.run(5.0)
    bench.unbinding = False
    bench.cut()
    bench.run(L + 0.1)
    assert bench.role() is Role.RELEASING
    assert [one[0] for one in calls(bench)] == [BACKUP, ACQUIRED]
    bench.give(ev.Unbound(vip=WEB))
    assert [one[0] for one in calls(bench)] == [BACKUP, ACQUIRED, RELEASED]


def test_an_owner_that_was_here_before_is_acquired_at_once() -> None:
    """Its addresses are here."""
    bench = Bench()
    bench.give(ev.Inherited(vip=WEB, interface="eth0"))
    assert calls(bench) == [(ACQUIRED, Role.INIT, Role.ISOLATED, 0, A)]


def test_a_claim_that_comes_to_nothing_calls_nobody() -> None:
    """Another one was first."""
    bench = Bench().reach(Role.CANDIDATE)
    bench.joined_by(B, a_listing(Standing.OWNER, term=7))
    bench.run_until(Role.BACKUP)
    assert [one[0] for one in calls(bench)] == [BACKUP]


def test_a_link_that_comes_and_goes() -> None:
    """A fault, and one that could own it again."""
    bench = Bench().reach(Role.BACKUP)
    bench.effects.clear()
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    bench.give(ev.LinkChanged(interface="eth0", up=True))
    assert [one[:3] for one in calls(bench)] == [(FAULT, Role.BACKUP, Role.FAULT), (BACKUP, Role.FAULT, Role.BACKUP)]


def test_a_conflict_names_who_answers_and_changes_nothing() -> None:
    """As often as it is told of; what is no conflict calls nobody."""
    bench = Bench().reach(Role.OWNER)
    bench.effects.clear()
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=STRANGER, interface="eth0"))
    (call,) = of(CallHooks, bench.effects)
    assert (call.occasion, call.was, call.now, call.mac) == (Occasion.CONFLICT, Role.OWNER, Role.OWNER, STRANGER)
    assert call.why == f"a stranger, {STRANGER}, answers for {ADDRESS} on eth0"
    assert call.owner == A
    bench = Bench().reach(Role.BACKUP)
    bench.effects.clear()
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B], interface="eth0"))
    assert of(CallHooks, bench.effects) == []
