"""The brokers, each seen as the daemon would see it. Knows: who answers, how quickly, in what order.

Never: publishes on a topic that a daemon reads, nor leaves anything behind. Every broker is looked at within
``CONNECT_S + ECHO_S + AGAIN_S + ORDER_S`` and a farewell, all of them at once.
"""

import asyncio
import secrets
import statistics
from collections.abc import Mapping
from functools import partial

from floatip.bus.connection import BrokerOptions, ConnectionFailedError
from floatip.config import Broker, Config, QuorumPolicy
from floatip.core.types import BrokerName
from floatip.doctor.caller import Caller
from floatip.doctor.findings import Area, Finding, Severity
from floatip.doctor.order import Verdict, compare

CONNECT_S = 3.5
ECHO_S = 2.0
AGAIN_S = 2.0
"""For the further connections to a broker that has answered once."""
ORDER_S = 2.5
ECHOES = 20
SPEAKERS = ("order/1", "order/2")
EACH = 200
"""Messages of each of the two publishers; both of them and two more connections hear all of them."""
AT_ONCE = 2
PAUSE_S = 0.005
"""So many messages of each, in turns, then a pause: 800 a second, which no heartbeat notices."""

_finding = partial(Finding, area=Area.BROKERS)


async def check(config: Config, options: Mapping[BrokerName, BrokerOptions]) -> list[Finding]:
    """Look at every broker, first how quick it is and then in what order it delivers, and whether they are enough."""
    visits = [Visit(config, broker, options[broker.name]) for broker in config.mqtt.brokers]
    try:
        await asyncio.gather(*(visit.greet() for visit in visits))
        await asyncio.gather(*(visit.hear_order() for visit in visits))
    finally:
        await asyncio.gather(*(visit.leave() for visit in visits))
    findings = [finding for visit in visits for finding in visit.findings]
    return [*_quorum(config, sum(visit.reached for visit in visits)), *findings]


def _quorum(config: Config, reached: int) -> list[Finding]:
    total = len(config.mqtt.brokers)
    needed = total // 2 + 1
    text = f"{reached} of {total} brokers reached, {needed} needed"
    if reached < needed:
        remedy = "start the brokers, or let this host through to them; see each of them below"
        return [
            _finding(
                subject="quorum", severity=Severity.PROBLEM, text=f"{text}: no VIP can change hands", remedy=remedy
            )
        ]
    return [_finding(subject="quorum", severity=Severity.OK, text=text)] if total > 1 else []


class Visit:
    """One broker: what it answered, and what was found."""

    def __init__(self, config: Config, broker: Broker, options: BrokerOptions) -> None:
        self.findings: list[Finding] = []
        self.reached = False
        self._config = config
        self._broker = broker
        self._options = options
        self._prefix = f"floatip/{config.cluster}/doctor/{config.node}/{secrets.token_hex(4)}"
        self._callers: list[Caller] = []
        self._echoes = False

    async def greet(self) -> None:
        """Connect, and measure the round trip."""
        try:
            async with asyncio.timeout(CONNECT_S):
                caller = await self._call("1")
        except (ConnectionFailedError, TimeoutError) as error:
            self._unreachable(_why(error, CONNECT_S))
            return
        self.reached = True
        took_s = await self._round_trips(caller)
        if took_s:
            self._echoes = True
            self._round_trip(statistics.median(took_s))
        else:
            self._no_echo()

    async def hear_order(self) -> None:
        """Have two publishers and four subscribers, and compare what each of these hears."""
        if not self._echoes:
            return
        try:
            async with asyncio.timeout(AGAIN_S):
                await asyncio.gather(*(self._call(name) for name in ("2", "3", "4")))
        except (ConnectionFailedError, TimeoutError) as error:
            self._unknown_order(f"no further connection: {_why(error, AGAIN_S)}")
            return
        published = await self._publish()
        heard = [[(topic, payload) for topic, payload in caller.heard if topic in SPEAKERS] for caller in self._callers]
        if any(caller.ended for caller in self._callers):
            self._unknown_order("it ended one of four connections of this host while they were compared")
            return
        self._order(compare(published, heard))

    async def leave(self) -> None:
        """End every connection in good order."""
        await asyncio.gather(*(caller.close() for caller in self._callers))

    async def _call(self, name: str) -> Caller:
        caller = Caller(self._options, self._prefix, name)
        self._callers.append(caller)
        return await caller.open()

    async def _round_trips(self, caller: Caller) -> list[float]:
        """Seconds that each of some messages took to come back, as far as they came in time."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + ECHO_S
        took_s: list[float] = []
        for number in range(ECHOES):
            mark = ("echo", str(number).encode())
            began_s = loop.time()
            caller.say(*mark)
            if not await caller.wait(lambda mark=mark: caller.heard[-1:] == [mark], until_s - began_s):  # type: ignore[misc]
                break
            took_s.append(loop.time() - began_s)
        return took_s

    async def _publish(self) -> list[tuple[str, bytes]]:
        """Publish in turns, wait until all is heard or the time is up, and return what was published."""
        until_s = asyncio.get_running_loop().time() + ORDER_S
        published: list[tuple[str, bytes]] = []
        for number in range(EACH):
            for topic, caller in zip(SPEAKERS, self._callers, strict=False):
                published.append((topic, str(number).encode()))
                caller.say(*published[-1])
            if number % AT_ONCE == 0:
                await asyncio.sleep(PAUSE_S)
        for caller in self._callers:
            left_s = until_s - asyncio.get_running_loop().time()
            await caller.wait(lambda caller=caller: _count(caller) >= len(published), max(0.0, left_s))  # type: ignore[misc]
        return published

    # What is found

    def _tell(self, severity: Severity, text: str, remedy: str = "") -> None:
        self.findings.append(_finding(subject=str(self._broker), severity=severity, text=text, remedy=remedy))

    def _unreachable(self, reason: str) -> None:
        embedded = self._config.mqtt.embedded
        at = self._broker.at
        remedy = f"see whether it runs and listens there: `mosquitto_sub -h {at.host} -p {at.port} -t '$SYS/#' -C 1`"
        if embedded is not None and embedded.listen == at:
            remedy = "it is the embedded broker of this node: it runs as long as the daemon, `systemctl start floatip`"
        self._tell(Severity.PROBLEM, f"cannot be reached: {reason}", remedy)

    def _no_echo(self) -> None:
        topics = f"floatip/{self._config.cluster}/doctor/{self._config.node}/#"
        self._tell(
            Severity.WARNING,
            f"answers, but nothing comes back that is published below {topics}: its ACL forbids that, or it is stuck; "
            "round trip and order are not known",
            "allow it, in mosquitto by `pattern readwrite floatip/+/doctor/%u/#`; daemons do not need it",
        )

    def _round_trip(self, median_s: float) -> None:
        heartbeat_s = self._config.timing.heartbeat_s
        text = f"median round trip {1000 * median_s:.1f} ms, heartbeat {1000 * heartbeat_s:g} ms"
        remedy = "use a broker nearer by, set `set_tcp_nodelay true` on it, or raise heartbeat and lease on all nodes"
        if median_s > heartbeat_s:
            text += ": longer than a heartbeat, so no_quorum_policy release cannot hold a VIP there"
            self._tell(Severity.PROBLEM, text, remedy)
        elif median_s > heartbeat_s / 2:
            self._tell(Severity.WARNING, f"{text}: longer than half a heartbeat, so owners flap easily", remedy)
        else:
            self._tell(Severity.OK, text)

    def _unknown_order(self, why: str) -> None:
        self._tell(
            Severity.WARNING,
            f"whether it keeps one order is not known: {why}",
            "let a user have several connections at a time (mosquitto: no `use_username_as_clientid`, for as long as "
            "this runs); the daemon of this node may have lost its session to this look as well",
        )

    def _order(self, verdict: Verdict) -> None:
        text = f"{verdict.published} messages of two publishers at {verdict.subscribers} subscribers"
        if verdict.good:
            self._tell(Severity.OK, f"keeps one order: {text}")
        elif verdict.differs_at is not None:
            self._tell(
                Severity.PROBLEM,
                f"does not keep one order: of {text}, number {verdict.differs_at} is another one for one than for "
                f"another, so two nodes can win one VIP at once{self._meaning()}",
                "use a broker that keeps one order (mosquitto, one process), or no_quorum_policy keep for every VIP",
            )
        else:
            missing = f"{verdict.lost} were lost" if verdict.lost else f"{verdict.repeated} came twice"
            self._tell(
                Severity.PROBLEM,
                f"does not deliver everything once: of {text}, {missing}, so leases lapse{self._meaning()}",
                "see its log, its load and its limits (mosquitto: max_queued_messages, max_inflight_messages)",
            )

    def _meaning(self) -> str:
        """Return what such a broker means for the VIPs as they are configured."""
        policies = {vip.name: self._config.policy(vip) for vip in self._config.vips}
        exposed = [name for name, policy in policies.items() if policy is not QuorumPolicy.KEEP]
        bound = "; only under no_quorum_policy keep is the overlap bounded, to its skew and a heartbeat"
        return bound + (f", and {', '.join(exposed[:5])} have another" if exposed else "")


def _why(error: Exception, limit_s: float) -> str:
    return str(error) or f"no answer within {limit_s:g} s"


def _count(caller: Caller) -> int:
    return sum(topic in SPEAKERS for topic, _ in caller.heard)
