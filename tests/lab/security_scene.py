"""A cluster as docs/security.md sets it up, and those who would harm it. Knows: the shipped files. Never: judges.

Broker configuration, ACL and certificates are the ones in deploy/mosquitto, but for the folder they lie in.
"""

import ssl
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from floatip.bus.codec import decode
from floatip.bus.envelope import seal
from floatip.bus.signing import SIGNATURE_BYTES, Keys, generate_key
from floatip.bus.topics import Letter, place_of
from floatip.core.messages import Bid, Body, Claim, Heartbeat, Listing, Message, Release
from floatip.core.types import BrokerName, NodeName, Origin, Standing, VipName
from floatip.lab.cluster import Cluster
from floatip.lab.namespace import inside
from floatip.lab.settings import MQTTS_PORT, Settings, Table

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
ADDRESS = "10.78.0.1"
BROKER = BrokerName(f"{ADDRESS}:{MQTTS_PORT}")
NODES = ("n1", "n2", "n3")
BROKER_OWNER = "broker-owner"
"""An identity that may say and hear anything: what it can do, whoever owns the broker can."""
CLUSTER = "lab"
HEARTBEATS_AN_HOUR = 18_000


def certificates(folder: Path, *arguments: str) -> str:
    """Run the shipped script on this folder; give what it says."""
    argv = ["sh", str(DEPLOY / "make-certificates.sh"), "-d", str(folder), *arguments]
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30).stdout


def arrange(folder: Path) -> Settings:
    """Make certificates, keys and ACL in a new folder; give the settings of three nodes that use them."""
    certificates(folder, "broker", "broker", ADDRESS)
    certificates(folder, "node", *NODES, "stolen", BROKER_OWNER)
    for key in ("a.key", "b.key", "wrong.key"):
        generate_key(folder / key)
    acl = (DEPLOY / "floatip.acl").read_text()
    (folder / "floatip.acl").write_text(f"{acl}\nuser {BROKER_OWNER}\ntopic readwrite #\n")
    config = (DEPLOY / "floatip.conf").read_text().replace("/etc/mosquitto/floatip", str(folder))
    return Settings(
        tls=True,
        mosquitto=f"user root\nlog_dest stderr\n{config}",
        extra={"security": {"keys": [str(folder / "a.key")]}},
        extra_by_node={node: {"mqtt": mqtt_table(folder, node)} for node in NODES},
    )


def mqtt_table(folder: Path, name: str) -> Table:
    """Give what [mqtt] says for the holder of a certificate."""
    return {
        "ca_file": str(folder / "ca.pem"),
        "cert_file": str(folder / f"{name}.pem"),
        "key_file": str(folder / f"{name}.key"),
    }


def change_keys(cluster: Cluster, node: str, keys: Sequence[Path]) -> None:
    """Write other keys into a node's configuration."""
    path = cluster.home_of(node) / "floatip.toml"
    lines = path.read_text().splitlines()
    named = ", ".join(f'"{key}"' for key in keys)
    path.write_text("\n".join(f"keys = [{named}]" if line.startswith("keys = ") else line for line in lines) + "\n")


class Stranger:
    """Somebody at the broker with a certificate of this name (None: none) from this folder; hears what it asks for."""

    def __init__(self, folder: Path, name: str | None, *, client_id: str = "stranger", ca: Path | None = None) -> None:
        self.heard: list[Letter] = []
        self.ended = threading.Event()
        self._subscribed = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False)
        context = ssl.create_default_context(cafile=ca or folder / "ca.pem")
        if name is not None:
            context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        self._client.tls_set_context(context)
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._connected = threading.Event()
        self._client.on_connect = self._on_connect

    def __enter__(self) -> Self:
        with inside("b1"):
            self._client.connect(ADDRESS, MQTTS_PORT)
        self._client.loop_start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def admitted(self, timeout_s: float = 3.0) -> bool:
        """Whether the broker lets it in."""
        return self._connected.wait(timeout_s)

    def listen(self, *topics: str) -> None:
        """Hear these topics from now on."""
        self._client.subscribe([(topic, 0) for topic in topics])
        assert self._subscribed.wait(5.0)

    def say(self, letters: Iterable[Letter]) -> int:
        """Publish all of these as fast as the broker takes them; give how many."""
        count, last = 0, None
        for letter in letters:
            last = self._client.publish(letter.topic, letter.payload, qos=0, retain=letter.retained)
            count += 1
            if count % 500 == 0:
                last.wait_for_publish(30.0)
        if last is not None:
            last.wait_for_publish(30.0)
        return count

    def _on_connect(
        self, _client: paho.Client, _data: object, _flags: object, code: ReasonCode, _more: Properties | None
    ) -> None:
        if not code.is_failure:
            self._connected.set()

    def _on_disconnect(self, *_: object) -> None:
        self.ended.set()

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self.heard.append(Letter(topic=message.topic, payload=bytes(message.payload), retained=message.retain))


@dataclass(frozen=True, slots=True)
class Forger:
    """Makes letters that say what a node said, or would say, from what was recorded."""

    keys: Keys
    spoken: dict[NodeName, Message]
    """A heartbeat of each node."""

    @classmethod
    def after(cls, recorded: Iterable[Letter], keys: Keys) -> Self:
        """Learn from a recording how the nodes speak."""
        spoken: dict[NodeName, Message] = {}
        for letter in recorded:
            place = place_of(CLUSTER, letter.topic)
            assert place is not None
            message = decode(letter.payload[1 + SIGNATURE_BYTES :], place.sender)
            if isinstance(message, Message) and isinstance(message.body, Heartbeat):
                spoken[place.sender] = message
        assert set(spoken) == set(NODES)
        return cls(keys, spoken)

    def sealed(self, message: Message, keys: Keys | None = None) -> Letter:
        """Give a message as it travels on this broker."""
        return seal(message, keys=self.keys if keys is None else keys, broker=BROKER, cluster=CLUSTER)

    def hour(self, incarnation: int, heartbeats: int = HEARTBEATS_AN_HOUR) -> Iterator[Letter]:
        """What three nodes said in an hour of a life before this one, five heartbeats a second each, truly signed.

        The VIP goes round: each owner in its turn releases it to the next, which claims it.
        """
        vip, owner = VipName("web"), 0
        definition = self._definition(vip)
        for seq in range(heartbeats):
            moves = seq % 1500 == 1499
            for number, node in enumerate(NODES):
                standing = Standing.OWNER if number == owner else None
                listing = Listing(vip=vip, standing=standing, term=50, definition=definition) if standing else None
                body: Body = Heartbeat(
                    state_version=1, list_version=seq // 1500, listings=(listing,) if listing else ()
                )
                if moves and number == owner:
                    body = Release(vips=(vip,), vacated=True, to=NodeName(NODES[(owner + 1) % 3]), reserved_s=1.0)
                elif moves and number == (owner + 1) % 3:
                    body = Claim(bids=(Bid(vip=vip, term=51, definition=definition),))
                seen = {NodeName(other): Origin(incarnation, 1, max(0, seq - 1)) for other in NODES if other != node}
                said = self.spoken[NodeName(node)]
                yield self.sealed(replace(said, origin=Origin(incarnation, 1, seq), body=body, seen=seen))
            owner = (owner + moves) % 3

    def _definition(self, vip: VipName) -> str:
        for message in self.spoken.values():
            assert isinstance(message.body, Heartbeat)
            for one in message.body.listings or ():
                if one.vip == vip:
                    return one.definition
        raise AssertionError("nobody listed the VIP in the recording")

    def forged(self, keys: Keys | None) -> Iterator[Letter]:
        """Say in each node's name what would move the VIP: later than all it said, with another key or (None) none."""
        vip = VipName("web")
        listing = Listing(vip=vip, standing=Standing.OWNER, term=999, definition=self._definition(vip))
        for said in self.spoken.values():
            bodies: list[Body] = [
                Heartbeat(state_version=9, list_version=9, listings=(listing,)),
                Claim(bids=(Bid(vip=vip, term=999, definition=listing.definition),)),
                Release(vips=(vip,), vacated=True, to=said.sender, reserved_s=30.0),
            ]
            for seq, body in enumerate(bodies):
                origin = replace(said.origin, seq=said.origin.seq + 100 + seq)
                yield self.sealed(replace(said, origin=origin, body=body), keys or Keys())


def garbage(recorded: Sequence[Letter]) -> Iterator[Letter]:
    """What is no message of this cluster: bent, cut, moved, huge, of a later version, of another cluster."""
    for letter, other in zip(recorded, cycle(NODES), strict=False):
        yield replace(letter, payload=letter.payload[: len(letter.payload) // 2])
        yield replace(letter, payload=letter.payload.replace(b'"', b"'", 3))
        yield replace(letter, payload=letter.payload.replace(b'"v":1', b'"v":99'))
        yield replace(letter, topic=f"floatip/{CLUSTER}/node/{other}/state", retained=True)
        yield replace(letter, topic=letter.topic.replace(CLUSTER, "other"))
        yield replace(letter, topic=f"{letter.topic}/more")
    for size in (300_000, 400_000, 480_000):
        yield Letter(topic=f"floatip/{CLUSTER}/node/n1/log", payload=b"s" + b"x" * size)
