"""Migration of plain aliases between real hosts: clients lose nothing, and whatever is cut off is gone on with."""

import os
import random
import subprocess
import time
from contextlib import ExitStack

import pytest

from floatip.lab.cluster import Cluster
from tests.lab.alias_scene import (
    ALIAS,
    add_alias,
    argv,
    floatip,
    for_good,
    hears,
    migrate,
    ready,
    reboot,
    remove_alias,
    settings,
    write_boot_file,
)
from tests.lab.cluster_scene import VIP, settled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

SEED = int(os.environ.get("FLOATIP_SEED", "1"))
KILLS = int(os.environ.get("FLOATIP_KILLS", "8"))
LONGEST_S = 2.0
"""A migration takes about so long."""
FLEET = [f"10.77.2.{number}" for number in range(1, 21)]


@pytest.mark.parametrize("address", [ALIAS, "fd77::60"])
def test_an_alias_moves_without_a_lost_probe(address: str) -> None:
    """There and back: proven, on exactly one host, for good, and nothing is lost at a probe per millisecond."""
    with Cluster(settings()) as cluster:
        ready(cluster)
        add_alias(cluster, "n1", address)
        with cluster.probe(address) as probe:
            for source, target in (("n1", "n2"), ("n2", "n1"), ("n1", "n2")):
                told = floatip(cluster, "n3", "migrate", address, "--from", source, "--to", target, "--dry-run")
                assert (told.returncode, cluster.bound_on(address)) == (0, {source})
                moved = migrate(cluster, address, source, target)
                assert (moved.returncode, moved.stderr) == (0, ""), moved.stdout
                assert f"{address} is on {target} alone, seen by n3" in moved.stdout
                assert cluster.bound_on(address) == {target}
                assert for_good(cluster, target, address)
            again = migrate(cluster, address, "n1", "n2")
            assert (again.returncode, cluster.bound_on(address)) == (0, {"n2"})
        assert (probe.result.lost, probe.result.wrong_source) == (0, 0)
        assert probe.result.answered_by[-1] == "n2"
        if ":" not in address:  # who looks for an IPv6 address makes all that have it announce it
            assert probe.result.answered_by == ["n1", "n2", "n1", "n2"]


def test_two_nodes_prove_it_to_each_other() -> None:
    """Without a third node the source sees the target answer, and then alone."""
    with Cluster(settings()) as cluster:
        ready(cluster)
        cluster.kill_machine("n3")
        cluster.wait_for(lambda: not hears(cluster, "n3", "n1"), 20.0, "n3 is taken for dead")
        add_alias(cluster, "n1", ALIAS)
        with cluster.probe(ALIAS) as probe:
            moved = floatip(cluster, "n1", "migrate", ALIAS, "--from", "n1", "--to", "n2")
        assert moved.returncode == 0, moved.stdout + moved.stderr
        assert f"{ALIAS} is on n2 alone, seen by n1" in moved.stdout
        assert (probe.result.lost, cluster.bound_on(ALIAS)) == (0, {"n2"})


def test_a_vips_address_goes_by_a_failover() -> None:
    """The VIP moves as a whole, and has no second entry anywhere."""
    with Cluster(settings()) as cluster:
        owner = settled(cluster)
        ready(cluster)
        time.sleep(2.0)
        target = "n1" if owner != "n1" else "n2"
        with cluster.probe(VIP) as probe:
            moved = migrate(cluster, VIP, owner, target)
        assert moved.returncode == 0, moved.stdout + moved.stderr
        assert (cluster.bound_on(VIP), probe.result.lost) == ({target}, 0)
        assert not for_good(cluster, target, VIP)
        elsewhere = next(name for name in cluster.settings.node_names if name not in {owner, target})
        refused = migrate(cluster, VIP, owner, elsewhere)
        assert refused.returncode == 4
        assert f"is owned by {target}, not by {owner}" in refused.stderr


def move_all(cluster: Cluster, addresses: list[str]) -> None:
    """The operator's script: one address after the other; an error ends it."""
    for address in addresses:
        moved = migrate(cluster, address, "n1", "n2")
        assert moved.returncode == 0, moved.stdout + moved.stderr


def test_twenty_addresses_and_a_reboot_of_the_source_in_the_middle() -> None:
    """The same script is run again afterwards: each address is on one host, and those that had moved lost nothing."""
    with Cluster(settings()) as cluster:
        ready(cluster)
        write_boot_file(cluster, "n1", FLEET)
        add_alias(cluster, "n1", *FLEET)
        half = len(FLEET) // 2
        with ExitStack() as stack:
            moved = [stack.enter_context(cluster.probe(address)) for address in (FLEET[0], FLEET[half - 1])]
            move_all(cluster, FLEET[:half])
            command = argv(cluster, "n3", "migrate", FLEET[half], "--from", "n1", "--to", "n2")
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
                assert running.stdout is not None
                assert any("n2 has added" in line for line in running.stdout)
                reboot(cluster, "n1", FLEET)
            assert cluster.bound_on(FLEET[0]) == {"n1", "n2"}
            late = stack.enter_context(cluster.probe(FLEET[-1]))
            move_all(cluster, FLEET)
        for address in FLEET:
            assert cluster.bound_on(address) == {"n2"}
            assert for_good(cluster, "n2", address)
        assert [probe.result.lost for probe in (*moved, late)] == [0, 0, 0]
        assert [probe.result.answered_by for probe in (*moved, late)] == [["n1", "n2"]] * 3
        audited = floatip(cluster, "n3", "audit")
        assert audited.returncode == 7
        assert audited.stdout.count("a reboot would bring") == len(FLEET)


def test_a_script_that_is_killed_at_any_moment_is_run_again() -> None:
    """After kill -9 somebody has the address; the same command then ends as it should, and no probe is lost."""
    chance = random.Random(SEED)
    print(f"FLOATIP_SEED={SEED}")
    with Cluster(settings()) as cluster:
        ready(cluster)
        add_alias(cluster, "n1", ALIAS)
        source, target = "n1", "n2"
        with cluster.probe(ALIAS) as probe:
            for _ in range(KILLS):
                command = argv(cluster, "n3", "migrate", ALIAS, "--from", source, "--to", target)
                running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0.2, LONGEST_S))
                running.kill()
                running.wait()
                assert cluster.bound_on(ALIAS)
                moved = migrate(cluster, ALIAS, source, target)
                assert moved.returncode == 0, moved.stdout + moved.stderr
                assert cluster.bound_on(ALIAS) == {target}
                assert for_good(cluster, target, ALIAS)
                source, target = target, source
        assert probe.result.lost == 0


def test_refusals() -> None:
    """A host's own address, what nobody has, what a stranger has too, a node that is dead or unknown: exit 4."""
    with Cluster(settings()) as cluster:
        ready(cluster)
        add_alias(cluster, "n1", ALIAS)
        for address, source, target, words in (
            ("10.77.0.11", "n1", "n2", "it is n1's own address on eth0"),
            ("10.77.0.99", "n1", "n2", "neither n1 nor n2 has it"),
            (ALIAS, "n1", "n9", "no node of cluster lab is named 'n9'"),
            (ALIAS, "n9", "n1", "no node of cluster lab is named 'n9'"),
        ):
            refused = migrate(cluster, address, source, target)
            assert (refused.returncode, refused.stdout) == (4, "")
            assert words in refused.stderr
        assert migrate(cluster, ALIAS, "n1", "n1").returncode == 2
        cluster.net.run("client", ["ip", "addr", "add", f"{ALIAS}/32", "dev", "eth0"])
        refused = migrate(cluster, ALIAS, "n1", "n2")
        assert refused.returncode == 4
        assert "n2 should see n1 alone answer for it on the LAN, and sees" in refused.stderr
        remove_alias(cluster, "client", ALIAS)
        cluster.kill_machine("n2")
        cluster.wait_for(lambda: not hears(cluster, "n2"), 20.0, "n2 is taken for dead")
        refused = migrate(cluster, ALIAS, "n1", "n2")
        assert (refused.returncode, "n2 is not alive" in refused.stderr) == (4, True)
        assert cluster.bound_on(ALIAS) == {"n1"}
