"""The target's side of a planned move (design section 7): whether it is fit, and the LAN knows the owner alone.

Knows: what was asked, and who answers meanwhile. Never: takes anything; the owner's release comes first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from floatip.core.claims import order
from floatip.core.effects import Probe
from floatip.core.messages import Reply, Request, Verdict
from floatip.core.quorum import listened_on
from floatip.core.situation import Situation
from floatip.core.types import Mac, NodeName, Role, VipName
from floatip.core.vip import Vip

LOOKS_S = (0.0, 0.02, 0.06, 0.1)
SETTLED_S = 0.03
"""How long others have to answer beside the owner."""
PATIENCE_S = 0.15
"""How long the owner has to answer."""


@dataclass(slots=True)
class Preparation:
    """One VIP that this node is asked to take over; times in seconds."""

    id: str
    owner: NodeName
    began: float
    looks: list[float]
    until: float
    """How long the owner has to answer."""
    once_more: bool = True
    """Nobody was asked a second time: what came in may wait behind many other things to be read."""
    heard: set[Mac] = field(default_factory=set)


class Preparations:
    """All of them."""

    def __init__(self, situation: Situation, vips: dict[VipName, Vip]) -> None:
        self._s = situation
        self._vips = vips
        self._under_way: dict[VipName, Preparation] = {}
        self._replies: dict[tuple[NodeName, str, Verdict, str], list[VipName]] = {}

    def asked(self, request: Request, owner: NodeName, now: float) -> None:
        """An owner asks whether these VIPs may come here."""
        for name in request.vips:
            if why := self._unfit(name, now) or (request.preempts and self._comes_after(name, owner, now)):
                self._answer(owner, request.id, name, Verdict.REFUSED, why)
            elif not request.look:
                self._answer(owner, request.id, name, Verdict.ACCEPTED, f"{self._s.node} is ready")
            else:
                looks = [now + offset_s for offset_s in LOOKS_S]
                self._under_way[name] = Preparation(request.id, owner, now, looks, now + PATIENCE_S)

    def _unfit(self, name: VipName, now: float) -> str | None:
        vip, node = self._vips.get(name), self._s.node
        if vip is None:
            return f"no VIP of {node} is named {name}"
        why = "stops" if self._s.stopping else vip.standdown()
        if hindrances := vip.hindrances(now):
            why = f"has a fault: {'; '.join(hindrances)}"
        if why is not None:
            return f"{node} {why}"
        listened_at = listened_on(self._s.all_views(), self._s.quorum, self._s.listen_s(vip.spec.policy))
        if listened_at > now or vip.role is Role.INIT:
            return f"{node} has not listened to the brokers for long enough"
        if vip.role is not Role.BACKUP:
            return f"{node} is {vip.role} for {name}, not backup"
        return None

    def _comes_after(self, name: VipName, owner: NodeName, now: float) -> str | None:
        """Why this node need not have the VIP: the owner comes first, as this node is configured."""
        spec = self._vips[name].spec
        if order(self._s, spec, now, fit=True)[0] != owner:
            return None
        return f"{owner} comes before {self._s.node}, as that is configured: do priority and placement differ?"

    def forget(self, vips: Iterable[VipName]) -> None:
        """These VIPs are not here any more."""
        for vip in vips:
            self._under_way.pop(vip, None)

    def answered(self, vip: VipName, mac: Mac) -> None:
        """A MAC answers for an address of the VIP."""
        if (one := self._under_way.get(vip)) is not None:
            one.heard.add(mac)

    def settle(self, now: float) -> tuple[list[tuple[Reply, NodeName]], float | None]:
        """Ask the LAN and judge what it says; return the replies that are due, to whom, and when to look again."""
        for name, one in list(self._under_way.items()):
            if one.looks and one.looks[0] <= now:
                one.looks = [at for at in one.looks if at > now]
                spec = self._vips[name].spec
                interface = self._s.interface_for(spec) or spec.interfaces[0]
                macs = self._s.peers.macs(one.owner)
                self._s.do(Probe(vip=name, interface=interface, to_macs=macs))
            self._judge(name, one, now)
        replies = [
            (Reply(id=id_, verdict=verdict, text=text, vips=tuple(vips)), owner)
            for (owner, id_, verdict, text), vips in self._replies.items()
        ]
        self._replies.clear()
        return replies, min((self._looks_at(one, now) for one in self._under_way.values()), default=None)

    def _looks_at(self, one: Preparation, now: float) -> float:
        due = (one.began + SETTLED_S, one.until, *one.looks)
        return min((at for at in due if at > now), default=now)

    def _judge(self, name: VipName, one: Preparation, now: float) -> None:
        owners = set(self._s.peers.macs(one.owner))
        if others := one.heard - owners:
            who = ", ".join(sorted(f"{self._s.peers.by_mac(mac) or 'a stranger'} ({mac})" for mac in others))
            self._done(name, one, Verdict.REFUSED, f"{self._s.node} sees {who} answer for {name}")
        elif one.heard and now >= one.began + SETTLED_S:
            self._done(name, one, Verdict.ACCEPTED, f"{self._s.node} is ready, and sees {one.owner} alone")
        elif now >= one.until and one.once_more:
            one.once_more, one.looks, one.until = False, [now], now + PATIENCE_S
        elif now >= one.until:
            text = f"{self._s.node} does not see {one.owner} answer for {name}: it may be on another LAN"
            self._done(name, one, Verdict.REFUSED, text)

    def _done(self, name: VipName, one: Preparation, verdict: Verdict, text: str) -> None:
        del self._under_way[name]
        self._answer(one.owner, one.id, name, verdict, text)

    def _answer(self, owner: NodeName, id_: str, name: VipName, verdict: Verdict, text: str) -> None:
        self._replies.setdefault((owner, id_, verdict, text), []).append(name)
