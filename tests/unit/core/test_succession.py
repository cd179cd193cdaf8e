"""How a backup comes to claim: its turn, the silence of the LAN, who was there before."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.lanhealth import LanHealth
from floatip.core.messages import Claim, Release, State
from floatip.core.silence import SHOTS
from floatip.core.types import Role, Standing, Timing
from floatip.core.witness import LOOKS_S
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    ADDRESS,
    BLINK,
    MACS,
    STRANGER,
    WEB,
    A,
    B,
    C,
    D,
    H,
    L,
    X,
    a_beat,
    a_listing,
    a_spec,
    of,
    sent,
)


def answer(bench: Bench, by: object = MACS[B]) -> None:
    """Let this MAC answer on the LAN."""
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=by))  # type: ignore[arg-type]  # a MAC


def fall_silent(bench: Bench) -> None:
    """Let all peers be heard no more."""
    bench.beating.clear()


@pytest.fixture
def backup() -> Bench:
    """Give a backup of b's."""
    return Bench().reach(Role.BACKUP)


def test_a_backup_follows_who_owns_it(backup: Bench) -> None:
    """Each change of owner or term is told once."""
    assert backup.told("b owns web (term 7)")
    assert backup.vip().succession.last_owner == B
    backup.beating.clear()
    backup.joined_by(C, a_listing(Standing.ISOLATED, term=8))
    backup.run(D)
    assert backup.told("c isolated, keeps web (term 8)")
    assert len([tell for tell in of(ef.Tell, backup.effects) if tell.kind is ef.Kind.OWNER]) == 2


def test_a_backup_looks_who_answers_and_tells_of_the_owner(backup: Bench) -> None:
    """It is a witness; a stranger's MAC proves nothing."""
    looks = of(ef.Probe, backup.effects)
    assert len(looks) == len(LOOKS_S)
    assert looks[0] == ef.Probe(vip=WEB, interface="eth0", to_macs=(MACS[B],))
    answer(backup, STRANGER)
    assert not sent(State, backup.run(0.1))
    answer(backup)
    backup.run(0.1)
    (seen,) = sent(State, backup.effects)[-1].witnessed
    assert (seen.term, seen.mac) == (7, MACS[B])


def test_it_claims_when_owner_and_lan_have_been_silent(backup: Bench) -> None:
    """D for the owner, a lease with eight probes for the LAN; the last owner is asked by unicast too."""
    fall_silent(backup)
    heard_at = backup.view().peers[B].heard_at
    before = len(backup.effects)
    backup.run_until(Role.CANDIDATE)
    effects = backup.effects[before:]
    assert backup.now == pytest.approx(heard_at + D, abs=0.01)
    assert len(of(ef.Probe, effects)) == SHOTS
    assert of(ef.Probe, effects)[0].to_macs == (MACS[B],)
    assert sent(Claim, effects)[0].bids[0].term == 8


def test_while_somebody_answers_the_owner_is_still_serving(backup: Bench) -> None:
    """It waits as long as that lasts, and claims soon after."""
    fall_silent(backup)
    for _ in range(20):
        backup.run(0.1)
        answer(backup)
    assert backup.role() is Role.BACKUP
    answered_at = backup.now
    backup.run_until(Role.CANDIDATE)
    assert backup.now == pytest.approx(answered_at + 0.15, abs=0.01)


@pytest.mark.parametrize(
    ("silent_s", "mac", "waits_s"),
    [(1.6, MACS[B], L), (1.8, MACS[B], 0.15), (4.6, MACS[B], 0.15), (4.8, MACS[B], L), (2.0, STRANGER, L)],
)
def test_a_short_silence_is_enough_only_after_a_kernel_that_is_left_to_itself(
    backup: Bench, silent_s: float, mac: object, waits_s: float
) -> None:
    """It may stop from a renewal before its V ends until S after: who answers otherwise may only have lost frames."""
    heard_at = backup.view().peers[B].heard_at
    fall_silent(backup)
    while backup.now < heard_at + silent_s - 0.06:
        backup.run(0.05)
        answer(backup, mac)
    backup.run(heard_at + silent_s - backup.now)
    answer(backup, mac)
    assert backup.role() is Role.BACKUP
    answered_at = backup.now
    backup.run_until(Role.CANDIDATE)
    assert backup.now == pytest.approx(answered_at + waits_s, abs=0.01)


def test_an_owner_that_speaks_again_ends_the_asking(backup: Bench) -> None:
    """What was silent so far counts for nothing."""
    peer, _ = backup.beating[X, B]
    fall_silent(backup)
    assert of(ef.Probe, backup.run(D - 0.3))
    backup.hear(peer.says(a_beat(a_listing(term=7))))
    assert not of(ef.Probe, backup.run(D - L - 0.01))
    backup.run(L - 0.1)
    assert backup.role() is Role.BACKUP


def test_a_silence_that_came_too_early_is_repeated(backup: Bench) -> None:
    """A claim that is put off needs a fresh silence."""
    fall_silent(backup)
    backup.run(D - 0.3)
    backup.vip().succession.quiet_until = backup.now + 3.0
    assert not of(ef.Probe, backup.run(1.9))
    assert len(of(ef.Probe, backup.run(1.12))) >= SHOTS
    backup.run(0.1)
    assert backup.role() is not Role.BACKUP


def test_a_silence_whose_turn_was_put_off_is_made_fresh_before_it(backup: Bench) -> None:
    """The LAN was silent, and then another node's claim came in between: the last three probes are asked again."""
    fall_silent(backup)
    backup.run(backup.view().peers[B].heard_at + D - 0.005 - backup.now)
    turn_at = backup.vip().succession.quiet_until = backup.now + 0.3
    assert not of(ef.Probe, backup.run(0.25))
    assert len(of(ef.Probe, backup.run(0.0499))) == 3
    assert backup.role() is Role.BACKUP
    backup.run_until(Role.CANDIDATE)
    assert backup.now == pytest.approx(turn_at, abs=2 * BLINK)


def test_an_answer_in_the_last_moment_before_the_turn_is_heeded(backup: Bench) -> None:
    """The silence before it is worth nothing."""
    fall_silent(backup)
    backup.run(backup.view().peers[B].heard_at + D - 0.005 - backup.now)
    backup.vip().succession.quiet_until = backup.now + 0.3
    backup.run(0.299)
    answer(backup, STRANGER)
    backup.run(L - 0.01)
    assert backup.role() is Role.BACKUP
    backup.run_until(Role.CANDIDATE)


def test_a_silence_that_comes_soon_before_the_turn_costs_no_time() -> None:
    """The last answer came well before D was over: the claim comes with D."""
    spec = a_spec(timing=Timing(lease_s=2.0))
    bench = Bench(spec).connect()
    bench.joined_by(B, a_listing(term=7))
    bench.run(3.0)
    fall_silent(bench)
    turn_at = bench.view().peers[B].heard_at + spec.terms.keep_s
    while bench.now < turn_at - 0.4:
        bench.run(0.05)
        answer(bench)
    bench.run_until(Role.CANDIDATE)
    assert bench.now == pytest.approx(turn_at, abs=0.02)


def test_a_silence_that_a_late_loop_finds_old_is_asked_again(backup: Bench) -> None:
    """What was silent a second ago may have an owner by now."""
    fall_silent(backup)
    backup.run(backup.view().peers[B].heard_at + D - 0.002 - backup.now)
    backup.now += 0.9
    backup.give(ev.Tick())
    assert backup.role() is Role.BACKUP


def test_one_that_was_held_up_claims_nothing_before_it_has_read_what_came_meanwhile(backup: Bench) -> None:
    """The owner's heartbeats may wait in its own socket: until something that it said later comes back."""
    fall_silent(backup)
    backup.run(backup.view().peers[B].heard_at + D - 0.002 - backup.now)
    backup.now = (backup.engine.deadline() or 0.0) + H / 2 + 0.02
    backup.echoing.clear()
    assert not sent(Claim, backup.give(ev.Tick()) + backup.run(3.0))
    backup.echoing.add(X)
    backup.run(H + L + 0.1)
    assert backup.role() is Role.OWNER


def test_without_a_majority_the_lan_is_not_asked(backup: Bench) -> None:
    """There would be nothing to do with the answer."""
    fall_silent(backup)
    backup.run(D - 0.5)
    backup.cut()
    assert not of(ef.Probe, backup.run(5.0))


def test_an_owner_that_left_needs_no_silence(backup: Bench) -> None:
    """Its addresses are off its kernel by its own word."""
    peer, _ = backup.beating.pop((X, B))
    backup.run(0.05)
    effects = backup.hear(peer.says(Release(vips=(WEB,), vacated=True)))
    assert sent(Claim, effects)
    assert not of(ef.Probe, effects)


@pytest.mark.parametrize(("overtaken", "asks"), [(True, True), (False, False)])
def test_the_farewell_of_one_that_was_overtaken_spares_nobody_the_lan(
    backup: Bench, overtaken: bool, asks: bool
) -> None:
    """Its addresses are off, but another owned the VIP after it and may serve still."""
    peer, _ = backup.beating.pop((X, B))
    other = backup.joined_by(C, a_listing(term=8 if overtaken else 6))
    backup.run(0.05)
    backup.beating.clear()
    backup.hear(other.says(Release(vips=(WEB,))))
    before = len(backup.effects)
    backup.hear(peer.says(Release(vips=(WEB,), vacated=True)))
    backup.run(2 * H)
    assert bool(of(ef.Probe, backup.effects[before:])) is asks
    assert bool(sent(Claim, backup.effects[before:])) is not asks


def test_only_the_first_ranked_asks_in_advance() -> None:
    """The others begin when their turn has come."""
    bench = Bench(a_spec(C)).connect()
    bench.joined_by(B, a_listing(term=7))
    bench.joined_by(A)
    bench.run(D + 1.5)
    del bench.beating[X, B]
    heard_at = bench.view().peers[B].heard_at
    assert not of(ef.Probe, bench.run(heard_at + D + H - 0.01 - bench.now))
    assert of(ef.Probe, bench.run(0.02))


def test_one_that_may_not_own_it_does_not_ask(backup: Bench) -> None:
    """A fault ends the asking."""
    fall_silent(backup)
    backup.run(D - 0.5)
    backup.give(ev.LinkChanged(interface="eth0", up=False))
    assert not of(ef.Probe, backup.run(5.0))
    assert backup.role() is Role.FAULT


def test_a_rest_that_was_not_needed_is_harmless() -> None:
    """An owner has nothing to seek."""
    bench = Bench().reach(Role.OWNER)
    answer(bench, STRANGER)
    assert not of(ef.Probe, bench.run(5.0))


# -- a proxy that answers for the dead


def answered_for(bench: Bench, seconds: float) -> list[ef.Effect]:
    """Let b's MAC answer every broadcast for this long."""
    effects = []
    for _ in range(int(seconds / 0.1)):
        effects += bench.run(0.1)
        if any(probe.broadcast for probe in of(ef.Probe, effects[-20:])):
            answer(bench)
    return effects


def asks_everybody(effects: list[ef.Effect]) -> bool:
    """Say whether anybody but the last owner's MAC is asked."""
    return any(probe.broadcast for probe in of(ef.Probe, effects))


def test_a_mac_that_answers_long_after_its_node_is_asked_alone(backup: Bench) -> None:
    """No kernel keeps an address for so long; who does not answer for itself is a proxy's victim (4.6)."""
    text = f"{MACS[B]} of a node long gone answers for web: asks that MAC alone, for it may be a proxy"
    fall_silent(backup)
    answered_for(backup, 60.0)
    assert not backup.told(text)
    assert asks_everybody(answered_for(backup, 2.0))
    answered_for(backup, 8.0)
    told_at = next(at for at, one in enumerate(backup.effects) if isinstance(one, ef.Tell) and one.text == text)
    alone = of(ef.Probe, backup.effects[told_at:])
    assert len(alone) >= SHOTS
    assert {(probe.to_macs, probe.broadcast) for probe in alone} == {((MACS[B],), False)}
    assert backup.role() is Role.OWNER


def test_one_that_answers_for_itself_is_no_proxy(backup: Bench) -> None:
    """It lives, cut from every broker: it is still serving."""
    fall_silent(backup)
    for _ in range(900):
        backup.run(0.1)
        answer(backup)
    assert backup.role() is Role.BACKUP
    assert len([tell for tell in of(ef.Tell, backup.effects) if tell.kind is ef.Kind.CONFLICT]) == 1


def test_a_strangers_mac_is_no_proxy_of_ours(backup: Bench) -> None:
    """While a foreign host answers, the VIP is not taken."""
    fall_silent(backup)
    for _ in range(900):
        backup.run(0.1)
        answer(backup, STRANGER)
    assert backup.role() is Role.BACKUP
    assert not backup.told("may be a proxy")
    assert asks_everybody(backup.run(0.5))


def test_one_that_hears_nobody_on_the_lan_takes_its_silence_for_nothing(backup: Bench) -> None:
    """The owner has fallen silent, and so has everybody else: it is this node's port that is dead."""
    fall_silent(backup)
    backup.engine._health = DeafEars(backup.engine._s)
    backup.run(5 * D)
    assert backup.role() is Role.BACKUP
    backup.engine._s.lan_deaf = frozenset()
    backup.engine._health = LanHealth(backup.engine._s)
    backup.run_until(Role.CANDIDATE)


class DeafEars(LanHealth):
    """A node that hears nobody on the LAN of ``eth0``."""

    def settle(self, now: float) -> float | None:
        """Find that nobody is heard."""
        self._s.lan_deaf = frozenset({"eth0"})
        return now + 0.3
