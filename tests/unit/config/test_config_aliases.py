"""Plain aliases that are written down, and planned moves: what is accepted, refused, and reaches the engine."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from floatip.config import parse
from tests.unit.config.samples import document, errors


@pytest.mark.parametrize("handover", ["make-before-break", "break-before-make"])
def test_planned_moves_are_configured(handover: str) -> None:
    """Handover, preempt and its delay are accepted, and reach the engine."""
    raw = document(vip__handover=handover, vip__preempt=True, vip__preempt_delay="1m", vip__purpose="shop")
    (spec,) = parse(raw, "f").node_spec("1").vips
    assert spec.make_before_break is (handover == "make-before-break")
    assert (spec.preempt, spec.preempt_delay_s, spec.purpose) == (True, 60.0, "shop")
    (plain,) = parse(document(), "f").node_spec("1").vips
    assert (plain.make_before_break, plain.preempt, plain.preempt_delay_s) == (True, False, 0.0)
    (released,) = parse(document(timing__no_quorum_policy="release"), "f").node_spec("1").vips
    assert not released.make_before_break


def test_plain_aliases_are_written_down() -> None:
    """Each by its address, with what it is for and whom to ask."""
    aliases = [{"address": "10.77.0.60", "purpose": "printer"}, {"address": "FD77::60", "purpose": "p", "contact": "c"}]
    assert parse(document() | {"alias": aliases}, "f").documented == {
        IPv4Address("10.77.0.60"): ("printer", ""),
        IPv6Address("fd77::60"): ("p", "c"),
    }
    assert parse(document(), "f").documented == {}


@pytest.mark.parametrize(
    ("alias", "lines"),
    [
        ({"purpose": "p"}, ['alias[0].address: is missing; write for example address = "10.77.0.60"']),
        (
            {"address": "10.77.0.60"},
            ['alias[0].purpose: is missing; write for example purpose = "printer of the second floor"'],
        ),
        (
            {"address": "10.77.0.60/24", "purpose": "p"},
            ['alias[0].address: found "10.77.0.60/24", must be an IPv4 or IPv6 address like "10.77.0.1"'],
        ),
        ({"address": "10.77.0.60", "purpose": "p", "owner": "x"}, ["alias[0].owner: is not a key here; known are"]),
        ({"address": "10.77.0.60", "purpose": "a\nb"}, ["alias[0].purpose: found"]),
        (
            {"address": "10.77.0.50", "purpose": "p"},
            [
                "alias[0].address: 10.77.0.50 belongs to vip[0], whose purpose and contact count; leave it out here",
            ],
        ),
    ],
)
def test_a_wrong_alias_is_refused(alias: dict[str, Any], lines: list[str]) -> None:
    """What is missing, wrong, unknown or a VIP's is told at its key, once."""
    found = errors(document() | {"alias": [alias]})
    assert len(found) == len(lines)
    assert all(line.startswith(start) for line, start in zip(found, lines, strict=True))


def test_a_wrong_alias_hides_nothing_else() -> None:
    """All that is wrong is told in one run, whatever is wrong with an alias."""
    for alias in ({"address": "x", "purpose": "p"}, {"address": "10.77.0.60", "purpose": 7}, {}):
        lines = errors(document(vip__preempt_delay="1m") | {"alias": [alias]})
        assert lines[0].startswith("vip[0].preempt_delay")
        assert all(line.startswith("alias[0].") for line in lines[1:])
        assert len(lines) > 1


def test_an_alias_written_down_twice_is_refused() -> None:
    """However it is spelled; and one table instead of a list of tables is told as that."""
    twice = [{"address": "fd77::60", "purpose": "p"}, {"address": "FD77:0::60", "purpose": "q"}]
    assert errors(document() | {"alias": twice}) == [
        "alias[1].address: fd77::60 is also alias[0].address; must be written down once"
    ]
    assert errors(document() | {"alias": twice[0]}) == ["alias: must be a list of tables: write [[alias]], not [alias]"]
