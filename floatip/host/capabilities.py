"""Tell whether this process may do what it is for.

Knows the two capabilities that floatip needs and how a process gets them. Never changes any.
"""

from pathlib import Path

from floatip.host.errors import CapabilityError

STATUS = Path("/proc/self/status")
_IPC_LOCK = 14
NEEDED = {
    "CAP_NET_ADMIN": 12,  # addresses, routes, /proc/sys/net
    "CAP_NET_RAW": 13,  # ARP and NDP frames
}


def missing(status: Path = STATUS) -> tuple[str, ...]:
    """Names of the needed capabilities that are not effective in this process."""
    effective = _effective(status)
    return tuple(name for name, bit in NEEDED.items() if not effective >> bit & 1)


def has_memory_lock(status: Path = STATUS) -> bool:
    """Whether no limit of locked memory holds for this process (CAP_IPC_LOCK)."""
    return bool(_effective(status) >> _IPC_LOCK & 1)


def require(status: Path = STATUS) -> None:
    """Raise CapabilityError, with the ways to get them, unless all needed capabilities are effective."""
    names = missing(status)
    if not names:
        return
    together = " and ".join(names)
    message = (
        f"this process lacks {together}: run it as root, or give its systemd unit "
        f"`AmbientCapabilities={' '.join(NEEDED)}`, or start it with "
        f"`setpriv --ambient-caps {_setpriv_list()} --inh-caps {_setpriv_list()} floatip run`"
    )
    raise CapabilityError(message, missing=names)


def _effective(status: Path) -> int:
    for line in status.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _setpriv_list() -> str:
    return ",".join("+" + name.removeprefix("CAP_").lower() for name in NEEDED)
