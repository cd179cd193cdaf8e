"""Plays in plain text: a file of commands, and under each what happened. Knows: the language. Never: floatip's rules.

A line that begins with ``> `` is a command, one with ``#`` a remark; all others are what the last run wrote.

    > nodes a b c on x        the machines and the brokers (``on x y z``); first of all
    > policy release          for all nodes; ``set b lease=2s``, ``set b address=10.77.0.51`` for one of them
                            (also ``priority=150``, ``interfaces=eth0,eth1``)
    > begin 3s                start all daemons, let time pass, and say only how that ended
    > start                   all daemons, or those named
    > run 3s                  let time pass, then say who is what
    > gateway on              the LAN has a gateway, and all nodes are configured with it
    > kill a                  the machine loses power; ``stop a``: the daemon is asked to end
    > crash a                 the daemon dies, and its sentinel lives; ``crash a both``: that dies too
    > break                   all nodes remove addresses before they release them; ``preempt 2s``: give way after 2 s
    > link a down             ``up``
    > cut a x                 a loses its session on x and cannot have another; ``join a x``
    > reset a x               its connection to x breaks, x publishes its will; it opens another 100 ms later
    > side a right            a is on the other side of a split LAN; ``left``
    > broker x stop           it dies; ``end``: it is stopped in order and publishes everybody's will; ``start``
    > remove a                somebody deletes the address by hand; ``add b``: adds it
    > refuse a no space       the kernel refuses addresses; ``accept a``
    > pause a                 the machine stands still; ``resume a``
    > twin a                  another machine starts a daemon under the name of a
    > foreign on              a foreign host answers for the address; ``off``

What operators ask for is in ``operators``; services that fail, and other configurations, are in ``upkeep``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any

from floatip.core import events as ev
from floatip.core.snapshot import VipSnapshot
from floatip.core.types import BrokerName, NodeName, NodeSpec, Placed, Policy, Timing, VipName, VipSpec
from tests.unit.core.player import Node
from tests.unit.core.upkeep import WEB, Upkeep
from tests.unit.core.world import DELAY_S, Broker, World

ADDRESS = ip_address("10.77.0.50")
RECONNECT_S = 0.1


def seconds(text: str) -> float:
    """Read ``3s`` or ``200ms``."""
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text.removesuffix("s"))


@dataclass(slots=True)
class Line:
    """One line of the transcript; repeated at once by the same node, it is counted."""

    at: float
    who: str
    text: str
    times: int = 1

    def __str__(self) -> str:
        again = f" ({self.times} times)" if self.times > 1 else ""
        return f"  {self.at:7.3f} {self.who}: {self.text}{again}"


class Play(Upkeep):
    """One play on its own stage."""

    def __init__(self) -> None:
        super().__init__(World(self._say))
        self._lines: list[Line] = []

    def _say(self, at: float, who: str, text: str) -> None:
        last = next((line for line in reversed(self._lines) if line.who == who), None)
        if last is not None and last.text == text:
            last.times += 1
        else:
            self._lines.append(Line(at, who, text))

    def perform(self, script: str) -> str:
        """Give every command of a script; return the script with what happened under each."""
        text = ""
        for line in script.splitlines():
            if line.startswith("> "):
                word, *rest = line[2:].split()
                getattr(self, f"do_{word}")(*rest)
                happened = "".join(f"{one}\n" for one in self._lines)
                text += f"{line}\n{happened}" + "\n" * bool(happened)
                self._lines.clear()
            elif line.startswith("#"):
                text += f"{line}\n"
        return text

    # -- the machines -------------------------------------------------------------------------------------------------

    def do_nodes(self, *words: str) -> None:
        """Set up the stage."""
        names, brokers = words[: words.index("on")], words[words.index("on") + 1 :]
        self.world.brokers = {BrokerName(name): Broker(BrokerName(name)) for name in brokers}
        for name in names:
            self._machine(name, name)

    def _machine(self, label: str, name: str) -> None:
        vip = VipSpec(name=WEB, addresses=(Placed(address=ADDRESS, prefix=32),), interfaces=("eth0",))
        spec = NodeSpec(
            cluster="play", node=NodeName(name), brokers=tuple(self.world.brokers), vips=(vip,), timing=Timing()
        )
        self.world.nodes[label] = Node(self.world, label, spec, len(self.world.nodes) + 10)

    def _configure(self, node: Node, *, timing: dict[str, Any] | None = None, **vip: Any) -> None:
        (old,) = node.spec.vips
        node.spec = replace(node.spec, timing=replace(node.spec.timing, **(timing or {})), vips=(replace(old, **vip),))

    def do_policy(self, policy: str) -> None:
        """Configure all nodes."""
        for node in self.world.nodes.values():
            self._configure(node, policy=Policy(policy))

    def do_break(self) -> None:
        """Configure all nodes: break before make."""
        for node in self.world.nodes.values():
            self._configure(node, make_before_break=False)

    def do_preempt(self, delay: str) -> None:
        """Configure all nodes: give way to a better one."""
        for node in self.world.nodes.values():
            self._configure(node, preempt=True, preempt_delay_s=seconds(delay))

    def do_gateway(self, _: str) -> None:
        """Have a gateway on the left side of the LAN."""
        self.world.gateway = ip_address("10.77.0.1")
        for node in self.world.nodes.values():
            node.spec = replace(node.spec, gateway=self.world.gateway)

    def do_set(self, name: str, setting: str) -> None:
        """Configure one node."""
        key, value = setting.split("=")
        node = self.world.nodes[name]
        match key:
            case "lease":
                self._configure(node, timing={"lease_s": seconds(value)})
            case "interfaces":
                self._configure(node, interfaces=tuple(value.split(",")))
            case "address":
                self._configure(node, addresses=(Placed(address=ip_address(value), prefix=32),))
            case _:
                self._configure(node, priority=int(value))

    def do_start(self, *names: str) -> None:
        """Start daemons."""
        for name in names or tuple(self.world.nodes):
            self.world.nodes[name].start()

    def do_begin(self, duration: str) -> None:
        """Come to the point: all daemons have been up for a while."""
        self.do_start()
        self.do_run(duration)
        del self._lines[:-1]

    def do_twin(self, name: str) -> None:
        """Start another daemon under a name that is taken."""
        label = f"{name}'"
        self._machine(label, name)
        self.world.nodes[label].start()

    def do_kill(self, name: str) -> None:
        """Cut the power."""
        self.world.nodes[name].end(machine=True)

    def do_crash(self, name: str, what: str = "daemon") -> None:
        """Kill the daemon, or its sentinel too."""
        self.world.nodes[name].end(will=True, sentinel=what != "both")

    def do_stop(self, name: str) -> None:
        """Ask the daemon to end."""
        self.world.nodes[name].give(ev.StopAsked())

    def do_pause(self, name: str) -> None:
        """Let a machine stand still."""
        self.world.nodes[name].pause()

    def do_resume(self, name: str) -> None:
        """Let it run again."""
        self.world.nodes[name].resume()

    # -- time ---------------------------------------------------------------------------------------------------------

    def do_run(self, duration: str) -> None:
        """Let time pass."""
        self.world.run(seconds(duration))
        roles = []
        for label, node in self.world.nodes.items():
            if node.engine is not None and node.paused_at is None:
                roles.append(f"{label} {_roles(node.spec.node, node.engine.snapshot(node.now).vips)}")
        names = dict.fromkeys([WEB, *(vip.name for node in self.world.nodes.values() for vip in node.spec.vips)])
        where = [f"{'address' if name == WEB else name} on {self._holders(name)}" for name in names]
        self._say(self.world.now, "=", "; ".join([", ".join(roles), *where]))

    def _holders(self, name: VipName) -> str:
        nodes = self.world.nodes.items()
        return " and ".join(label for label, node in nodes if node.has(name)) or "nobody"

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    def do_link(self, name: str, state: str) -> None:
        """Plug or unplug."""
        node = self.world.nodes[name]
        node.link = state == "up"
        node.give(ev.LinkChanged(interface="eth0", up=node.link))

    def do_cut(self, name: str, broker: str) -> None:
        """Take a broker away from a node."""
        node = self.world.nodes[name]
        node.cut.add(BrokerName(broker))
        node.hang_up(self.world.brokers[BrokerName(broker)], "connection lost")

    def do_join(self, name: str, broker: str) -> None:
        """Give it back."""
        node = self.world.nodes[name]
        node.cut.discard(BrokerName(broker))
        node.connect()

    def do_reset(self, name: str, broker: str) -> None:
        """Break a connection that both sides take for good."""
        node, x = self.world.nodes[name], self.world.brokers[BrokerName(broker)]
        _, session = x.sessions[name]
        node.hang_up(x, "connection reset")
        x.publish(node.will(session))
        node.later(node.connect, RECONNECT_S)

    def do_side(self, name: str, side: str) -> None:
        """Split or heal the LAN."""
        self.world.nodes[name].side = side

    def do_broker(self, name: str, what: str) -> None:
        """Stop or start a broker."""
        broker = self.world.brokers[BrokerName(name)]
        broker.running = what == "start"
        if broker.running:
            for node in self.world.nodes.values():
                if node.engine is not None:
                    node.connect()
        else:
            broker.retained.clear()
            wills = [node.will(session) for node, session in broker.sessions.values()]
            for will in wills if what == "end" else []:
                broker.publish(will)
            self.world.run(2 * DELAY_S if what == "end" else 0.0)
            for node, _ in list(broker.sessions.values()):
                node.hang_up(broker, "broker stopped")

    def do_remove(self, name: str) -> None:
        """Delete the address by hand."""
        self.world.nodes[name].remove(ADDRESS, "deleted by hand")

    def do_add(self, name: str) -> None:
        """Add the address by hand, for good."""
        node = self.world.nodes[name]
        node.held[ADDRESS] = WEB, float("inf")
        node.give(ev.AddressAppeared(vip=WEB, address=ADDRESS, cause="added by hand"))

    def do_refuse(self, name: str, *reason: str) -> None:
        """Let the kernel refuse addresses."""
        self.world.nodes[name].refusal = " ".join(reason)

    def do_accept(self, name: str) -> None:
        """Let it take them."""
        self.world.nodes[name].refusal = None

    def do_foreign(self, state: str) -> None:
        """Let a foreign host answer for the address."""
        self.world.foreign = frozenset({ADDRESS} if state == "on" else ())


def _roles(node: NodeName, vips: Iterable[VipSnapshot]) -> str:
    """What a node is for each of its VIPs."""
    words = []
    for vip in vips:
        term = f" {vip.term}" if vip.owner == node else ""
        words.append(f"{'' if vip.name == WEB else f'{vip.name} '}{vip.role.upper()}{term}")
    return " and ".join(words) or "without VIPs"
