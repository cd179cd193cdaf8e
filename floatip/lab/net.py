"""Hosts and switches made of network namespaces, and the faults between them.

Knows: two networks, "data" (clients and VIPs) and "mgmt" (MQTT), each a bridge in a namespace of its own; hosts with
NICs on them; processes in hosts. Never: leaves its own namespaces (it refuses to start outside the sandbox).
A fault is in force when its method returns, at most a few ms after the call.
"""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from types import TracebackType
from typing import Self

from floatip.lab import namespace, sandbox, tools
from floatip.lab.errors import LabError
from floatip.lab.faults import TABLE, Direction, Faults
from floatip.lab.hosts import DEFAULT_NICS, FRESH_SYSCTLS, SWITCHES, Host, Nic, addressing, make_nic
from floatip.lab.intervals import Interval, Ledger
from floatip.lab.process import Process
from floatip.lab.realtime import now_s


class Network:
    """Both networks and the hosts on them; `close` removes everything. One at a time per sandbox."""

    def __init__(self) -> None:
        if not sandbox.is_inside():
            raise LabError("the lab runs in the sandbox only; remedy: python -m floatip.lab.sandbox -- COMMAND")
        tools.require("ip", "nft")
        self.hosts: dict[str, Host] = {}
        self._processes: list[Process] = []
        self._faults = {name: Faults() for name in SWITCHES}
        self._pulled: set[str] = set()
        self._unseen = Ledger()
        self._open = True
        for switch in SWITCHES.values():
            _add_namespace(switch.namespace, {"ipv6/conf/default/disable_ipv6": "1"})
        try:
            for switch in SWITCHES.values():
                bridge = "link add br0 type bridge mcast_snooping 0"
                _ip(switch.namespace, [bridge, "link set br0 up", "link set lo up"])
                _nft(switch.namespace, TABLE)
        except LabError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Kill every process in every host, remove hosts and switches; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        for name in self.hosts:
            self._signal_all(name, signal.SIGKILL)
        for process in self._processes:
            process.kill()
        names = [*self.hosts, *(switch.namespace for switch in SWITCHES.values())]
        self.hosts.clear()
        self._processes.clear()
        _ip(None, [f"netns delete {name}" for name in names])

    def add_host(self, name: str, number: int | None = None, nics: Mapping[str, str] = DEFAULT_NICS) -> Host:
        """Add a machine with these NICs (name to network); a second NIC on one network gets 10.77.1.NUMBER."""
        taken = {host.number for host in self.hosts.values()}
        number = next(n for n in range(11, 255) if n not in taken) if number is None else number
        if name in self.hosts or number in taken:
            raise LabError(f"host {name!r} or number {number} is there already: {sorted(self.hosts)}")
        made: dict[str, Nic] = {}
        for nic, network in nics.items():
            index = sum(other.network == network for other in made.values())
            made[nic] = make_nic(nic, network, number, index)
        host = Host(name=name, number=number, nics=made)
        _add_namespace(name, {key.format(d): v for key, v in FRESH_SYSCTLS.items() for d in ("all", "default")})
        for card in made.values():
            peer = f"peer name {card.name} address {card.mac} netns {name}"
            lines = [f"link add {card.port} type veth {peer}", f"link set {card.port} master br0 up"]
            _ip(SWITCHES[card.network].namespace, lines)
        _ip(name, ["link set lo up", *addressing(host)])
        self.hosts[name] = host
        return host

    # Programs

    def spawn(self, host: str, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> Process:
        """Start a program in a host; output goes to the log."""
        process = Process(self._host(host).name, argv, log, env)
        self._processes.append(process)
        return process

    def run(self, host: str, argv: Sequence[str], timeout_s: float = 10.0) -> subprocess.CompletedProcess[str]:
        """Run a program in a host to its end; raises LabError with its output if it fails or takes too long."""
        return _run([tools.find("ip"), "netns", "exec", self._host(host).name, *argv], timeout_s=timeout_s)

    # Faults

    def carrier(self, host: str, nic: str, *, up: bool) -> None:
        """Pull the cable at the switch, or put it back."""
        where = self._nic(host, nic)
        if up:
            self._pulled.discard(where.port)
            self._note_unseen(so=False)
        _ip(SWITCHES[where.network].namespace, [f"link set {where.port} {'up' if up else 'down'}"])
        if not up:
            self._pulled.add(where.port)
            self._note_unseen(so=True)

    def silence(self, host: str, nic: str) -> None:
        """Let the switch port die silently: carrier stays, no frame passes either way."""
        where = self._nic(host, nic)
        self._faults[where.network].mute.add(where.port)
        self._faults[where.network].deaf.add(where.port)
        self._apply(where.network)

    def one_way(self, host: str, nic: str, lost: Direction) -> None:
        """Lose all frames that the host sends, or all that it should receive."""
        where = self._nic(host, nic)
        faults = self._faults[where.network]
        (faults.mute if lost is Direction.SENDS else faults.deaf).add(where.port)
        self._apply(where.network)

    def loss(self, host: str, nic: str, percent: float) -> None:
        """Lose this share of the frames, each way by itself; 0 ends it."""
        where = self._nic(host, nic)
        self._faults[where.network].loss_percent.pop(where.port, None)
        if percent:
            self._faults[where.network].loss_percent[where.port] = percent
        self._apply(where.network)

    def cut_mqtt(self, host: str, nic: str) -> None:
        """Drop silently what the host and brokers elsewhere say to each other; all else passes."""
        where = self._nic(host, nic)
        self._faults[where.network].no_mqtt.add(where.port)
        self._apply(where.network)

    def heal(self, host: str, nic: str) -> None:
        """End silence, one-way fault, MQTT cut and loss of this NIC; splits and pulled cables stay."""
        where = self._nic(host, nic)
        self._faults[where.network].heal(where.port)
        self._apply(where.network)

    def split(self, groups: Iterable[Iterable[str]], network: str = "data") -> None:
        """Cut all frames between hosts of different groups; hosts in no group reach everyone."""
        ports = [[nic.port for host in group for nic in self._nics_on(host, network)] for group in groups]
        pairs = {(a, b) for one, other in permutations(ports, 2) for a in one for b in other}
        self._faults[network].cut = pairs
        self._apply(network)

    def unsplit(self, network: str = "data") -> None:
        """Join the groups again."""
        self.split((), network)

    def heal_all(self) -> None:
        """End every fault of the switches, and put all cables back; dead machines stay dead."""
        self._pulled.clear()
        for network, switch in SWITCHES.items():
            self._faults[network] = Faults()
            self._apply(network)
            nics = [nic for host in self.hosts for nic in self._nics_on(host, network)]
            _ip(switch.namespace, [f"link set {nic.port} up" for nic in nics])

    # Machines

    def kill_machine(self, host: str) -> None:
        """Let the machine die: its frames stop first, then its processes are gone and its kernel forgets."""
        nics = self._host(host).nics.values()
        for network in {nic.network for nic in nics}:
            ports = {nic.port for nic in nics if nic.network == network}
            self._faults[network].mute |= ports
            self._faults[network].deaf |= ports
            self._apply(network)
        self._signal_all(host, signal.SIGKILL)
        _ip(host, [line for nic in nics for line in (f"addr flush dev {nic.name}", f"link set {nic.name} down")])

    def boot_machine(self, host: str) -> None:
        """Bring a dead machine back with its own addresses and no processes."""
        _ip(host, addressing(self._host(host)))
        for nic in self._host(host).nics.values():
            self.heal(host, nic.name)

    def freeze_machine(self, host: str) -> None:
        """Stop all processes of the machine; its kernel goes on."""
        self._signal_all(host, signal.SIGSTOP)

    def thaw_machine(self, host: str) -> None:
        """Let all processes of the machine go on."""
        self._signal_all(host, signal.SIGCONT)

    def _signal_all(self, host: str, number: signal.Signals) -> None:
        """Signal all processes of a host, and those they started meanwhile."""
        done: set[int] = set()
        while fresh := set(namespace.pids(self._host(host).name)) - done:
            for pid in fresh:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            done |= fresh

    def unseen(self) -> dict[str, list[Interval]]:
        """Give for each host the times (CLOCK_BOOTTIME) in which no frame could reach it on the data network."""
        return self._unseen.intervals(now_s())

    def _apply(self, network: str) -> None:
        """Load the rules; a host counts as unseen only while they are surely in force."""
        self._note_unseen(so=False)
        _nft(SWITCHES[network].namespace, self._faults[network].ruleset())
        self._note_unseen(so=True)

    def _note_unseen(self, *, so: bool) -> None:
        faults = self._faults["data"]
        dead = self._pulled | (faults.mute & faults.deaf)
        for host in self.hosts:
            if so == all(nic.port in dead for nic in self._nics_on(host, "data")):
                self._unseen.note(host, so=so, at_s=now_s())

    def _host(self, name: str) -> Host:
        if name not in self.hosts:
            raise LabError(f"no host {name!r}; there are {sorted(self.hosts)}")
        return self.hosts[name]

    def _nic(self, host: str, nic: str) -> Nic:
        nics = self._host(host).nics
        if nic not in nics:
            raise LabError(f"host {host!r} has no NIC {nic!r}; it has {sorted(nics)}")
        return nics[nic]

    def _nics_on(self, host: str, network: str) -> list[Nic]:
        return [nic for nic in self._host(host).nics.values() if nic.network == network]


def _add_namespace(name: str, sysctls: Mapping[str, str]) -> None:
    if (namespace.NETNS_DIR / name).exists():
        raise LabError(f"namespace {name!r} is there already: one lab at a time; remedy: ip netns delete {name}")
    _ip(None, [f"netns add {name}"])
    with namespace.inside(name):
        for key, value in sysctls.items():
            Path("/proc/sys/net", key).write_text(value)


def _ip(where: str | None, lines: Sequence[str]) -> None:
    target = [] if where is None else ["-n", where]
    _run([tools.find("ip"), *target, "-batch", "-"], stdin="\n".join(lines) + "\n")


def _nft(where: str, ruleset: str) -> None:
    _run([tools.find("ip"), "netns", "exec", where, tools.find("nft"), "-f", "-"], stdin=ruleset)


def _run(argv: Sequence[str], stdin: str = "", timeout_s: float = 10.0) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(argv)} did not end within {timeout_s} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise LabError(f"{' '.join(argv)} failed with {done.returncode}: {said}\n{stdin}".rstrip())
    return done
