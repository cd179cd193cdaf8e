"""Sums, judges and the JSON file of the benchmark."""

from pathlib import Path

import pytest

from tests.bench.beds import BEDS, LISTED
from tests.bench.cases import CASES, MANY, OUTAGES, bed_of, rival_of, systems_of
from tests.bench.goals import LINES, goal_rows
from tests.bench.judging import judged, ratio
from tests.bench.results import Results, Spread
from tests.unit.bench.scene import a_load, a_run, results

TOP = Path(__file__).parents[3]


def a_spread(*figures: float | None) -> Spread:
    """Sum up figures of which there is at least one."""
    found = Spread.of(figures)
    assert found is not None
    return found


def met(found: Results, case: str) -> list[bool | None]:
    """The verdicts on a case."""
    return [one.met for one in judged(found, case)]


def test_a_spread_is_the_middle_and_the_ends_of_what_there_is() -> None:
    """What did not come is left out, and nothing at all is no spread."""
    found = a_spread(3.0, None, 1.0, 10.0, 2.0)
    assert (found.median, found.least, found.most, found.count) == (2.5, 1.0, 10.0, 4)
    assert Spread.of([None]) is None


def test_every_run_survives_the_file(tmp_path: Path) -> None:
    """What is read is what was written."""
    before = results(kill_9=([a_run(1.5, left_ms=None)], [a_run(2.0)]))
    before.steady = {"1": {"floatip": [a_load()]}}
    before.start_ms = {"floatip --help": [200.0, 210.5]}
    before.write(tmp_path / "deep" / "bench.json")
    assert Results.read(tmp_path / "deep" / "bench.json") == before


def test_what_was_measured_in_parts_can_be_joined() -> None:
    """Runs add up; the newer steady state counts."""
    found = results(SIGTERM=([a_run(1.0)], []))
    other = results(SIGTERM=([a_run(2.0)], []), carrier_lost=([a_run(3.0)], []))
    other.steady = {"1": {"floatip": [a_load()]}}
    found.options, other.options = {"minutes": 1.5, "runs": 1}, {"minutes": 2.0, "runs": 2}
    found.join(other)
    assert [run.outage_ms for run in found.of("SIGTERM", "floatip")] == [1.0, 2.0]
    assert len(found.of("carrier lost", "floatip")) == 1
    assert found.steady == other.steady
    assert found.options == {"minutes": 3.5, "runs": 2}


def test_a_median_may_be_met_where_a_single_run_is_not() -> None:
    """The longest of all runs counts only where the goal says so."""
    assert met(results(carrier_lost=([a_run(20), a_run(30), a_run(500)], [])), "carrier lost") == [True]
    assert met(results(carrier_lost=([a_run(20), a_run(61), a_run(62)], [])), "carrier lost") == [False]
    assert met(results(SIGTERM=([a_run(), a_run(), a_run(2)], [])), "SIGTERM") == [False]
    assert met(results(SIGTERM=([a_run(), a_run()], [])), "SIGTERM") == [True]


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    """No runs, no verdict; nor is there one beside keepalived without keepalived's."""
    assert met(Results(), "SIGTERM") == [None]
    name = "machine frozen, lease 300 ms = 3 adverts"
    found = Results()
    found.add(name, "floatip", a_run(300))
    assert met(found, name) == [None]
    found.add(name, "keepalived", a_run(310))
    assert met(found, name) == [True]
    found.add(name, "keepalived", a_run(100))
    found.add(name, "keepalived", a_run(100))
    assert met(found, name) == [False]


def test_an_address_that_stays_on_the_struck_host_misses_its_goal() -> None:
    """None is no small figure."""
    found = Results()
    for _ in range(3):
        found.add("kill -9", "floatip", a_run(left_ms=None))
    assert met(found, "kill -9") == [True, True, False]


def test_a_client_that_stays_astray_misses_its_goal() -> None:
    """Not even one run may lack the figure where all have to meet the goal."""
    found = Results()
    for stray_ms in (10.0, None, 20.0):
        found.add("LAN split, and healed", "floatip", a_run(stray_ms=stray_ms))
    assert met(found, "LAN split, and healed") == [False]


def test_a_ratio_of_next_to_nothing_is_none() -> None:
    """The probe asks once a millisecond: nothing below that is told apart."""
    assert ratio(a_spread(10.0), a_spread(100.0)) == pytest.approx(0.1)
    assert ratio(a_spread(0.0), a_spread(100.0)) is None
    assert ratio(a_spread(10.0), None) is None


def test_every_case_lies_on_beds_that_there_are() -> None:
    """Beds, rivals and names of cases fit together."""
    assert len(CASES) == len(OUTAGES) + len(MANY)
    for case in CASES.values():
        for system in systems_of(case):
            assert bed_of(case, system) in BEDS, case.name
        assert rival_of(case) in CASES
        assert not case.against or not CASES[case.against].alone


def test_every_goal_names_cases_and_commands_that_there_are() -> None:
    """A goal that nothing shows could never be missed."""
    makefile = (TOP / "Makefile").read_text()
    for line in LINES:
        assert set(line.cases) <= CASES.keys()
        assert all(CASES[name].goals for name in line.cases), line
        assert not line.command or f"\n{line.command.removeprefix('make ')}: " in makefile


def test_missed_goals_are_named_with_the_reason() -> None:
    """The worst of several cases is shown, and the reason only where it is needed."""
    name = "switch port silent, lease 200 ms"
    found = Results()
    found.add(name, "floatip", a_run(1100))
    found.add("carrier lost", "floatip", a_run(13))
    rows = {row.name: row for row in goal_rows(found)}
    assert (rows["carrier lost"].measured, rows["carrier lost"].met) == ("carrier lost: 13 ms", True)
    assert rows["carrier lost"].why == ""
    missed = rows["the same with lease 200 ms, MQTT over another network"]
    assert (missed.wanted, missed.measured, missed.met) == ("<= 350 ms", f"{name}: 1100 ms", False)
    assert "LAN health" in missed.why
    assert (rows["daemon frozen"].measured, rows["daemon frozen"].met) == ("not measured", None)


def test_the_steady_state_has_goals_for_each_number_of_vips() -> None:
    """CPU and memory count both."""
    found = Results(steady={"1": {"floatip": [a_load(1.4)]}, "100": {"floatip": [a_load(1.0, rss_mib=61.0)]}})
    rows = {row.name: row for row in goal_rows(found)}
    assert rows["steady state, 1 VIP"].met is True
    assert (rows["steady state, 100 VIPs"].met, rows["steady state, 100 VIPs"].measured) == (False, "1.00 %, 61 MiB")
    assert rows["steady state, 1,000 VIPs"].met is None


def test_keepalived_advertises_few_addresses_and_has_all() -> None:
    """A VRRP message has no room for a thousand."""
    conf = BEDS["1,000 VIPs"].keepalived_conf("n1", "/run/weight")
    listed, excluded = conf.split("virtual_ipaddress_excluded")
    assert listed.count("/32") == LISTED
    assert excluded.count("/32") == 1000 - LISTED
    assert "nopreempt" in conf
    assert "nopreempt" not in BEDS["moving"].keepalived_conf("n1", "/run/weight")
