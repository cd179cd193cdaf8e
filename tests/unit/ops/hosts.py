"""A false world for migrations and audits: hosts with addresses, and what their daemons would answer to errands."""

from dataclasses import dataclass, field
from typing import Any

from floatip.core.messages import Task
from floatip.ops.errors import Failed, FloatipError
from floatip.ops.models import NodeStatus, Status, from_document
from floatip.ops.wire import ErrandRequest
from tests.unit.ops.test_document import CONTRACT

ADDRESS = "10.77.0.60"
STRANGER = "02:00:00:00:00:99"


@dataclass
class Entry:
    """One address as one host has it; ``lifetime_s`` None: for good."""

    prefix: int = 32
    interface: str = "eth0"
    lifetime_s: int | None = None
    primary: bool = False

    @property
    def permanent(self) -> bool:
        """Whether nobody takes it away."""
        return self.lifetime_s is None


@dataclass
class Hosts:
    """What is on each host, and on the LAN; every errand is noted, and one of them may be cut off."""

    names: tuple[str, ...] = ("n1", "n2", "n3")
    have: dict[str, dict[str, Entry]] = field(default_factory=dict)
    boot: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    """MACs that answer for the address, and that everybody sees."""
    blind: set[str] = field(default_factory=set)
    """Hosts that see nobody but strangers."""
    refusing: dict[tuple[str, Task], FloatipError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    requests: list[ErrandRequest] = field(default_factory=list)
    cut_before: int | None = None
    """Before the errand of this number the command is killed."""
    cut_after: int | None = None

    def mac(self, name: str) -> str:
        """Return the MAC of a host's card."""
        return f"02:00:00:00:00:{self.names.index(name) + 1:02x}"

    def status(self, *dead: str) -> Status:
        """Return who is alive."""
        status = from_document(Status, CONTRACT)
        nodes = tuple(
            NodeStatus(name=name, alive=name not in dead, last_heard_ms=1, drained=False, faults=(), version="1")
            for name in self.names
        )
        return Status(**{name: getattr(status, name) for name in Status.__slots__} | {"nodes": nodes})

    def holders(self) -> list[str]:
        """Return the hosts that have the address."""
        return [name for name in self.names if ADDRESS in self.have.get(name, {})]

    async def errand(self, request: ErrandRequest) -> Any:
        """Do it, as the daemon there would."""
        number = len(self.asked)
        if number == self.cut_before:
            raise Killed
        self.asked.append(f"{request.node} {request.task}{_for(request)}")
        self.requests.append(request)
        if (error := self.refusing.get((request.node, Task(request.task)))) is not None:
            raise error
        held = bool(self.holders())
        brought = self.do(request)
        assert not held or self.holders(), "for a moment nobody had the address"
        if number == self.cut_after:
            raise Killed
        return brought

    def do(self, request: ErrandRequest) -> Any:
        """Do it, and return what it brings."""
        here = self.have.setdefault(request.node, {})
        interface = request.interface or "eth0"
        match Task(request.task):
            case Task.INVENTORY:
                return inventory(here, self.boot.get(request.node, []))
            case Task.WHO_HAS:
                return {"macs": sorted(self._seen_by(request.node))}
            case Task.ADD:
                here[request.address] = Entry(request.prefix, interface, request.lifetime_s or None)
                return {"interface": interface, "mac": self.mac(request.node), "additions": ["add it to a boot file"]}
            case Task.REMOVE:
                here.pop(request.address, None)
                return None
            case Task.ANNOUNCE:
                if request.address not in here:
                    raise Failed(f"{request.address} is not on this host")
                return {"mac": self.mac(request.node)}

    def _seen_by(self, name: str) -> set[str]:
        if name in self.blind:
            return set(self.strangers)
        return {self.mac(one) for one in self.holders() if one != name} | self.strangers


class Killed(BaseException):
    """The command was killed."""


def _for(request: ErrandRequest) -> str:
    return "" if request.task != Task.ADD else f" for {request.lifetime_s} s" if request.lifetime_s else " for good"


def inventory(here: dict[str, Entry], boot: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the document that a daemon makes of its host."""
    entries: list[dict[str, Any]] = [
        {
            "address": address,
            "prefix": entry.prefix,
            "interface": entry.interface,
            "permanent": entry.permanent,
            "primary": entry.primary,
            "listeners": [],
            "traffic": None,
            "documented": False,
            "purpose": "",
            "contact": "",
        }
        for address, entry in here.items()
    ]
    return {"addresses": entries, "boot": boot, "warnings": []}
