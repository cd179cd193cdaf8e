"""VIPs that wait are left alone while nothing but time passes: a step costs what has changed, not what there is."""

from collections import Counter

import pytest

from floatip.core import effects as ef
from floatip.core.types import Role, VipName
from floatip.core.vip import Vip
from tests.unit.core.bench import Bench
from tests.unit.core.stage import B, C, D, H, X, a_listing, of
from tests.unit.core.test_speech import an_owner_of, many

MANY = 50


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counter[VipName]:
    """Count how often each VIP is looked at."""
    counted: Counter[VipName] = Counter()
    settle = Vip.settle

    def counting(vip: Vip, now: float) -> float | None:
        counted[vip.spec.name] += 1
        return settle(vip, now)

    monkeypatch.setattr(Vip, "settle", counting)
    return counted


def a_backup_of(count: int) -> Bench:
    """Make a backup for so many VIPs of one living owner."""
    spec = many(count)
    bench = Bench(spec).connect()
    bench.joined_by(B, *(a_listing(vip=vip.name, definition=vip.definition, term=7) for vip in spec.vips))
    bench.run(D + 2.0)
    assert {vip.role for vip in bench.engine._vips.values()} == {Role.BACKUP}
    return bench


def test_a_backup_is_not_looked_at_with_every_heartbeat_of_its_owner(looks: Counter[VipName]) -> None:
    """Within five seconds its witness may want to look, and little else."""
    bench = a_backup_of(MANY)
    looks.clear()
    bench.run(5.0)
    assert looks.total() <= 3 * MANY


def test_a_backup_whose_owner_falls_silent_claims_in_time() -> None:
    """However often the wait was put off before."""
    bench = a_backup_of(MANY)
    bench.run(10.0)
    bench.beating.clear()
    began = bench.now
    while {vip.role for vip in bench.engine._vips.values()} == {Role.BACKUP}:
        bench.run(0.01)
    assert D - H <= bench.now - began <= D + H


def test_an_owner_is_not_looked_at_with_every_renewal(looks: Counter[VipName]) -> None:
    """It renews five times meanwhile."""
    bench = an_owner_of(MANY)
    bench.run(10.0)
    looks.clear()
    renewals = of(ef.Renew, bench.run(5.0))
    assert 4 <= len(renewals) <= 12
    assert all(len(renewal.binds) == MANY for renewal in renewals)
    assert looks.total() <= 3 * MANY


def test_who_falls_silent_is_news_at_once(looks: Counter[VipName]) -> None:
    """Whose turn it is depends on who lives."""
    bench = a_backup_of(MANY)
    bench.joined_by(C)
    bench.run(1.0)
    looks.clear()
    bench.beating.pop((X, C))
    bench.run(1.2)
    assert all(looks[name] for name in bench.engine._vips)


def test_many_are_bound_as_the_configuration_orders_them() -> None:
    """The most important first, in one batch; and so are they announced."""
    bench = Bench(many(MANY)).connect()
    effects = bench.run(D + 2.0)
    names = [f"v{number:04}" for number in range(MANY)]
    bound = [bind.vip for add in of(ef.Add, effects) for bind in add.binds]
    announced = list(dict.fromkeys(one.vip for one in of(ef.Announce, effects)))
    assert bound == names
    assert announced == names
