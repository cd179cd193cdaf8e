"""This kernel does what floatip relies on: lifetimes, notifications, settings, and one floatip per namespace."""

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest

from floatip.host.addresses import Addresses, Alias, Outcome
from floatip.host.errors import LockError
from floatip.host.links import lan_addresses, links
from floatip.host.lock import HostLock
from floatip.host.messages import FOREVER, pack_add
from floatip.host.netlink import DONE
from floatip.host.sysctls import SysctlError, Sysctls
from floatip.host.watch import AddressAppeared, AddressGone, HostEvent, LinkChanged, Overrun, Watcher
from tests.contract.namespace import ip, private_network

pytestmark = pytest.mark.lab

WEB4 = Alias(address=IPv4Address("10.77.0.50"), prefix=32, interface="eth0", label="web")
WEB6 = Alias(address=IPv6Address("fd77::50"), prefix=128, interface="eth0", label="web")
WEB = (WEB4, WEB6)
THOUSAND = tuple(
    Alias(address=ip_address(f"10.77.{1 + number // 250}.{number % 250}"), prefix=32, interface="eth0", label="many")
    for number in range(1000)
)
BATCH_S = 0.25  # what a thousand addresses may take on a machine busy with other things; alone they take a tenth


@pytest.fixture
def network() -> Iterator[None]:
    """Give a network namespace with eth0 and eth1."""
    with private_network(["eth0", "eth1"]):
        yield


@pytest.fixture
def addresses(network: None) -> Iterator[Addresses]:
    """Give the addresses of that namespace."""
    opened = Addresses()
    opened.open()
    yield opened
    opened.close()


class Listener:
    """A watcher on the running loop, what it told, and what the test's own removals are told to."""

    def __init__(self) -> None:
        self.events: list[HostEvent] = []
        self.watcher = Watcher(self.events.append)
        self.watcher.watch([WEB4.address, WEB6.address, *(it.address for it in THOUSAND)], ["eth0"])
        self.addresses = Addresses(removed=self.watcher.disregard)

    async def until(self, wanted: Callable[[HostEvent], bool], timeout_s: float = 5.0) -> HostEvent:
        """Wait for an event like this."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for event in self.events:
                if wanted(event):
                    return event
            await asyncio.sleep(0.001)
        pytest.fail(f"not told within {timeout_s} s, only {self.events}")

    async def quiet(self) -> list[HostEvent]:
        """Give what was told once everything that has happened was read."""
        await asyncio.sleep(0.05)
        return self.events


@pytest.fixture
async def listener(network: None) -> AsyncIterator[Listener]:
    """Give a watcher that listens on the test's loop."""
    made = Listener()
    made.addresses.open()
    made.watcher.open()
    made.watcher.start(asyncio.get_running_loop())
    yield made
    made.watcher.close()
    made.addresses.close()


def gone(alias: Alias) -> Callable[[HostEvent], bool]:
    """Match the event that this address left eth0."""
    return lambda event: isinstance(event, AddressGone) and event.address == alias.address


def shown(alias: Alias) -> str:
    """Give the line that ip(8) prints for this address."""
    return ip(f"-o addr show to {alias.address}")


def errors(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Give the outcomes that are errors."""
    return [it for it in outcomes if it.error is not None]


def test_ip_shows_label_lifetime_and_flags(addresses: Addresses) -> None:
    """An operator who looks with ip(8) sees the alias, its lifetime, and why nothing starts from it."""
    addresses.ensure(WEB, 30)
    assert "inet 10.77.0.50/32 scope global dynamic noprefixroute eth0:web" in shown(WEB4)
    v6 = shown(WEB6)
    assert "inet6 fd77::50/128 scope global nodad deprecated dynamic noprefixroute" in v6
    assert "preferred_lft 0sec" in v6
    assert "tentative" not in v6


def test_ipv6_renewal_keeps_every_flag(addresses: Addresses) -> None:
    """An IPv6 replacement drops what is not repeated, so everything is."""
    addresses.ensure([WEB6], 30)
    before = shown(WEB6).split("valid_lft")[0]
    addresses.ensure([WEB6], 30)
    assert shown(WEB6).split("valid_lft")[0] == before


def test_ipv6_vip_is_no_source_unless_asked(addresses: Addresses) -> None:
    """Outgoing connections start from the host's own address; with `source` they may start from the VIP."""
    ip("addr add fd77::11/64 dev eth0 nodad")

    def source_of_new_connections() -> str:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(("fd77::51", 9))  # a route lookup; nothing is sent
            return str(probe.getsockname()[0])

    addresses.ensure([WEB6], 30)
    assert source_of_new_connections() == "fd77::11"
    addresses.remove([WEB6])
    addresses.ensure([Alias(address=WEB6.address, prefix=128, interface="eth0", label="web", source=True)], 30)
    assert source_of_new_connections() == "fd77::50"


def test_refused_address_tells_the_kernels_reason_and_a_remedy(addresses: Addresses) -> None:
    """The error of an alias names it, repeats the kernel's own words, and says what helps."""
    Path("/proc/sys/net/ipv6/conf/eth0/disable_ipv6").write_text("1\n", encoding="ascii")
    good, bad = addresses.ensure(WEB, 30)
    assert good.error is None
    assert bad.error is not None
    assert "fd77::50/128 on eth0 could not be added" in bad.error
    assert "disable_ipv6=0" in bad.error


def test_thousand_addresses_in_one_batch(addresses: Addresses) -> None:
    """Adding, renewing and removing a thousand is three short calls."""
    addresses.prepare(THOUSAND)
    took_s = []
    for action, left in (("add", 1000), ("renew", 1000), ("remove", 0)):
        began_s = time.perf_counter()
        outcomes = addresses.remove(THOUSAND) if action == "remove" else addresses.ensure(THOUSAND, 30)
        took_s.append(time.perf_counter() - began_s)
        assert errors(outcomes) == []
        assert sum(1 for it in addresses.present() if it.ours) == left
    assert max(took_s) < BATCH_S, took_s


def test_batch_larger_than_the_buffers_is_sent_in_chunks(addresses: Addresses) -> None:
    """A small socket buffer costs sends, not addresses; refusals are told for each alias all the same."""
    addresses._socket._most = 7
    lost = Alias(address=IPv4Address("10.77.0.51"), prefix=32, interface="eth9", label="lost")
    outcomes = addresses.ensure([*THOUSAND[:50], lost], 30)
    assert [it.alias for it in outcomes if it.error] == [lost]
    assert sum(1 for it in addresses.present() if it.ours) == 50


def test_thousand_refusals_are_all_answered(addresses: Addresses) -> None:
    """Each failing request is answered even though only the last one asks for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("floatip.host.addresses.indexes", lambda _: {"eth0": 9999})
        outcomes = addresses.ensure(THOUSAND, 30)
    assert {it.errno for it in outcomes} == {errno.ENODEV}


def test_links_tell_macs_states_and_addresses(addresses: Addresses) -> None:
    """A link is up with carrier, and its own addresses are those that are neither VIPs nor link-local."""
    ip("addr add 10.77.0.11/16 dev eth0")
    ip("addr add fe80::11/64 dev eth0 nodad")
    ip("link set p-eth1 down")
    addresses.ensure(WEB, 30)
    found = links()
    assert found["eth0"].up
    assert not found["eth1"].up
    assert found["lo"].up
    assert found["eth0"].index == socket.if_nametoindex("eth0")
    assert f"link/ether {found['eth0'].mac} " in ip("link show eth0")
    assert lan_addresses(found["eth0"], {it.address for it in WEB}) == (IPv4Address("10.77.0.11"),)


async def test_own_additions_renewals_and_removals_are_no_news(listener: Listener) -> None:
    """What floatip did itself comes back as nothing."""
    for _ in range(3):
        assert errors(listener.addresses.ensure(WEB, 30)) == []
    assert errors(listener.addresses.remove(WEB)) == []
    assert errors(listener.addresses.ensure(WEB, 30)) == []
    assert await listener.quiet() == []


async def test_thousand_renewals_wake_nobody(listener: Listener) -> None:
    """The kernel drops our own echoes before they reach the watcher's buffer."""
    listener.addresses.ensure(THOUSAND, 30)
    listener.addresses.ensure(THOUSAND, 30)
    assert listener.watcher._socket is not None
    with pytest.raises(BlockingIOError):
        listener.watcher._socket.recv(1)
    assert await listener.quiet() == []


@pytest.mark.parametrize("alias", WEB, ids=["ipv4", "ipv6"])
async def test_removal_by_hand_is_told(listener: Listener, alias: Alias) -> None:
    """`ip addr del` is told at once, and once."""
    listener.addresses.ensure(WEB, 30)
    ip(f"addr del {alias.address}/{alias.prefix} dev eth0")
    event = await listener.until(gone(alias))
    assert isinstance(event, AddressGone)
    assert (event.prefix, event.interface) == (alias.prefix, "eth0")
    assert (event.by_pid is None) == (alias is WEB6)
    assert len(await listener.quiet()) == 1


async def test_removal_by_hand_between_own_ones_is_told(listener: Listener) -> None:
    """Our own removals are counted, so that somebody else's does not pass for one of them."""
    listener.addresses.ensure(WEB, 30)
    listener.addresses.remove(WEB)
    listener.addresses.ensure(WEB, 30)
    ip("addr del 10.77.0.50/32 dev eth0")
    listener.addresses.remove(WEB)
    told = await listener.quiet()
    assert [type(it) for it in told] == [AddressGone]


async def test_flush_is_told_for_every_address(listener: Listener) -> None:
    """`ip addr flush` takes all, and all are told."""
    listener.addresses.ensure(WEB, 30)
    ip("addr flush dev eth0")
    for alias in WEB:
        await listener.until(gone(alias))


async def test_link_down_is_told_with_the_addresses_it_takes_along(listener: Listener) -> None:
    """Switching the interface off loses its IPv6 addresses, and the link itself."""
    listener.addresses.ensure(WEB, 30)
    ip("link set eth0 down")
    await listener.until(gone(WEB6))
    await listener.until(lambda event: isinstance(event, LinkChanged) and not event.up and event.exists)


async def test_carrier_loss_and_return_are_told(listener: Listener) -> None:
    """Pulling the cable at the other end is told, and so is plugging it in."""
    ip("link set p-eth0 down")
    await listener.until(lambda event: isinstance(event, LinkChanged) and not event.up)
    listener.events.clear()
    ip("link set p-eth0 up")
    event = await listener.until(lambda event: isinstance(event, LinkChanged) and event.up)
    assert event == LinkChanged(
        interface="eth0", index=socket.if_nametoindex("eth0"), up=True, mac=links()["eth0"].mac, exists=True
    )


async def test_new_mac_is_told(listener: Listener) -> None:
    """Announcements carry the MAC, so a new one is news."""
    ip("link set eth0 address 02:00:00:00:00:77")
    await listener.until(lambda event: isinstance(event, LinkChanged) and event.mac == "02:00:00:00:00:77")


async def test_deleted_interface_is_told_after_its_addresses(listener: Listener) -> None:
    """Addresses go first, under the name that the interface had."""
    listener.addresses.ensure(WEB, 30)
    ip("link del eth0")
    event = await listener.until(lambda event: isinstance(event, LinkChanged) and not event.exists)
    assert isinstance(event, LinkChanged)
    assert event.interface == "eth0"
    before = listener.events[: listener.events.index(event)]
    assert {it.address for it in before if isinstance(it, AddressGone)} == {it.address for it in WEB}
    assert {it.interface for it in before if isinstance(it, AddressGone)} == {"eth0"}


async def test_vip_added_by_hand_is_told(listener: Listener) -> None:
    """A VIP that appears without our doing is told with what it is, on whichever interface."""
    ip("addr add 10.77.0.50/24 dev eth1")
    event = await listener.until(lambda event: isinstance(event, AddressAppeared))
    assert isinstance(event, AddressAppeared)
    assert (event.address, event.prefix, event.interface) == (WEB4.address, 24, "eth1")
    assert (event.permanent, event.ours) == (True, False)
    assert event.by_pid is not None


@pytest.mark.parametrize("signed", [False, True], ids=["by hand", "under our number"])
async def test_own_address_made_permanent_is_told(listener: Listener, signed: bool) -> None:
    """An address that no longer goes by itself has lost its last net, whoever did it."""
    listener.addresses.ensure(WEB, 30)
    if signed:
        forever = pack_add(WEB4.address, 32, label="eth0:web", source=False)
        request = forever.patched(index=socket.if_nametoindex("eth0"), lifetime_s=FOREVER)
        assert listener.addresses._socket.send([request]) == [DONE]
    else:
        ip("addr change 10.77.0.50/32 dev eth0 valid_lft forever preferred_lft forever")
    event = await listener.until(lambda event: isinstance(event, AddressAppeared))
    assert isinstance(event, AddressAppeared)
    assert (event.permanent, event.ours) == (True, False)


@pytest.mark.slow
async def test_expiry_is_told(listener: Listener) -> None:
    """An address that the kernel took away because nobody renewed it is gone like any other."""
    listener.addresses.ensure(WEB, 1)
    for alias in WEB:
        event = await listener.until(gone(alias))
        assert isinstance(event, AddressGone)
        assert event.by_pid is None


async def test_overrun_is_told_and_survived(listener: Listener, tmp_path: Path) -> None:
    """More notifications than the buffer holds: say so once they are lost, and go on."""
    opened = listener.watcher._socket
    assert opened is not None
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    batch = tmp_path / "batch"
    batch.write_text("".join(f"addr add {it.address}/32 dev eth0\n" for it in THOUSAND), encoding="ascii")
    ip(f"-batch {batch}")
    await listener.until(lambda event: isinstance(event, Overrun))
    await listener.quiet()
    listener.events.clear()
    ip("addr add 10.77.0.50/32 dev eth0")
    await listener.until(lambda event: isinstance(event, AddressAppeared) and event.address == WEB4.address)


def test_lock_is_refused_to_a_second_process_until_the_first_ends(network: None) -> None:
    """The refusal names the process; killing it, however hard, is enough to let the next one in."""
    program = (
        "import time; from floatip.host.lock import HostLock; lock = HostLock(); lock.acquire(); "
        "print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    with holder:
        try:
            assert holder.stdout is not None
            holder.stdout.readline()
            lock = HostLock()
            for _ in range(2):
                with pytest.raises(LockError, match=rf"process {holder.pid}, holds @floatip-host .* `kill") as caught:
                    lock.acquire()
                assert caught.value.pid == holder.pid
                assert not lock.held
            holder.send_signal(signal.SIGKILL)
            holder.wait(5)
            with lock:
                assert lock.held
        finally:
            holder.kill()


def test_lock_is_one_per_network_namespace(network: None) -> None:
    """Two hosts of a lab, which share everything but the network, do not see each other's lock."""
    with HostLock(), private_network([]), HostLock() as other:
        assert other.held


def test_released_lock_can_be_taken_again(network: None) -> None:
    """Release is at once, and twice is fine."""
    first, second = HostLock(), HostLock()
    first.acquire()
    first.acquire()
    with pytest.raises(LockError) as caught:
        second.acquire()
    assert caught.value.pid == os.getpid()
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_sysctls_are_enforced_and_restored_for_real(network: None) -> None:
    """The kernel has the values afterwards, and the old ones after a restore."""
    sysctls = Sysctls()
    rows = sysctls.wanted(["eth0", "eth1"], prefixes_other_than_host=True, failover_interfaces=["eth0", "eth1"])
    before = {row.key: Path("/proc/sys", row.path).read_text(encoding="ascii") for row in rows}
    changes = sysctls.enforce(rows)
    assert {it.key for it in changes} >= {f"net.ipv4.conf.eth{n}.arp_ignore" for n in (0, 1)}
    assert sysctls.check(rows) == []
    assert Path("/proc/sys/net/ipv4/conf/eth0/arp_announce").read_text(encoding="ascii") == "2\n"
    assert sysctls.enforce(rows) == []
    assert len(sysctls.restore(changes)) == len(changes)
    assert {row.key: Path("/proc/sys", row.path).read_text(encoding="ascii") for row in rows} == before


def test_sysctl_of_all_that_breaks_answering_is_refused_for_real(network: None) -> None:
    """An arp_ignore=8 on `all` wins over the interface, so it is refused by name."""
    Path("/proc/sys/net/ipv4/conf/all/arp_ignore").write_text("8\n", encoding="ascii")
    sysctls = Sysctls()
    with pytest.raises(SysctlError, match=r"net\.ipv4\.conf\.all\.arp_ignore is 8"):
        sysctls.enforce(sysctls.wanted(["eth0"]))


def test_interface_with_a_dot_in_its_name_is_enforced_for_real(network: None) -> None:
    """A name like that of a VLAN is one level of /proc/sys, not two."""
    ip("link set eth1 down")
    ip("link set eth1 name eth0.100")
    sysctls = Sysctls()
    rows = sysctls.wanted(["eth0.100"])
    assert len(sysctls.enforce(rows)) >= 3
    assert sysctls.check(rows) == []
