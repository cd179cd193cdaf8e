"""What the kernel drops before the watcher hears of it: the program, run here by a small machine of the same kind."""

import struct
from ipaddress import ip_address, ip_network

import pytest

from floatip.host.messages import pack_add
from floatip.host.routemessages import RTM_DELROUTE, RTM_DELRULE, Route, Rule, pack_route, pack_rule
from floatip.host.watchfilter import MOST_TABLES, program

NLATTR = 0xFFFFF00C


def passes(data: bytes, tables: set[int]) -> bool:  # noqa: C901, PLR0912  one arm an instruction
    """Whether the program lets this message through (linux/filter.h)."""
    steps, at, a, x = program(tables), 0, 0, 0

    def load(size: int, where: int) -> int:
        return int.from_bytes(data[where : where + size], "big")

    while True:
        code, yes, no, k = steps[at]
        at += 1
        match code:
            case 0x28:
                a = load(2, k)
            case 0x30:
                a = load(1, k)
            case 0x40:
                a = load(4, x + k)
            case 0x50:
                a = load(1, x + k)
            case 0x20:
                assert k == NLATTR
                a = find(data, a, x)
            case 0x00:
                a = k
            case 0x01:
                x = k
            case 0x07:
                x = a
            case 0x15:
                at += yes if a == k else no
            case 0x45:
                at += yes if a & k else no
            case 0x06:
                return bool(k)
            case _:
                raise AssertionError(f"unknown instruction {code:#x}")


def find(data: bytes, at: int, kind: int) -> int:
    """Where an attribute is, from here on; 0 if it is not there."""
    while at + 4 <= len(data):
        length, found = struct.unpack_from("=HH", data, at)
        if found == kind:
            return at
        at += (length + 3) & ~3
    return 0


def as_kind(data: bytes, kind: int) -> bytes:
    """The same as another message."""
    return data[:4] + struct.pack("=H", kind) + data[6:]


def by(data: bytes, protocol: int) -> bytes:
    """The same route, by somebody with this number."""
    return data[:21] + bytes([protocol]) + data[22:]


ROUTE = pack_route(Route(150, ip_network("0.0.0.0/0"), "eth0", ip_address("10.77.0.1")), 7, put=True)
FAR = pack_route(Route(70000, ip_network("fd77::/64"), "eth0"), 7, put=True)
RULE = pack_rule(Rule(ip_address("10.77.0.50"), 150), put=True)
ADDRESS = bytes(pack_add(ip_address("10.77.0.50"), 32, label="eth0:web", source=False).patched(index=7, lifetime_s=3))
STATIC, BIRD = 4, 12


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (ROUTE, False),
        (RULE, False),
        (by(ROUTE, STATIC), True),
        (by(FAR, BIRD), True),
        (by(ROUTE.replace(struct.pack("=I", 150), struct.pack("=I", 151)), BIRD), False),
        (as_kind(ROUTE, RTM_DELROUTE), True),
        (by(as_kind(ROUTE, RTM_DELROUTE), BIRD), False),
        (as_kind(RULE, RTM_DELRULE), True),
        (as_kind(RULE[:-4] + bytes([3, 0, 0, 0]), RTM_DELRULE), False),
        (as_kind(RULE[:-8], RTM_DELRULE), False),
        (ADDRESS, False),
        (ADDRESS[:18] + b"\x80" + ADDRESS[19:], True),
        (ADDRESS[:-4] + bytes([0, 0, 0, 0]), True),
        (as_kind(ADDRESS, 21), True),
        (as_kind(ROUTE, 16), True),
    ],
    ids=[
        "our-route", "our-rule", "over-ours", "over-ours-far", "another-table", "ours-gone", "theirs-gone", "rule-gone",
        "their-rule-gone", "nobodys-rule-gone", "renewal", "permanent", "by-kernel", "address-gone", "link",
    ],
)  # fmt: skip
def test_what_is_told(message: bytes, told: bool) -> None:
    """Removals of ours and what lands in our tables; not what a routing daemon does elsewhere, nor our own renewals."""
    assert passes(message, {150, 70000}) is told


def test_without_tables_or_with_very_many_it_is_still_a_program() -> None:
    """Jumps reach far enough; removals of ours are told all the same."""
    for tables in (set[int](), set(range(1000, 1001 + MOST_TABLES))):
        steps = program(tables)
        assert all(0 <= jump <= 255 for _, yes, no, _ in steps for jump in (yes, no))
        assert passes(as_kind(ROUTE, RTM_DELROUTE), tables)
        assert not passes(by(ROUTE, STATIC), tables)
    assert all(0 <= jump <= 255 for _, yes, no, _ in program(set(range(1, 1 + MOST_TABLES))) for jump in (yes, no))
