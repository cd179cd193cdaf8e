"""What is wrong on one switch, and the nftables rules that make it so.

Knows: names of ports. Never: runs anything. The rules sit in the bridge's forward hook, which every frame from port to
port passes, flooded ones too; carrier stays as it is.
"""

import enum
from dataclasses import dataclass, field

from floatip.lab.settings import MQTT_PORT, MQTTS_PORT

TABLE = "table bridge faults {\n chain ports {\n  type filter hook forward priority 0;\n }\n}\n"
"""What a switch needs before its first ruleset."""
_MQTT = f"{{ {MQTT_PORT}, {MQTTS_PORT} }}"


class Direction(enum.Enum):
    """Which way frames are lost, as the host sees it."""

    SENDS = "sends"
    RECEIVES = "receives"


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults of one switch, by port."""

    mute: set[str] = field(default_factory=set)
    """Frames from these ports are dropped."""
    deaf: set[str] = field(default_factory=set)
    """Frames to these ports are dropped."""
    loss_percent: dict[str, float] = field(default_factory=dict)
    """Each frame from or to the port is dropped with this probability."""
    cut: set[tuple[str, str]] = field(default_factory=set)
    """Frames from the first port to the second are dropped."""
    no_mqtt: set[str] = field(default_factory=set)
    """Between a node on this port and the brokers beyond it, what belongs to MQTT is dropped both ways."""

    def heal(self, port: str) -> None:
        """Forget what is wrong with this port; a split of the LAN stays."""
        self.mute.discard(port)
        self.deaf.discard(port)
        self.no_mqtt.discard(port)
        self.loss_percent.pop(port, None)

    def ruleset(self) -> str:
        """Give the whole set of rules, to be loaded in one go in place of the former ones."""
        rules = [f'iifname "{port}" drop' for port in sorted(self.mute)]
        rules += [f'oifname "{port}" drop' for port in sorted(self.deaf)]
        rules += [f'iifname "{a}" oifname "{b}" drop' for a, b in sorted(self.cut)]
        for port in sorted(self.no_mqtt):
            rules += [f'iifname "{port}" tcp dport {_MQTT} drop', f'oifname "{port}" tcp sport {_MQTT} drop']
        for port, percent in sorted(self.loss_percent.items()):
            dice = f"numgen random mod 1000 < {round(percent * 10)}"
            rules += [f'iifname "{port}" {dice} drop', f'oifname "{port}" {dice} drop']
        lines = ["flush chain bridge faults ports", *(f"add rule bridge faults ports {rule}" for rule in rules)]
        return "\n".join(lines) + "\n"
