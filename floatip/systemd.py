"""Tells systemd how we are, by sd_notify(3) and its watchdog. Knows: one datagram socket. Never: why we are so."""

import os
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Speaks to the service manager named in ``NOTIFY_SOCKET``; without one, every method does nothing."""

    def __init__(self, env: Mapping[str, str]) -> None:
        address = env.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self) -> bool:
        """Say that the service has started, or has ended its reload."""
        return self._send("READY=1")

    def reloading(self) -> bool:
        """Say that a reload begins; ``ready`` ends it."""
        return self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> bool:
        """Say that the service has begun to stop."""
        return self._send("STOPPING=1")

    def status(self, text: str) -> bool:
        """Show this sentence in ``systemctl status``."""
        return self._send(f"STATUS={' '.join(text.split())}")

    def watchdog(self) -> bool:
        """Say that the service is alive."""
        return self._send("WATCHDOG=1")

    def _send(self, message: str) -> bool:
        """Return whether the message went out; a manager that is gone or slow is not waited for."""
        if not self._address:
            return False
        try:
            with socket.socket(
                socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            ) as channel:
                channel.connect(self._address)
                channel.send(message.encode())
        except OSError:
            return False
        return True


def watchdog_interval_s(env: Mapping[str, str], pid: int | None = None) -> float | None:
    """Return how often ``Notifier.watchdog`` must be called: half of what the unit asks for; None if it asks nothing.

    A WATCHDOG_PID other than ``pid`` (this process) means that the watchdog is somebody else's.
    """
    asked_us, of_pid = env.get("WATCHDOG_USEC", ""), env.get("WATCHDOG_PID", "")
    if of_pid and of_pid != str(os.getpid() if pid is None else pid):
        return None
    if not (asked_us.isascii() and asked_us.isdigit()) or int(asked_us) == 0:
        return None
    return int(asked_us) / 2_000_000
