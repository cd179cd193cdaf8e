"""A false daemon that has something to tell by every metric."""

from dataclasses import replace

from floatip.core.effects import Cause, Change, Kind, Tell
from floatip.core.snapshot import BrokerSnapshot, CheckSnapshot
from floatip.core.types import BrokerName, CheckName, Role, VipName
from tests.unit.ops.backend import N1, N2, FakeBackend, snapshot, vip

CHECKS = (("up", True), ("down", False), ("new", None))


def busy() -> FakeBackend:
    """Make a daemon that has something to tell by every metric."""
    away = BrokerSnapshot(name=BrokerName("b2:1883"), connected=False, listening=False, rtt_ms=None)
    checks = [CheckSnapshot(name=CheckName(name), passes=passes, output="") for name, passes in CHECKS]
    backend = FakeBackend(
        now=replace(
            snapshot(
                replace(vip("web"), lease_s=0.8),
                replace(vip("db"), role=Role.ISOLATED, isolated=True, verified_by=()),
                replace(vip("mail"), role=Role.BACKUP, owner=N2),
            ),
            checks=tuple(checks),
            brokers=(*snapshot().brokers, away),
        ),
        drops={"bad signature": 2},
    )
    for cause in (Cause.TAKEOVER, Cause.TAKEOVER, Cause.DRAIN):
        change = Change(owner=N1, former=N2, cause=cause, silent_s=0.6 if cause is Cause.TAKEOVER else None)
        backend.tally.tell(Tell(kind=Kind.ROLE, text="t", vip=VipName("web"), change=change))
    backend.tally.tell(Tell(kind=Kind.CONFLICT, text="t", vip=VipName("web"), warning=True))
    backend.tally.late(0.25, 0.0)
    return backend
