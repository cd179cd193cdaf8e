"""Somebody who reaches the broker and has no key: listens, then publishes what it likes. Runs as a process of its own.

``intruder.py BROKER KEY`` records two seconds of traffic, replays it, and publishes garbage and forgeries.
"""

import random
import sys
import time
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from floatip.bus.envelope import seal
from floatip.bus.signing import load_keys
from floatip.core.messages import Bid, Body, Claim, Heartbeat, Listing, Message, Release, State
from floatip.core.types import BrokerName, NodeName, Origin, Standing, Terms, VipName

CLUSTER = "lab"
PREFIX = f"floatip/{CLUSTER}/node/"
TERMS = Terms(heartbeat_s=0.2, lease_s=1.0, keep_s=1.22, release_s=2.8, brokers="x")


def forged(broker: str, wrong_key: Path) -> list[tuple[str, bytes]]:
    """What a peer would say, signed with another key, in the name of nodes that live and of one that does not."""
    keys = load_keys([wrong_key])
    web, found = VipName("web"), []
    listing = Listing(vip=web, standing=Standing.OWNER, term=999, definition="00000000")
    for number, name in enumerate(["n1", "n2", "n3", "zz"]):
        bodies: list[Body] = [
            Heartbeat(state_version=9, list_version=9, listings=(listing,)),
            Claim(bids=(Bid(vip=web, term=999, definition="00000000"),)),
            Release(vips=(web,), vacated=True, to=NodeName("zz"), reserved_s=60.0),
            State(state_version=99, version="9"),
        ]
        for seq, body in enumerate(bodies):
            origin = Origin(1 << 60, 1 << 60, seq + number)
            message = Message(sender=NodeName(name), origin=origin, terms=TERMS, body=body)
            letter = seal(message, keys=keys, broker=BrokerName(broker), cluster=CLUSTER)
            found.append((letter.topic, letter.payload))
    return found


def main() -> int:
    """Do all of it, and print how many messages were published."""
    address, wrong_key = sys.argv[1], Path(sys.argv[2])
    dice = random.Random(7)
    recorded: list[tuple[str, bytes]] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="intruder")
    client.on_message = lambda _client, _data, message: recorded.append((message.topic, bytes(message.payload)))
    client.connect(address, 1883)
    client.loop_start()
    client.subscribe(f"{PREFIX}#")
    time.sleep(2.0)
    client.unsubscribe(f"{PREFIX}#")
    garbage = [(f"{PREFIX}n{number % 4}/log", dice.randbytes(number)) for number in range(1, 400)]
    bent = [(topic, payload[: len(payload) // 2]) for topic, payload in recorded]
    flipped = [(topic, payload.replace(b'"', b"'", 3)) for topic, payload in recorded]
    moved = [(topic.replace("n1", "n2"), payload) for topic, payload in recorded if "n1" in topic]
    future = [(topic, payload.replace(b'"v":1', b'"v":99')) for topic, payload in recorded]
    huge = [(f"{PREFIX}n1/log", b"x" * 1_000_000) for _ in range(5)]
    strange = [(f"{PREFIX}../log", b"{}"), (f"{PREFIX}n1/log/more", b"{}"), (f"{PREFIX}N 1/state", b"{}")]
    everything = [*recorded, *garbage, *bent, *flipped, *moved, *future, *huge, *strange, *recorded]
    everything += forged(f"{address}:1883", wrong_key)
    for topic, payload in everything:
        client.publish(topic, payload, qos=0).wait_for_publish(5.0)
    time.sleep(1.0)
    client.disconnect()
    client.loop_stop()
    print(f"published {len(everything)}, of which {len(recorded)} were recorded")
    return 0 if recorded else 1


if __name__ == "__main__":
    sys.exit(main())
