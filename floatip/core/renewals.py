"""When the kernel's lifetimes are renewed: for all VIPs of the node at once, so that it is one errand a second."""

from collections.abc import Mapping

from floatip.core.effects import Renew
from floatip.core.situation import Situation
from floatip.core.timers import Timers
from floatip.core.types import Binding, VipName
from floatip.core.vip import Vip

RENEW = "renew"
"""The kind of the timer."""
INFINITE = float("inf")


class Renewals:
    """All bound VIPs of one node; times in seconds."""

    def __init__(self, situation: Situation, vips: Mapping[VipName, Vip], timers: Timers) -> None:
        self._s = situation
        self._vips = vips
        self._timers = timers
        self._at = INFINITE
        self.overdue: set[VipName] = set()
        """Their renewals wait for the next echo: under ``release`` it takes one not older than h."""

    def due(self) -> set[VipName]:
        """The time has come; return the VIPs that were not renewed at the last one."""
        self._at = INFINITE
        self._s.outbox.renew = True
        return self.overdue & self._vips.keys()

    def settle(self, now: float) -> None:
        """Renew what is to be renewed, and be woken for the rest."""
        if self._s.outbox.renew:
            self._renew(now)
        elif self._s.outbox.renew_by < self._at:
            self._wake_at(self._s.outbox.renew_by)

    def _renew(self, now: float) -> None:
        binds = tuple(bind for vip in self._vips.values() if (bind := vip.renewal(now)) is not None)
        if binds:
            self._s.do(Renew(binds=binds))
        bound = [vip for vip in self._vips.values() if vip.binding.state is Binding.BOUND]
        self.overdue = {vip.spec.name for vip in bound if vip.binding.renew_at() <= now}
        if self.overdue:
            self._wake_at(now + self._s.timing.heartbeat_s / 4)
        else:
            self._wake_at(min((vip.binding.renew_at() for vip in bound), default=INFINITE))

    def _wake_at(self, at: float) -> None:
        self._at = at
        self._timers.set((RENEW,), at if at < INFINITE else None)
