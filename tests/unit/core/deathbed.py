"""A backup whose owner has just died, or only seems to have: what the tests of wills stand on."""

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Claim
from floatip.core.types import BrokerName, NodeName, Policy, Standing
from tests.unit.core.bench import Bench
from tests.unit.core.stage import ADDRESS, MACS, WEB, B, D, X, a_beat, a_listing, a_spec, a_vip, of, sent


class Deathbed:
    """A backup of b's, at the moment after which b says nothing any more; b was never heard on ``more`` brokers."""

    def __init__(self, *brokers: BrokerName, policy: Policy = Policy.KEEP, more: tuple[BrokerName, ...] = ()) -> None:
        brokers = brokers or (X,)
        spec = a_spec(brokers=brokers + more, vips=(a_vip(policy=policy),))
        self.bench = Bench(spec).connect()
        listing = a_listing(Standing.OWNER, term=7, definition=spec.vips[0].definition)
        for broker in brokers:
            self.bench.joined_by(B, listing, broker=broker)
        self.bench.run(D + 0.33)
        self.mouths = {broker: self.bench.beating[broker, B][0] for broker in brokers}
        self.silent_since = self.bench.view(spec.brokers[0]).peers[B].heard_at
        self.listing = listing
        self.bench.beating.clear()

    def will(self, broker: BrokerName = X) -> None:
        """Let a broker say that b's connection ended."""
        self.bench.hear(self.mouths[broker].will(), broker)

    def testament(self, node: NodeName = B) -> None:
        """Let a sentinel say on the LAN that its daemon is dead; its kernel answers for the address still."""
        self.bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[node], interface="eth0", testament=True))

    def speaks(self, broker: BrokerName = X) -> None:
        """Let b live after all."""
        self.bench.hear(self.mouths[broker].says(a_beat(self.listing)), broker)

    def claims_after(self) -> float:
        """Let time pass while b's kernel answers; return how long it took until the VIP was claimed."""
        began = self.bench.now
        while not sent(Claim, self.bench.effects):
            assert self.bench.now < began + 30.0
            self.bench.run(0.005)
            if of(ef.Probe, self.bench.effects[-3:]) and self.bench.now < began + 3.0:
                self.bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B]))
        return self.bench.now - began
