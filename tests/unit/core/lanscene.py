"""Node a on a LAN of its own: what the tests of LAN health stand on."""

from collections.abc import Iterable
from ipaddress import ip_address

from floatip.core.effects import Ask, Tell
from floatip.core.events import Reached
from floatip.core.lanhealth import ROUND_S, TRIES, LanHealth
from floatip.core.situation import Situation
from floatip.core.types import Address, Mac, NodeName, NodeSpec
from tests.unit.core.stage import MACS, OWN, B, C, Peer, a_beat, a_port, a_spec, a_state, of

GATEWAY = ip_address("10.77.0.1")
B_IP, C_IP = OWN[B].ip, OWN[C].ip
TRY_S = ROUND_S / TRIES


class Scene:
    """Node a at 100 s, on the LAN of ``eth0``, which hears its peers by MQTT as long as the scene runs."""

    def __init__(self, *peers: NodeName, fine: Iterable[NodeName] = (B, C), spec: NodeSpec | None = None) -> None:
        self.s = Situation(spec or a_spec(), lambda: 0.5)
        self.s.ports, self.s.links = (a_port(),), {"eth0": True}
        self.health = LanHealth(self.s)
        self.now = 100.0
        self.mouths = {peer: Peer(peer) for peer in peers}
        self.living = set(peers)
        self.answering: set[Address] = {B_IP, C_IP, GATEWAY}
        self.fine = set(fine)
        self.asked: list[tuple[float, Ask]] = []
        self.tell_states()

    def tell_states(self, version: int = 1) -> None:
        """Let all peers tell where they are, and whether their LAN is fine."""
        for node, mouth in self.mouths.items():
            addresses = (str(OWN[node].ip),) if node in OWN else ()
            state = a_state(node, version=version, addresses=addresses, lan_fine=node in self.fine)
            self.s.peers.learn(mouth.says(state))

    def reach(self, address: Address, interface: str = "eth0", mac: Mac = MACS[B]) -> None:
        """Let a host be heard."""
        self.health.reached(Reached(interface=interface, address=address, mac=mac), self.now)

    def run(self, seconds: float) -> list[tuple[float, Ask]]:
        """Let time pass, woken in time; who answers does so at once. Return what was asked, and when."""
        before, end = len(self.asked), self.now + seconds - 1e-6
        while True:
            for node in self.living:
                self.s.peers.heard(self.mouths[node].says(a_beat()), self.now)
            again_at = self.health.settle(self.now)
            asks = of(Ask, self.s.effects)
            self.s.effects = [one for one in self.s.effects if not isinstance(one, Ask)]
            self.asked += [(self.now, ask) for ask in asks]
            for ask in asks:
                if ask.address in self.answering:
                    self.reach(ask.address, ask.interface)
            if again_at is None or again_at > end:
                self.now = end + 1e-6
                return self.asked[before:]
            self.now = again_at

    def dead_after(self) -> float:
        """Let time pass; return how long it took until an interface was found dead."""
        began = self.now
        while not self.s.lan_dead:
            assert self.now < began + 20.0
            self.run(0.01)
        return self.now - began

    def told(self) -> list[str]:
        """What people were told."""
        return [tell.text for tell in of(Tell, self.s.effects)]
