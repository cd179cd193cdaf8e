"""What an audit makes of the inventories of all nodes: kinds, purposes, and what needs attention."""

from dataclasses import replace
from typing import Any

import pytest

from floatip.ops.audit import audit
from floatip.ops.models import Status, from_document, to_document
from floatip.ops.rows import Audit, AuditRow
from tests.unit.ops.test_document import CONTRACT

VIP = "10.77.0.50"
FILE = "/etc/network/interfaces"


def status(**vip: object) -> Status:
    """Return a cluster whose VIP n1 owns, or as given."""
    found = from_document(Status, CONTRACT)
    changed = replace(found.vips[0], purpose="shop", contact="ops", **vip)  # type: ignore[arg-type]
    return replace(found, vips=(changed,))


def entry(address: str, **fields: object) -> dict[str, Any]:
    """Return one address of a host: a VIP of floatip if nothing else is said."""
    return {
        "address": address,
        "prefix": 32,
        "interface": "eth0",
        "permanent": False,
        "primary": False,
        "listeners": [],
        "traffic": None,
        "documented": False,
        "purpose": "",
        "contact": "",
    } | fields


def boot(address: str) -> dict[str, Any]:
    """Return what a boot file says."""
    return {"address": f"{address}/24", "file": FILE, "line": 7, "remedy": "remove it"}


def host(*addresses: dict[str, Any], files: tuple[str, ...] = (), warnings: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the inventory of a host."""
    return {"addresses": list(addresses), "boot": [boot(one) for one in files], "warnings": list(warnings)}


def own(number: int) -> dict[str, Any]:
    """Return the host's own address."""
    return entry(f"10.77.0.{number}", prefix=16, permanent=True, primary=True)


ALIAS = entry("10.77.0.60", permanent=True, documented=True, purpose="printer", contact="it")
STRAY = entry("10.77.0.60", permanent=True)


def of(found: Audit, address: str, node: str = "n1") -> AuditRow:
    """Return the row of an address on a node."""
    return next(row for row in found.rows if (row.address, row.node) == (address, node))


def test_a_cluster_that_is_well() -> None:
    """Own addresses, the VIP where it belongs, and an alias that is written down need no attention."""
    found = audit(status(), {"n1": host(own(11), entry(VIP)), "n2": host(own(12), ALIAS), "n3": host(own(13))})
    assert not found.needs_attention
    assert [(row.address, row.node, row.kind) for row in found.rows] == [
        ("10.77.0.11", "n1", "primary"),
        ("10.77.0.12", "n2", "primary"),
        ("10.77.0.13", "n3", "primary"),
        ("10.77.0.50", "n1", "VIP"),
        ("10.77.0.60", "n2", "documented alias"),
    ]
    vip, alias = of(found, VIP), of(found, "10.77.0.60", "n2")
    assert (vip.vip, vip.purpose, vip.contact) == ("web", "shop", "ops")
    assert (alias.vip, alias.purpose, alias.contact) == (None, "printer", "it")
    assert from_document(Audit, to_document(found)) == found


def test_rows_are_in_the_order_of_numbers() -> None:
    """9 before 50 before 110, IPv4 before IPv6."""
    addresses = ("fd77::60", "10.77.0.110", "10.77.0.9", "10.77.0.55")
    found = audit(status(), {"n1": host(*(entry(one, documented=True) for one in addresses))})
    assert [row.address for row in found.rows] == ["10.77.0.9", "10.77.0.55", "10.77.0.110", "fd77::60"]


@pytest.mark.parametrize(
    ("cluster", "hosts", "node", "worries"),
    [
        (status(), {"n2": host(entry(VIP))}, "n2", ("n2 does not own the VIP web (owner: n1)",)),
        (status(owner=None), {"n1": host(entry(VIP))}, "n1", ("n1 does not own the VIP web (owner: nobody)",)),
        (
            status(),
            {"n1": host(entry(VIP, permanent=True))},
            "n1",
            ("there for good, so no takeover will ever remove it: `floatip cleanup --force`",),
        ),
        (
            status(),
            {"n1": host(entry(VIP), files=(VIP,))},
            "n1",
            ("a VIP must not be in the boot configuration",),
        ),
        (status(), {"n1": host(entry(VIP)), "n3": host(entry(VIP))}, "n1", ("also on n3",)),
        (
            status(),
            {"n1": host(entry(VIP)), "n3": host(entry(VIP))},
            "n3",
            ("also on n1", "n3 does not own the VIP web (owner: n1)"),
        ),
        (status(handover="n1 -> n3: released"), {"n1": host(entry(VIP)), "n3": host(entry(VIP))}, "n1", ()),
        (status(handover="n1 -> n3: released"), {"n1": host(entry(VIP)), "n3": host(entry(VIP))}, "n3", ()),
    ],
)
def test_what_is_wrong_with_a_vip(cluster: Status, hosts: dict[str, Any], node: str, worries: tuple[str, ...]) -> None:
    """On a node that does not own it, for good, at boot, or on two nodes; but in a handover both have it."""
    assert of(audit(cluster, hosts), VIP, node).attention == worries


def test_an_alias_nobody_knows() -> None:
    """An address that is neither own nor written down needs attention, as does one on two nodes."""
    found = audit(status(), {"n1": host(STRAY), "n2": host(own(12))})
    row = of(found, "10.77.0.60")
    assert row.kind == "undocumented alias"
    assert row.attention == ("nobody knows what it is for: write it down under [[alias]], or remove it",)
    twice = audit(status(), {"n1": host(ALIAS), "n2": host(ALIAS), "n3": host(own(12), entry("10.77.0.60"))})
    assert [row.kind for row in twice.rows if row.address == "10.77.0.60"] == ["duplicate"] * 3
    assert of(twice, "10.77.0.60").attention == ("also on n2, n3",)


def test_a_hosts_own_address_on_another() -> None:
    """Two hosts with one own address are told of on both."""
    found = audit(status(), {"n1": host(own(11)), "n2": host(own(11))})
    assert [(row.kind, row.attention) for row in found.rows] == [
        ("duplicate", ("also on n2",)),
        ("duplicate", ("also on n1",)),
    ]


def test_the_same_address_twice_on_one_host_is_no_duplicate() -> None:
    """Two entries of one node are two rows, and neither is on another node."""
    found = audit(status(), {"n1": host(ALIAS, ALIAS | {"prefix": 16})})
    assert [(row.prefix, row.kind, row.attention) for row in found.rows] == [
        (32, "documented alias", ()),
        (16, "documented alias", ()),
    ]


def test_what_a_reboot_would_bring_back() -> None:
    """An address that lives elsewhere now, or is a VIP; but neither one at home nor one that nobody has."""
    hosts = {
        "n1": host(own(11), entry(VIP), files=("10.77.0.11", "10.77.0.60", "10.77.0.70")),
        "n2": host(ALIAS, files=("10.77.0.60", VIP)),
        "n3": host(files=(VIP,)),
    }
    found = audit(status(), hosts)
    assert found.attention == (
        f"n1: a reboot would bring 10.77.0.60 back, which is on n2: {FILE}:7: remove it",
        f"n2: a reboot would bring 10.77.0.50 back, which is on n1: {FILE}:7: remove it",
        f"n3: a reboot would bring 10.77.0.50 back, which is on n1: {FILE}:7: remove it",
    )
    assert of(found, "10.77.0.60", "n2").boot == (f"{FILE}:7",)
    nobody = audit(status(owner=None), {"n3": host(files=(VIP,))})
    assert nobody.attention == (f"n3: a reboot would bring 10.77.0.50 back, which is a VIP: {FILE}:7: remove it",)


def test_what_was_not_learnt_needs_attention() -> None:
    """A node without an inventory, and warnings in those of others, stand beside the rows."""
    found = audit(status(), {"n1": host(own(11), warnings=("/etc/x could not be read",)), "n2": "not audited: dead"})
    assert found.attention == ("n2: not audited: dead", "n1: /etc/x could not be read")
    assert found.needs_attention
    assert {row.node for row in found.rows} == {"n1"}


def test_who_listens_and_what_came_in() -> None:
    """Servers on the address itself, and on any address where it is an alias; packets since the last look."""
    servers = [
        {"protocol": "tcp", "port": 80, "process": "nginx", "specific": True},
        {"protocol": "udp", "port": 53, "process": "", "specific": False},
    ]
    traffic = {"packets": 12, "since_s": 60.5}
    hosts = {"n1": host(own(11) | {"listeners": servers}, ALIAS | {"listeners": servers, "traffic": traffic})}
    found = audit(status(), hosts)
    assert of(found, "10.77.0.11").listeners == ("tcp/80 nginx",)
    alias = of(found, "10.77.0.60")
    assert alias.listeners == ("tcp/80 nginx", "udp/53 (any address)")
    assert (alias.packets, alias.since_s) == (12, 60.5)
    assert (of(found, "10.77.0.11").packets, of(found, "10.77.0.11").since_s) == (None, None)
