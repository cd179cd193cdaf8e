"""The lab does what it says: faults are faults, the probe sees what a client sees, the watcher what kernels hold."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from floatip.lab import namespace, netlink
from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.faults import Direction
from floatip.lab.net import Network
from floatip.lab.observers import start_answerer, start_probe, start_watch
from floatip.lab.settings import MQTT_PORT, Settings, Vip

pytestmark = pytest.mark.lab

VIP = "10.77.0.50"
VIP6 = "fd77::50"
FAST_PING = ("ping", "-q", "-c", "3", "-i", "0.02", "-W", "0.2")


@pytest.fixture
def pair(network: Network, tmp_path: Path) -> Network:
    """Give two hosts that answer probes, n1 holding both VIPs, and a client."""
    for name in ("n1", "n2", "client"):
        network.add_host(name)
        (tmp_path / name).mkdir()
    for answerer in [start_answerer(network, name, tmp_path / name) for name in ("n1", "n2")]:
        answerer.wait_for_line("ready", 10)
    take(network, "n1")
    network.run("n1", ["ip", "addr", "add", f"{VIP6}/128", "dev", "eth0", "nodad"])
    return network


def take(net: Network, host: str) -> None:
    """Add the VIP to a host and announce it; arping sends at once, and then waits a second by itself."""
    net.run(host, ["ip", "addr", "add", f"{VIP}/32", "dev", "eth0"])
    net.spawn(host, ["arping", "-q", "-U", "-c", "1", "-I", "eth0", VIP], Path("/dev/null"))


def drop(net: Network, host: str) -> None:
    """Take the VIP from a host."""
    net.run(host, ["ip", "addr", "del", f"{VIP}/32", "dev", "eth0"])


def reaches(net: Network, source: str, target: str) -> bool:
    """Say whether a host reaches another on the data network, having forgotten its MAC and failed attempts."""
    net.run(source, ["ip", "neigh", "flush", "all"])
    address = str(net.hosts[target].nics["eth0"].ipv4.ip)
    with contextlib.suppress(LabError):
        return "100% packet loss" not in net.run(source, [*FAST_PING, address]).stdout
    return False


def has_carrier(net: Network, host: str) -> bool:
    """Say whether a host's first NIC has carrier."""
    return "LOWER_UP" in net.run(host, ["ip", "link", "show", "eth0"]).stdout


def test_a_quiet_run_loses_nothing(pair: Network, tmp_path: Path) -> None:
    """Nothing happens: every probe is answered by the owner, for little CPU."""
    with start_probe(pair, tmp_path, VIP) as probe:
        time.sleep(1.0)
    seen = probe.result
    assert seen.sent > 500
    assert (seen.lost, seen.gaps, seen.wrong_source) == (0, (), 0)
    assert seen.answered_by == ["n1"]
    assert seen.quality.cpu_percent < 25


def test_ipv6_is_probed_too(pair: Network, tmp_path: Path) -> None:
    """An IPv6 VIP is answered from its own address."""
    with start_probe(pair, tmp_path, VIP6) as probe:
        time.sleep(0.3)
    assert (probe.result.lost, probe.result.wrong_source, probe.result.answered_by) == (0, 0, ["n1"])


def test_a_move_with_a_pause_is_one_gap_of_that_length(pair: Network, tmp_path: Path) -> None:
    """The address is nowhere for 200 ms: one gap of about that length, between the right nodes."""
    with start_probe(pair, tmp_path, VIP) as probe:
        time.sleep(0.3)
        gone_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        drop(pair, "n1")
        time.sleep(0.2)
        take(pair, "n2")
        time.sleep(0.3)
    seen = probe.result
    assert [(gap.before, gap.after) for gap in seen.gaps] == [("n1", "n2")]
    assert seen.answered_by == ["n1", "n2"]
    assert 190 < seen.longest_gap_ms < 290
    assert 0 <= seen.gaps[0].start_s - gone_s < 0.1
    assert seen.lost == seen.gaps[0].lost


def test_a_move_with_overlap_loses_nothing(pair: Network, tmp_path: Path) -> None:
    """Add and announce on the new host, then remove on the old one: the client notices nothing but the name."""
    with start_probe(pair, tmp_path, VIP) as probe:
        time.sleep(0.3)
        take(pair, "n2")
        time.sleep(0.2)
        drop(pair, "n1")
        time.sleep(0.3)
    assert (probe.result.lost, probe.result.answered_by) == (0, ["n1", "n2"])


def test_an_outage_to_the_end_is_a_gap(pair: Network, tmp_path: Path) -> None:
    """Nobody answers any more: the gap is reported though nothing ended it."""
    with start_probe(pair, tmp_path, VIP) as probe:
        time.sleep(0.2)
        drop(pair, "n1")
        time.sleep(0.3)
    last = probe.result.gaps[-1]
    assert (last.before, last.after) == ("n1", None)
    assert last.length_ms > 280


def test_a_probe_without_service_says_so(pair: Network, tmp_path: Path) -> None:
    """A client that never gets an answer ends with the address it asked in vain."""
    with pytest.raises(LabError, match=r"no answer from 10\.77\.0\.51 port 7777"):
        start_probe(pair, tmp_path, "10.77.0.51", settle_s=0.2)


def test_an_answer_from_another_address_is_no_answer(pair: Network, tmp_path: Path) -> None:
    """A service that replies from the host's own address instead of the one asked is counted as lost, and named."""
    address = pair.add_host("n3").nics["eth0"].ipv4.ip
    pair.run("n3", ["ip", "addr", "add", "10.77.0.51/32", "dev", "eth0"])
    script = f"import socket; s = socket.socket(2, 2); s.bind(('{address}', 7777)); t = socket.socket(2, 2);"
    script += " t.bind(('10.77.0.51', 7777)); print('ready', flush=True)\n"
    script += "while True: data, source = t.recvfrom(64); s.sendto(data + b'n1', source)"
    pair.spawn("n3", [sys.executable, "-c", script], tmp_path / "wrong.log").wait_for_line("ready", 10)
    with start_probe(pair, tmp_path, "10.77.0.51", settle_s=0) as probe:
        time.sleep(0.3)
    seen = probe.result
    assert seen.wrong_source > 100
    assert (seen.lost, seen.segments, seen.gaps[0].before) == (seen.sent, (), None)


def test_carrier_is_lost_and_found(pair: Network) -> None:
    """Pulling the cable takes the host's carrier; putting it back brings the host back."""
    assert has_carrier(pair, "n1")
    pair.carrier("n1", "eth0", up=False)
    assert not has_carrier(pair, "n1")
    assert not reaches(pair, "client", "n1")
    pair.carrier("n1", "eth0", up=True)
    assert has_carrier(pair, "n1")
    assert reaches(pair, "client", "n1")


def test_silence_is_complete_and_keeps_carrier(pair: Network) -> None:
    """A silent port passes neither data nor ARP, either way, while the host sees a healthy link."""
    pair.silence("n1", "eth0")
    assert has_carrier(pair, "n1")
    assert not reaches(pair, "client", "n1")
    assert "lladdr" not in pair.run("client", ["ip", "neigh", "show", "10.77.0.11"]).stdout
    assert not reaches(pair, "n1", "n2")
    assert reaches(pair, "client", "n2")
    pair.heal("n1", "eth0")
    assert reaches(pair, "client", "n1")


def test_silence_is_in_force_when_the_call_returns(pair: Network, tmp_path: Path) -> None:
    """The last answered probe was sent before `silence` returned, the first lost one at most 30 ms before that."""
    with start_probe(pair, tmp_path, VIP) as probe:
        time.sleep(0.3)
        pair.silence("n1", "eth0")
        silent_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        time.sleep(0.2)
        pair.heal("n1", "eth0")
        healed_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        time.sleep(0.1)
    (gap,) = probe.result.gaps
    assert -0.002 <= silent_s - gap.start_s < 0.03
    assert -0.002 <= healed_s - (gap.start_s + gap.length_ms / 1000) < 0.03
    assert pair.unseen()["n1"][0].start_s == pytest.approx(silent_s, abs=0.01)


@pytest.mark.parametrize(("lost", "heard"), [(Direction.SENDS, "n1"), (Direction.RECEIVES, "n2")])
def test_one_way_loses_one_direction(pair: Network, lost: Direction, heard: str) -> None:
    """Datagrams arrive one way and not the other."""
    assert (reaches(pair, "n1", "n2"), reaches(pair, "n2", "n1")) == (True, True)
    pair.one_way("n1", "eth0", lost)
    sockets: dict[str, socket.socket] = {}
    for name in ("n1", "n2"):
        with namespace.inside(name):
            sockets[name] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sockets[name].bind((str(pair.hosts[name].nics["eth0"].ipv4.ip), 5000))
        sockets[name].settimeout(0.2)
    got = set()
    for name, other in (("n1", "n2"), ("n2", "n1")):
        sockets[name].sendto(b"x", sockets[other].getsockname())
        with contextlib.suppress(TimeoutError):
            sockets[other].recv(10)
            got.add(other)
    for sock in sockets.values():
        sock.close()
    assert got == {heard}


def test_mqtt_is_cut_and_nothing_else(pair: Network) -> None:
    """A node does not reach a broker elsewhere any more, silently, and everything else; healed, it does."""
    target = (str(pair.hosts["n2"].nics["eth0"].ipv4.ip), MQTT_PORT)
    with namespace.inside("n2"):
        broker = socket.create_server(target)

    def connects() -> bool:
        with namespace.inside("n1"):
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with client, contextlib.suppress(TimeoutError):
            client.settimeout(0.2)
            client.connect(target)
            return True
        return False

    with broker:
        assert connects()
        pair.cut_mqtt("n1", "eth0")
        assert not connects()
        assert reaches(pair, "n1", "n2")
        pair.heal("n1", "eth0")
        assert connects()


def test_a_kernel_says_what_it_believes_of_its_neighbours(pair: Network) -> None:
    """The table is read, each change is heard, and a MAC is the one its owner has."""
    with contextlib.closing(netlink.monitor("client", neighbours=True)) as hears:
        assert reaches(pair, "client", "n1")
        mac = pair.hosts["n1"].nics["eth0"].mac
        address = pair.hosts["n1"].nics["eth0"].ipv4.ip
        assert netlink.neighbours("client")[address] == mac
        assert mac in netlink.macs("n1").values()
        pair.run("client", ["ip", "neigh", "flush", "all"])
        assert netlink.neighbours("client").get(address) is None
        heard = []
        with contextlib.suppress(BlockingIOError):
            while True:
                heard += [one.mac for one in netlink.beliefs(hears.recv(65536)) if one.address == address]
    assert mac in heard
    assert heard[-1] is None


def test_a_split_parts_groups_only(pair: Network) -> None:
    """Hosts of different groups do not reach each other; hosts in no group reach all."""
    pair.add_host("n3")
    pair.split([["n1"], ["n2", "n3"]])
    found = {(a, b): reaches(pair, a, b) for a, b in (("n1", "n2"), ("n3", "n1"), ("n2", "n3"), ("client", "n1"))}
    assert found == {("n1", "n2"): False, ("n3", "n1"): False, ("n2", "n3"): True, ("client", "n1"): True}
    pair.unsplit()
    assert reaches(pair, "n1", "n2")


def test_loss_is_about_what_was_asked(pair: Network, tmp_path: Path) -> None:
    """30 % each way on the owner's port: about half of the probes come back; 0 ends it."""
    pair.loss("n1", "eth0", 30)
    with start_probe(pair, tmp_path, VIP) as probe:
        time.sleep(1.0)
    share = probe.result.lost / probe.result.sent
    assert 0.40 < share < 0.62  # 1 - 0.7 * 0.7 = 0.51
    pair.loss("n1", "eth0", 0)
    with start_probe(pair, tmp_path, VIP) as probe:
        time.sleep(0.2)
    assert probe.result.lost == 0


def test_the_watcher_measures_double_ownership(pair: Network, tmp_path: Path) -> None:
    """The address is on both hosts for 300 ms and on none for 200 ms, and the watcher says so."""
    with start_watch(["n1", "n2"], tmp_path, [VIP]) as watch:
        take(pair, "n2")
        time.sleep(0.3)
        drop(pair, "n1")
        assert netlink.bound_on(["n1", "n2"], IPv4Address(VIP)) == {"n2"}
        drop(pair, "n2")
        time.sleep(0.2)
        take(pair, "n1")
    found = watch.result.overlap(IPv4Address(VIP))
    assert 300 <= found.longest_two_ms < 420
    assert found.two_ms == found.longest_two_ms
    assert 200 <= found.longest_none_ms < 320
    assert len(watch.result.held[IPv4Address(VIP)]["n1"]) == 2
    assert watch.result.overruns == 0


def test_a_dead_machine_is_dead(pair: Network, tmp_path: Path) -> None:
    """Nothing answers, no process is left, and the address it had is no double ownership; booted, it is back."""
    with start_watch(["n1", "n2"], tmp_path, [VIP]) as watch:
        pair.kill_machine("n1")
        take(pair, "n2")
        assert not reaches(pair, "client", "n1")
        assert namespace.pids("n1") == []
        unseen = pair.unseen()
        pair.boot_machine("n1")
    assert watch.result.overlap(IPv4Address(VIP), unseen).two_ms == 0
    assert reaches(pair, "client", "n1")
    assert not netlink.bound_on(["n1"], IPv4Address(VIP))


def test_a_frozen_machine_answers_arp_alone(pair: Network, tmp_path: Path) -> None:
    """Its processes stand still, its kernel goes on; thawed, the service is back."""
    with start_probe(pair, tmp_path, VIP) as probe:
        pair.freeze_machine("n1")
        time.sleep(0.3)
        assert reaches(pair, "client", "n1")
        pair.thaw_machine("n1")
        time.sleep(0.2)
    assert probe.result.longest_gap_ms > 150
    assert probe.result.late > 0
    assert probe.result.segments[-1].end_s > probe.result.end_s - 0.05


def test_three_nodes_and_a_client_are_built_in_a_second(network: Network) -> None:
    """Building is quick enough to be done for every test."""
    start_s = time.monotonic()
    for name in ("n1", "n2", "n3", "client"):
        network.add_host(name)
    assert time.monotonic() - start_s < 1.0


def test_a_cluster_of_stand_ins(start_cluster: Callable[[Settings], Cluster], fake_daemon: Path) -> None:
    """Brokers, services and daemons start, faults by name reach them, the client sees the move, all ends in order."""
    cluster = start_cluster(Settings(brokers=3, daemon=(sys.executable, str(fake_daemon))))
    cluster.wait_settled()
    assert cluster.bound_on(VIP) == {"n1"}
    assert all(broker.accepts() for broker in cluster.brokers.values())
    with cluster.watch() as watch, cluster.probe() as probe:
        cluster.freeze_daemon("n1")
        os.kill(cluster.daemons["n2"].pid, signal.SIGUSR1)
        cluster.wait_for(lambda: cluster.bound_on(VIP) == {"n1", "n2"}, 5, "n2 takes the VIP")
        cluster.thaw_daemon("n1")
        assert cluster.stop_daemon("n1") == 0
        cluster.wait_for(lambda: cluster.bound_on(VIP) == {"n2"}, 5, "n1 gives the VIP up")
        time.sleep(0.2)
    assert probe.result.answered_by == ["n1", "n2"]
    assert watch.result.overlap(IPv4Address(VIP)).longest_two_ms > 0
    assert cluster.live() == ["n2", "n3"]
    cluster.kill_machine("n2")
    cluster.boot_machine("n2")
    cluster.wait_for(lambda: not cluster.bound_on(VIP), 5, "the VIP is gone with its machine")


def test_a_broker_dies_freezes_and_returns(start_cluster: Callable[[Settings], Cluster], fake_daemon: Path) -> None:
    """A frozen or dead broker takes no connection; it does again afterwards; over the data network too."""
    broker = start_cluster(
        Settings(nodes=1, mqtt="data", daemon=(sys.executable, str(fake_daemon)), vips=[Vip(addresses=["10.77.0.51"])])
    ).brokers["b1"]
    assert broker.address == "10.77.0.1"
    broker.restart()
    broker.kill()
    assert not broker.accepts()
    broker.start()
    broker.freeze()
    assert broker.process.alive
    broker.thaw()
    assert broker.accepts()
    broker.stop()
    assert broker.process.exit_code == 0


def test_a_broker_on_a_node_dies_with_it_and_may_remember(
    start_cluster: Callable[[Settings], Cluster], fake_daemon: Path
) -> None:
    """It has the node's address, is started when the machine is, and keeps what it wrote until it is told to forget."""
    settings = Settings(
        nodes=2,
        daemon=(sys.executable, str(fake_daemon)),
        broker_hosts={"b1": "n1"},
        broker_persistence=True,
    )
    cluster = start_cluster(settings)
    broker = cluster.brokers["b1"]
    assert broker.address == "10.78.0.11"
    cluster.kill_machine("n1")
    assert not broker.process.alive
    cluster.boot_machine("n1")
    assert broker.accepts()
    broker.stop()
    written = cluster.home_of("b1") / "mosquitto.db"
    assert written.exists()
    broker.forget()
    assert not written.exists()


def test_a_failed_wait_shows_the_logs(start_cluster: Callable[[Settings], Cluster], fake_daemon: Path) -> None:
    """What did not happen in time is named, with who has the address and what the daemons said."""
    cluster = start_cluster(Settings(nodes=2, daemon=(sys.executable, str(fake_daemon))))
    cluster.wait_settled()
    cluster.daemons["n2"].wait_for_line("n2 of lab, brokers ['mqtt://10.78.0.1:1883']", 5)
    with pytest.raises(LabError, match=r"(?s)n2 has the VIP; bound: .*\['n1'\].*n2 of lab") as failure:
        cluster.wait_for(lambda: "n2" in cluster.bound_on(VIP), 0.1, "n2 has the VIP")
    assert "mosquitto" in str(failure.value)


def test_nothing_is_left_of_a_cluster(network: Network, fake_daemon: Path) -> None:
    """After the end there is no namespace, no process of it and no file."""
    network.close()
    before = set(Path("/run").iterdir())
    with Cluster(Settings(daemon=(sys.executable, str(fake_daemon)))) as cluster:
        pids = [daemon.pid for daemon in cluster.daemons.values()]
    assert set(Path("/run").iterdir()) == before
    assert list(namespace.NETNS_DIR.iterdir()) == []
    assert not [pid for pid in pids if Path("/proc", str(pid)).exists()]


def descendants(pid: int) -> Iterator[int]:
    """Give the pids of a process and of all below it."""
    yield pid
    for children in Path("/proc", str(pid), "task").glob("*/children"):
        for child in children.read_text().split():
            yield from descendants(int(child))


def start_sandbox(script: str) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a sandbox with a shell script that says "up", and give all its pids as seen from here."""
    argv = [sys.executable, "-m", "floatip.lab.sandbox", "--", "sh", "-c", script]
    outer = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert outer.stdout is not None
    assert outer.stdout.readline() == "up\n"
    return outer, list(descendants(outer.pid))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_sandbox_leaves_nothing_behind(programs: None, number: signal.Signals) -> None:
    """Killed, asked to end, or Ctrl-C (to the whole group): every process inside dies, no mount is left outside."""
    mounts = Path("/proc/self/mountinfo").read_text()
    script = "ip netns add x; ip netns exec x sleep 1000 & setsid sleep 1000 & sleep 0.2; echo up; exec sleep 1000"
    outer, pids = start_sandbox(script)
    assert len(pids) >= 5
    if number == signal.SIGINT:
        os.killpg(outer.pid, number)
    else:
        outer.send_signal(number)
    outer.communicate(timeout=10)
    assert outer.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    deadline_s = time.monotonic() + 5
    while left := [pid for pid in pids if Path("/proc", str(pid), "exe").exists()]:
        assert time.monotonic() < deadline_s, left
        time.sleep(0.01)
    assert Path("/proc/self/mountinfo").read_text() == mounts


def test_the_sandbox_is_private_and_passes_the_exit_code(programs: None) -> None:
    """Inside, /run is empty, lo is the only interface and up, the mark is set; exit code and signals come out."""
    script = 'ls /run; ls -A /run/netns; ip -br link | cut -d" " -f1; cat /proc/1/comm; echo $FLOATIP_SANDBOX; exit 7'
    argv = [sys.executable, "-m", "floatip.lab.sandbox", "--", "sh", "-c"]
    done = subprocess.run([*argv, script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[:2] == ["netns", "lo"]
    assert done.stdout.splitlines()[-1] == "1"
    assert done.returncode == 7
    assert subprocess.run([*argv, "kill -9 $$"], check=False).returncode == 128 + 9
    missing = subprocess.run([*argv[:-2], "no-such-program"], capture_output=True, text=True, check=False)
    assert (missing.returncode, missing.stderr.count("cannot run 'no-such-program'")) == (1, 1)
