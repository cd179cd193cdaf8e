"""What is done to the owner, and how it is undone, the same for both systems. Never: measures."""

from collections.abc import Callable
from dataclasses import dataclass

from floatip.lab.cluster import CLIENT
from tests.bench.systems import System

NIC = "eth0"
Act = Callable[[System, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A strike at the owner, and how the node is made whole again."""

    strike: Act
    heal: Act


def _start_again(system: System, owner: str) -> None:
    """Start the daemon of a node on which none runs."""
    if system.cluster.daemons[owner].alive:
        system.cluster.daemons[owner].wait(20.0)
    system.clean(owner)
    system.cluster.start_daemon(owner)


def _stop(system: System, owner: str) -> None:
    system.cluster.daemons[owner].terminate()


def _kill(system: System, owner: str) -> None:
    system.cluster.kill_daemon(owner)


def _kill_all(system: System, owner: str) -> None:
    system.kill_all(owner)


def _freeze(system: System, owner: str) -> None:
    system.cluster.freeze_daemon(owner)


def _thaw(system: System, owner: str) -> None:
    system.cluster.thaw_daemon(owner)


def _pull(system: System, owner: str) -> None:
    system.cluster.net.carrier(owner, NIC, up=False)


def _plug(system: System, owner: str) -> None:
    system.cluster.net.carrier(owner, NIC, up=True)


def _silence(system: System, owner: str) -> None:
    system.cluster.net.silence(owner, NIC)


def _unsilence(system: System, owner: str) -> None:
    system.cluster.net.heal(owner, NIC)


def _stop_machine(system: System, owner: str) -> None:
    """No process of the host runs any more, and no frame passes either way."""
    system.cluster.net.freeze_machine(owner)
    for nic in system.cluster.net.hosts[owner].nics:
        system.cluster.net.silence(owner, nic)


def _boot(system: System, owner: str) -> None:
    system.cluster.kill_machine(owner)
    system.cluster.boot_machine(owner)


def _split(system: System, owner: str) -> None:
    """Owner and client on one side, all others (and the brokers, if they are on that LAN) on the other."""
    rest = [name for name in system.cluster.net.hosts if name not in {owner, CLIENT}]
    system.cluster.net.split([[owner, CLIENT], rest])


def _join(system: System, _owner: str) -> None:
    system.cluster.net.unsplit()


def _move(system: System, owner: str) -> None:
    system.move(owner)


def _unmove(system: System, owner: str) -> None:
    system.unmove(owner)


FAULTS = {
    "move": Fault(strike=_move, heal=_unmove),
    "stop": Fault(strike=_stop, heal=_start_again),
    "kill": Fault(strike=_kill, heal=_start_again),
    "kill all": Fault(strike=_kill_all, heal=_start_again),
    "freeze": Fault(strike=_freeze, heal=_thaw),
    "carrier": Fault(strike=_pull, heal=_plug),
    "silence": Fault(strike=_silence, heal=_unsilence),
    "machine": Fault(strike=_stop_machine, heal=_boot),
    "split": Fault(strike=_split, heal=_join),
}
