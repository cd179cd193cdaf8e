"""A real MQTT broker in a host of the lab.

Knows: mosquitto's configuration, or the command of another broker. Never: what is said on it.
"""

import socket
import time
from collections.abc import Sequence
from pathlib import Path

from floatip.lab import namespace, tools
from floatip.lab.errors import LabError
from floatip.lab.net import Network
from floatip.lab.process import Process
from floatip.lab.settings import MQTT_PORT

_CONFIG = """\
user root
listener {port} {address}
allow_anonymous true
set_tcp_nodelay true
persistence {persistence}
persistence_location {home}/
max_queued_messages 1000
connection_messages false
log_dest stderr
log_timestamp_format %H:%M:%S
"""


class Broker:
    """One broker that listens on one address of its host.

    The settings say which: a command, which gets ADDRESS:PORT as last argument, or mosquitto and its configuration.
    """

    def __init__(
        self,
        net: Network,
        host: str,
        address: str,
        home: Path,
        command: Sequence[str] = (),
        *,
        persistent: bool = False,
        config: str = "",
        port: int = MQTT_PORT,
    ) -> None:
        self.host = host
        self.address = address
        self.port = port
        self._net = net
        self._home = home
        self._log = home / "broker.log"
        self._process: Process | None = None
        if command:
            self._argv = [*command, f"{address}:{port}"]
        else:
            path = home / "mosquitto.conf"
            persistence = "true" if persistent else "false"
            own = _CONFIG.format(port=port, address=address, persistence=persistence, home=home)
            path.write_text(config or own)
            self._argv = [tools.find("mosquitto"), "-c", str(path)]

    @property
    def process(self) -> Process:
        """Give the running broker; raises LabError if it was not started."""
        if self._process is None:
            raise LabError(f"broker {self.host} was not started")
        return self._process

    def start(self, timeout_s: float = 10.0) -> None:
        """Start it and wait until it accepts connections."""
        self._process = self._net.spawn(self.host, self._argv, self._log)
        deadline_s = time.monotonic() + timeout_s
        while not self.accepts():
            if not self._process.alive or time.monotonic() > deadline_s:
                raise LabError(f"broker {self.host} does not accept on {self.address}\n{self._process.tail()}")
            time.sleep(0.005)

    def accepts(self) -> bool:
        """Say whether a connection from its own host is accepted within 1 s."""
        try:
            with namespace.inside(self.host):
                sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            with sock:
                sock.settimeout(1.0)
                sock.connect((self.address, self.port))
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it in good order (SIGTERM): it publishes the will of every client."""
        self.process.stop(grace_s=3.0)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.process.kill()

    def forget(self) -> None:
        """Lose what was written; it must not run."""
        (self._home / "mosquitto.db").unlink(missing_ok=True)

    def freeze(self) -> None:
        """Stop it (SIGSTOP): connections stay open, nothing is delivered."""
        self.process.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        self.process.thaw()

    def restart(self) -> None:
        """Stop it in good order and start it anew."""
        self.stop()
        self.start()
