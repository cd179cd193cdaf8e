"""The verbs that order, explain, audit and migrate, to the letter (tests/transcripts/cli), and all their exit codes."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from floatip.core.effects import Outcome
from floatip.core.events import ErrandAsked
from floatip.core.snapshot import HandoverSnapshot
from floatip.ops.wire import ErrandRequest
from tests.unit.cli.conftest import Floatip
from tests.unit.cli.test_transcripts import play
from tests.unit.ops.backend import N1, N2, N3, FakeBackend, candidate, node, snapshot, spec, vip
from tests.unit.ops.hosts import ADDRESS, STRANGER, Entry, Hosts, inventory

Transcript = Callable[[str, str], None]


def on_hosts(backend: FakeBackend, hosts: Hosts) -> None:
    """Have errands done on these hosts."""

    def do(event: ErrandAsked) -> str:
        it = event.errand
        done = ErrandRequest(
            node=event.at, task=it.task, address=it.address, prefix=it.prefix, interface=it.interface,
            lifetime_s=it.lifetime_s,
        )  # fmt: skip
        return json.dumps(hosts.do(done))

    backend.errand = do


def test_drain(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """Told beforehand, done, refused where it would take a VIP down, and undone."""
    backend.now = snapshot(vip("web"), replace(vip("db", "10.77.0.51/32"), owner=N2, candidates=(N2,)))
    commands = (
        "drain --dry-run",
        "drain --dry-run --json",
        "drain",
        "drain n1 --json",
        "drain n2",
        "drain n2 --dry-run --force",
        "drain n2 --force",
        "drain n9",
        "undrain n2",
        "undrain --json",
    )
    transcript("cli/drain.txt", play(floatip, *commands))


def test_pin_and_freeze(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """Each order given, shown by the status, revoked, and refused for what is not there."""
    backend.now = snapshot(vip("web"), replace(vip("db", "10.77.0.51/32"), owner=N2))
    commands = (
        "pin web n3",
        "pin web n3 --for 1h --json",
        "freeze",
        "status",
        "failover web",
        "thaw db web",
        "unpin web",
        "pin wbe n3",
        "pin web n9",
        "unpin wbe",
        "freeze wbe",
        "thaw wbe --json",
    )
    transcript("cli/pin-and-freeze.txt", play(floatip, *commands))


def test_explain(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """A VIP that is well, one in the middle of things, and one that nobody owns; as text and as JSON."""
    nodes = (candidate(N2, 0), candidate(N1, 1), candidate(N3, None, "drained", "link down"))
    busy = replace(
        vip("busy"),
        candidates=(N2, N1),
        pinned_to=N2,
        nodes=nodes,
        handover=HandoverSnapshot(by=N1, to=N2, stage="released", since_s=0.1),
        spec=replace(spec(), preempt=True, preempt_delay_s=60.0),
        cause="an operator moved it \x1b[2J",
    )
    nobody = replace(vip("nobody"), owner=None, since_s=None, frozen_for=N3, candidates=())
    backend.now = snapshot(vip("web"), busy, nobody)
    commands = ("explain web", "explain busy", "explain nobody", "explain wbe", "explain web --json")
    transcript("cli/explain.txt", play(floatip, *commands))


def well_known(address: str, **fields: Any) -> dict[str, Any]:
    """Return what an inventory tells of one address."""
    (entry,) = inventory({address: Entry()}, [])["addresses"]
    return {**entry, **fields}


def test_audit(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """A cluster in which much needs attention (7), one that is well (0), and what a terminal must not see."""
    boot = [{"address": "10.77.0.60/24", "file": "/etc/network/interfaces", "line": 7, "remedy": "remove it"}]
    servers = [
        {"protocol": "tcp", "port": port, "process": "nginx\x1b[2J", "specific": port < 83} for port in range(80, 85)
    ]
    own = well_known("10.77.0.11", prefix=16, primary=True)
    web = well_known("10.77.0.50", permanent=False, traffic={"packets": 120, "since_s": 61.0})
    printer = well_known("10.77.0.61", documented=True, purpose="printer", contact="it@example.org", listeners=servers)
    found: dict[str, Any] = {
        "n1": {"addresses": [own, web], "boot": boot, "warnings": ["/etc/netplan could not be read"]},
        "n2": {"addresses": [well_known("10.77.0.60"), printer, web], "boot": [], "warnings": []},
    }
    backend.errand = lambda event: json.dumps(found[event.at])
    backend.now = replace(snapshot(), nodes=(node(N1), node(N2), replace(node(N3), alive=False)))
    bad = play(floatip, "audit", "audit --json")
    found["n1"] = {"addresses": [own, web], "boot": [], "warnings": []}
    found["n2"] = {"addresses": [printer], "boot": [], "warnings": []}
    backend.now = replace(snapshot(), nodes=(node(N1), node(N2)))
    good = play(floatip, "audit", "audit --json")
    assert "\x1b" not in bad + good
    transcript("cli/audit.txt", f"{bad}\n{good}")


def test_migrate(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """Told beforehand, step by step, done already, as JSON; a VIP goes by a failover."""
    hosts = Hosts(have={"n1": {ADDRESS: Entry()}})
    hosts.boot = {"n1": [{"address": f"{ADDRESS}/32", "file": "/etc/n", "line": 4, "remedy": "remove it"}]}
    on_hosts(backend, hosts)
    commands = (
        f"migrate {ADDRESS} --from n1 --to n2 --dry-run",
        f"migrate {ADDRESS} --from n1 --to n2",
        f"migrate {ADDRESS} --from n1 --to n2 --json",
        f"migrate {ADDRESS} --from n3 --to n1",
        "migrate 10.77.0.50 --from n1 --to n3 --dry-run",
        "migrate 10.77.0.50 --from n1 --to n3",
        "migrate 10.77.0.50 --from n1 --to n2",
    )
    transcript("cli/migrate.txt", play(floatip, *commands))


def test_migrations_that_end_badly(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """Refused (4), failed (1), timed out (6), unproven (5), usage (2): each with its sentence."""
    hosts = Hosts(have={"n1": {ADDRESS: Entry()}})
    on_hosts(backend, hosts)
    commands = (
        f"migrate {ADDRESS} --from n1 --to n1",
        f"migrate {ADDRESS} --from n1 --to n9",
        "migrate printer --from n1 --to n2",
        "migrate 10.77.0.99 --from n1 --to n2",
        f"migrate {ADDRESS} --from n1 --to n2 --interface interface-name-x",
    )
    said = play(floatip, *commands)
    hosts.strangers = {STRANGER}
    said += "\n" + play(floatip, f"migrate {ADDRESS} --from n1 --to n2")
    hosts.strangers, hosts.blind = set(), {"n3"}
    said += "\n" + play(floatip, f"migrate {ADDRESS} --from n1 --to n2")
    backend.outcomes = {"n2": Outcome.TIMED_OUT, "web": Outcome.UNPROVEN}
    said += "\n" + play(floatip, f"migrate {ADDRESS} --from n1 --to n2 --json", "migrate 10.77.0.50 --from n1 --to n2")
    transcript("cli/migrate-bad-ends.txt", said)


def orders(vip_: str = "web") -> tuple[str, ...]:
    """Return one command of each verb that orders."""
    return ("drain", "undrain", f"pin {vip_} n2", f"unpin {vip_}", f"freeze {vip_}", f"thaw {vip_}")


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.PROVEN, 0),
        (Outcome.FAILED, 1),
        (Outcome.REFUSED, 4),
        (Outcome.UNPROVEN, 5),
        (Outcome.TIMED_OUT, 6),
        (None, 6),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_every_end_has_its_exit_code(
    floatip: Floatip,
    backend: FakeBackend,
    monkeypatch: pytest.MonkeyPatch,
    outcome: Outcome | None,
    code: int,
    as_json: bool,
) -> None:
    """The same for all orders, in text and in JSON: one document, or one sentence where it belongs."""
    monkeypatch.setattr("floatip.control.dispatch.GRACE_S", 0.05)
    backend.outcomes = {"web": outcome, "n1": outcome}
    for command in orders():
        ran = floatip(*command.split(), "--timeout", "50ms", *(["--json"] if as_json else []))
        assert ran.exit_code == code, (command, ran)
        if as_json:
            (result,) = json.loads(ran.stdout)["orders"]
            assert result["outcome"] == (outcome or Outcome.TIMED_OUT).value
            assert ran.stderr == ""
        else:
            told, silent = (ran.stdout, ran.stderr) if code in {0, 5} else (ran.stderr, ran.stdout)
            assert silent == ""
            assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("migrate 10.77.0.60", "Missing option '--from'"),
        ("migrate 10.77.0.60 --from n1", "Missing option '--to'"),
        ("migrate --from n1 --to n2", "Missing argument 'ADDRESS'"),
        ("pin web", "Missing argument 'NODE'"),
        ("pin", "Missing argument 'VIP'"),
        ("unpin", "Missing argument 'VIP'"),
        ("explain", "Missing argument 'VIP'"),
        ("pin web n1 --for 10", "write a number and its unit"),
        ("pin web n1 --for 0s", "an order cannot last 0 s"),
        ("drain --timeout soon", "write a number and its unit"),
        ("drain --timeout 10h", "a timeout of 36000 s"),
        ("drain n1 n2", "unexpected extra argument"),
        ("freeze web --timeout 0s", "a timeout of 0 s"),
        ("thaw web --force", "No such option"),
        ("audit web", "unexpected extra argument"),
    ],
)
def test_wrong_usage(floatip: Floatip, backend: FakeBackend, arguments: str, words: str) -> None:
    """Exit code 2, on standard error, and nothing is asked."""
    ran = floatip(*arguments.split())
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert words in re.sub(r"\s+", " ", ran.stderr)
    assert backend.asked == []
