"""What checks saw, counted: when one passes, when it fails, and what that means for a VIP."""

import pytest

from floatip.core.checkups import LEAST_PRIORITY, MOST_PRIORITY, Checkup, Checkups
from floatip.core.types import CheckName, CheckSpec, VipSpec
from tests.unit.core.stage import a_vip

HTTP, DISK, PING = CheckName("http"), CheckName("disk"), CheckName("ping")


def course(looks: str, *, rise: int = 2, fall: int = 3) -> str:
    """What is known after each look: looks and what is known are ``+`` and ``-``; ``?``: not known."""
    one = Checkup(CheckSpec(name=HTTP, rise=rise, fall=fall))
    known = ""
    for look in looks:
        before = one.passes
        assert one.heard("", passed=look == "+") is (one.passes is not before)
        known += "?" if one.passes is None else "+" if one.passes else "-"
    return known


@pytest.mark.parametrize(
    ("looks", "known"),
    [
        ("+", "+"),
        ("---", "??-"),
        ("--+", "??+"),
        ("+--+---", "+++++" + "+-"),
        ("---+-++", "??---" + "-+"),
        ("---++--", "??--+" + "++"),
    ],
)
def test_it_takes_some_in_a_row_to_change_what_is_known(looks: str, known: str) -> None:
    """At first one success is enough; another result in between begins the count anew."""
    assert course(looks) == known


@pytest.mark.parametrize(
    ("rise", "fall", "looks", "known"), [(1, 1, "+-+-", "+-+-"), (3, 1, "+-+++", "+---" + "+"), (1, 1, "-+", "-+")]
)
def test_how_many_it_takes_is_configured(rise: int, fall: int, looks: str, known: str) -> None:
    """``rise`` successes, ``fall`` failures."""
    assert course(looks, rise=rise, fall=fall) == known


def test_one_that_goes_on_as_before_tells_nothing_new() -> None:
    """However often it looks."""
    one = Checkup(CheckSpec(name=HTTP, rise=1, fall=1))
    assert one.heard("", passed=True)
    assert not any(one.heard("", passed=True) for _ in range(5))


def test_what_it_said_is_that_of_the_failure_as_long_as_it_fails() -> None:
    """A success on the way back must not take the reason away."""
    one = Checkup(CheckSpec(name=HTTP, rise=2, fall=1))
    one.heard("200", passed=True)
    assert one.output == "200"
    one.heard("503", passed=False)
    one.heard("200 again", passed=True)
    assert (one.passes, one.output) == (False, "503")
    one.heard("504", passed=False)
    assert one.output == "504"
    one.heard("200", passed=True)
    one.heard("200 for good", passed=True)
    assert (one.passes, one.output) == (True, "200 for good")


# -- all of a node


def checkups(*specs: CheckSpec, **passes: bool | None) -> Checkups:
    """Make checks of which this is known."""
    found = Checkups(specs)
    for name, known in passes.items():
        found.all[CheckName(name)].passes = known
        found.all[CheckName(name)].output = "503" if known is False else ""
    return found


HARD, LIGHT, HEAVY = (
    CheckSpec(name=HTTP, rise=1, fall=1),
    CheckSpec(name=DISK, weight=-20),
    CheckSpec(name=PING, weight=-200),
)
VIP = a_vip(checks=(HTTP, DISK, PING), priority=100)


def test_a_result_goes_to_the_check_of_that_name() -> None:
    """It is returned if that changes what is known; one that is not configured is nobody's."""
    known = checkups(HARD, LIGHT)
    changed = known.heard(HTTP, "503", passed=False)
    assert changed is known.all[HTTP]
    assert (known.all[HTTP].passes, known.all[DISK].passes) == (False, None)
    assert known.heard(HTTP, "503", passed=False) is None
    assert known.heard(PING, "", passed=False) is None


def test_the_configuration_changes_and_what_is_known_stays() -> None:
    """Of those that stay, whatever is said of them otherwise; one that comes back is as new."""
    known = checkups(HARD, LIGHT, http=False, disk=True)
    known.replace([CheckSpec(name=HTTP, rise=2, fall=9), HEAVY])
    assert {name: (one.passes, one.output) for name, one in known.all.items()} == {
        HTTP: (False, "503"),
        PING: (None, ""),
    }
    assert known.heard(HTTP, "", passed=True) is None
    assert known.heard(HTTP, "", passed=True) is not None
    known.replace([HARD, LIGHT])
    assert known.all[DISK].passes is None


def test_a_check_without_a_weight_that_fails_is_a_fault_of_the_vips_that_name_it() -> None:
    """With what it said, if it said anything; one with a weight is none."""
    known = checkups(HARD, LIGHT, http=False, disk=False)
    assert known.failing(VIP) == ("check http fails: 503",)
    known.all[HTTP].output = ""
    assert known.failing(VIP) == ("check http fails",)
    assert known.failing(a_vip()) == ()
    known.all[HTTP].passes = True
    assert known.failing(VIP) == ()


def test_a_check_without_a_weight_that_has_not_passed_yet_is_pending() -> None:
    """One that fails is not; nor one with a weight."""
    known = checkups(HARD, LIGHT)
    assert known.pending(VIP) == ("check http has not passed yet",)
    assert known.failing(VIP) == ()
    assert known.pending(a_vip()) == ()
    for passes in (False, True):
        known.all[HTTP].passes = passes
        assert known.pending(VIP) == ()


def test_a_check_with_a_weight_that_fails_is_told_with_its_weight() -> None:
    """And what it said."""
    known = checkups(HARD, LIGHT, CheckSpec(name=PING, weight=5), http=False, disk=False, ping=False)
    known.all[PING].output = ""
    assert known.weighing(VIP) == ("check disk fails, priority -20: 503", "check ping fails, priority +5")
    known.all[DISK].passes = None
    known.all[PING].passes = True
    assert known.weighing(VIP) == ()


@pytest.mark.parametrize(("vip", "weighs"), [(VIP, True), (a_vip(checks=(HTTP,)), False), (a_vip(), False)])
def test_a_vip_is_weighed_if_one_of_its_checks_has_a_weight(vip: VipSpec, weighs: bool) -> None:
    """Whether it fails or not."""
    assert checkups(HARD, LIGHT).weighs(vip) is weighs


@pytest.mark.parametrize(
    ("priority", "weights", "effective"),
    [
        (100, (-20,), 80),
        (100, (-20, -30), 50),
        (100, (-20, 5), 85),
        (100, (-98,), 2),
        (100, (-99,), 1),
        (100, (-200,), LEAST_PRIORITY),
        (200, (54,), 254),
        (200, (250,), MOST_PRIORITY),
        (255, (-20, 20), 255),
        (0, (), 0),
    ],
)
def test_weights_of_checks_that_fail_are_added_within_bounds(
    priority: int, weights: tuple[int, ...], effective: int
) -> None:
    """1 to 254, as in VRRP; without a weight it is what was configured, whatever that is."""
    specs = [CheckSpec(name=CheckName(f"c{number}"), weight=weight) for number, weight in enumerate(weights)]
    known = checkups(*specs, HARD, http=False, **dict.fromkeys((spec.name for spec in specs), False))
    vip = a_vip(priority=priority, checks=(*known.all,))
    assert known.priority(vip) == effective
    for passes in (None, True):
        for one in known.all.values():
            one.passes = passes
        assert known.priority(vip) == priority


def test_the_bounds_are_those_of_vrrp() -> None:
    """255 is that of whoever owns the address for good, 0 says that it is given up."""
    assert (LEAST_PRIORITY, MOST_PRIORITY) == (1, 254)
