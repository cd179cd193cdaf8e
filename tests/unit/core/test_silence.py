"""Is the LAN silent: the plan of the probes, and what breaks a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.core.silence import SHOTS, STALE_S, Silence, run_s
from tests.unit.core.stage import H, L

RUN = run_s(L, H)
"""How long a first run lasts."""


def shoot(silence: Silence, until: float) -> list[float]:
    """Wake when asked to; return when it probed before this time or silence was reached."""
    shots = []
    while (at := silence.next()) is not None and at <= until and not silence.silent(at):
        if silence.shot_due(at):
            shots.append(at)
    return shots


def begun(lease_s: float = L, at: float = 0.0) -> Silence:
    """Begin at a time."""
    silence = Silence(lease_s, H)
    silence.begin(at)
    return silence


@pytest.mark.parametrize("lease_s", [0.2, 1.0, 3.0])
def test_a_first_run_lasts_almost_a_lease_with_at_least_eight_probes_the_last_three_within_50_ms(
    lease_s: float,
) -> None:
    """So that a burst of loss does not pass for silence."""
    silence, length_s = begun(lease_s), lease_s - H / 2
    shots = shoot(silence, 99.0)
    assert shots[0] == 0.0
    assert len(shots) >= SHOTS >= 8
    assert length_s - shots[-3] <= 0.05
    assert shots == sorted(set(shots))
    assert silence.next() == pytest.approx(length_s)
    assert not silence.silent(length_s - 0.001)
    assert silence.silent(length_s)


def test_an_answer_breaks_the_run_and_a_new_one_of_a_lease_begins() -> None:
    """Whoever answers once may have lost the next frames: silence must be as long as before."""
    silence = begun()
    shoot(silence, 0.9)
    silence.answer(0.9, dying=False)
    shots = shoot(silence, 99.0)
    assert shots[0] == pytest.approx(0.9 + H / 2)
    assert len(shots) == SHOTS
    assert shots[-1] - shots[-3] <= 0.05
    assert not silence.silent(0.9 + L - 0.001)
    assert silence.silent(0.9 + L + 1e-6)


def test_a_kernel_left_to_itself_is_believed_sooner() -> None:
    """Its answers show that the way works, and it removes the address soon: as many probes, a short run."""
    silence = begun()
    shoot(silence, 0.9)
    silence.answer(0.9, dying=True)
    shots = shoot(silence, 99.0)
    assert shots[0] == pytest.approx(0.95)
    assert len(shots) == SHOTS
    assert shots[-1] - shots[-3] <= 0.05
    assert not silence.silent(0.9 + 0.149)
    assert silence.silent(0.9 + 0.151)


def test_an_answer_after_the_silence_breaks_it_too() -> None:
    """Silence is a state, not an event."""
    silence = begun()
    shoot(silence, 99.0)
    assert silence.silent(RUN)
    silence.answer(RUN + 0.01, dying=False)
    assert not silence.silent(RUN + 0.01)


def test_a_late_loop_sends_one_probe_and_moves_the_rest_of_the_run() -> None:
    """What was missed is not made up for at once, and the silence is not shorter for it."""
    silence = begun()
    assert silence.shot_due(0.0)
    assert silence.shot_due(0.7)
    assert not silence.shot_due(0.7)
    rest = shoot(silence, 99.0)
    assert len(rest) == SHOTS - 2
    late_s = 0.7 - (RUN - 0.045) / 5
    assert rest[-1] == pytest.approx(RUN - 0.015 + late_s)
    assert not silence.silent(RUN + late_s - 0.001)
    assert silence.silent(RUN + late_s)


@given(st.lists(st.floats(0.0, 0.3), min_size=SHOTS, max_size=SHOTS))
def test_however_late_the_loop_is_the_run_has_all_its_probes_and_its_length(late_s: list[float]) -> None:
    """Delays move probes, and take none away."""
    silence, now, shots = begun(), 0.0, []
    for delay_s in late_s:
        now = max(now, silence.next() or 0.0) + delay_s
        assert not silence.silent(now)
        assert silence.shot_due(now)
        shots.append(now)
    assert silence.next() == pytest.approx(RUN + sum(late_s))
    assert silence.silent((silence.next() or 0.0) + 1e-9)


def test_beginning_twice_is_beginning_once() -> None:
    """Each look of the loop begins it, if it is not under way."""
    silence = begun()
    shots = shoot(silence, 0.5)
    silence.begin(0.5)
    assert len(shots) + len(shoot(silence, 99.0)) == SHOTS


def test_one_that_has_not_begun_or_was_stopped_asks_nothing_and_is_never_silent() -> None:
    """Nobody asked, so no answer means nothing."""
    silence = Silence(L, H)
    silence.answer(5.0, dying=False)
    assert (silence.next(), silence.silent(99.0)) == (None, False)
    silence.begin(10.0)
    silence.answer(10.5, dying=False)
    silence.stop()
    assert (silence.next(), silence.silent(99.0)) == (None, False)
    assert not silence.shot_due(99.0)
    silence.begin(20.0)
    assert shoot(silence, 20.0) == [20.0]


# -- before a turn that comes later


def test_a_silence_is_fresh_for_a_moment_only() -> None:
    """Somebody may have taken the address since."""
    silence = begun()
    shoot(silence, 99.0)
    assert silence.silent(RUN + 0.2)
    assert not silence.silent(RUN + 0.201)


def test_until_a_later_turn_the_last_three_are_asked_again() -> None:
    """Within 50 ms before it: the turn waits for nothing, and nothing before it counts as silence."""
    silence = begun()
    shoot(silence, 99.0)
    silence.go_on_until(1.5, RUN)
    assert not silence.silent(RUN)
    assert not silence.silent(1.5)
    shots = shoot(silence, 99.0)
    assert shots == pytest.approx([1.455, 1.47, 1.485])
    assert silence.next() == 1.5
    assert not silence.silent(1.499)
    assert silence.silent(1.5)


def test_a_turn_that_is_near_is_asked_for_at_once_and_never_in_the_past() -> None:
    """A probe that should have gone a moment ago goes now."""
    silence = begun()
    shoot(silence, 99.0)
    silence.go_on_until(RUN + 0.02, RUN)
    assert shoot(silence, 99.0) == pytest.approx([RUN, RUN, RUN + 0.005])
    assert not silence.silent(RUN + 0.019)
    assert silence.silent(RUN + 0.02)


def test_an_answer_to_the_last_three_breaks_the_run() -> None:
    """What was silent before counts for nothing."""
    silence = begun()
    shoot(silence, 99.0)
    silence.go_on_until(1.5, RUN)
    shoot(silence, 1.46)
    silence.answer(1.46, dying=False)
    assert len(shoot(silence, 99.0)) == SHOTS
    assert not silence.silent(1.46 + L - 0.001)
    assert silence.silent(1.46 + L + 1e-6)


OLD_S = RUN + STALE_S + 0.001
"""When the silence of a run that began at 0 s counts no more."""


@pytest.mark.parametrize("turn_at", [0.5, L, 2.5])
@pytest.mark.parametrize("now", [OLD_S, RUN + L])
def test_a_silence_that_is_a_little_old_is_refreshed_by_three_at_once(turn_at: float, now: float) -> None:
    """Nobody has answered since, and a turn that is overdue waits 50 ms and not a lease."""
    silence = begun()
    shoot(silence, 99.0)
    silence.go_on_until(turn_at, now)
    assert not silence.silent(now)
    assert shoot(silence, 99.0) == pytest.approx([now, now + 0.015, now + 0.03])
    assert not silence.silent(now + 0.049)
    assert silence.silent(now + 0.051)
    assert silence.silent(now + 0.05 + STALE_S)
    assert not silence.silent(now + 0.051 + STALE_S)


@pytest.mark.parametrize("turn_at", [0.5, 2.5])
def test_a_silence_that_is_older_than_a_lease_is_begun_anew(turn_at: float) -> None:
    """All of it, whenever the turn is: a whole lease with all its probes."""
    silence, now = begun(), RUN + L + 0.001
    shoot(silence, 99.0)
    silence.go_on_until(turn_at, now)
    shots = shoot(silence, 99.0)
    assert (shots[0], len(shots)) == (now, SHOTS)
    assert not silence.silent(now + L - 0.001)
    assert silence.silent(now + L + 1e-6)


def test_an_answer_to_one_that_refreshes_breaks_the_run() -> None:
    """Then a whole lease of silence is due again."""
    silence = begun()
    shoot(silence, 99.0)
    silence.go_on_until(L, OLD_S)
    shoot(silence, OLD_S + 0.02)
    silence.answer(OLD_S + 0.02, dying=False)
    assert len(shoot(silence, 99.0)) == SHOTS
    assert not silence.silent(OLD_S + 0.02 + L - 0.001)
    assert silence.silent(OLD_S + 0.02 + L + 1e-6)


def test_a_silence_in_time_for_its_turn_is_left_alone() -> None:
    """The turn has come: there is nothing to go on for."""
    silence = begun()
    shoot(silence, 99.0)
    for now in (RUN, RUN + STALE_S):
        silence.go_on_until(RUN, now)
        assert silence.silent(now)


def test_a_run_that_a_late_loop_holds_up_is_not_begun_anew() -> None:
    """It sends what is left of it, later."""
    silence = begun()
    shots = shoot(silence, 0.5)
    silence.go_on_until(2.0, 3.0)
    assert silence.shot_due(3.0)
    assert len(shots) + 1 + len(shoot(silence, 99.0)) == SHOTS


def test_one_under_way_goes_on_as_planned() -> None:
    """Each look of the loop asks; and one that has not begun, or was stopped, is not begun by it."""
    silence = begun()
    shots = shoot(silence, 0.5)
    silence.go_on_until(2.0, 0.5)
    shots += shoot(silence, 99.0)
    assert len(shots) == SHOTS
    assert shots[-1] == pytest.approx(RUN - 0.015)
    silence.go_on_until(2.0, RUN - 0.01)
    assert silence.silent(RUN)
    silence.stop()
    assert not silence.silent(RUN)
    silence.go_on_until(3.0, 2.0)
    assert (silence.next(), silence.silent(2.0), silence.shot_due(2.0)) == (None, False, False)
