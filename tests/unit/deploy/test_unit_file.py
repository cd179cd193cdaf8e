"""The shipped unit: the order of events, and that it grants what floatip needs, and no more."""

import re

from floatip.config.tables import Control
from floatip.host import capabilities
from floatip.host.sysctls import Row, Sysctls
from tests.shipped import DEPLOY, REALTIME, UNIT, sections, service


def one(key: str) -> str:
    """Give the value of a key of [Service] that is there once."""
    (value,) = service()[key]
    return value


def test_the_order_of_events_is_the_sentinels() -> None:
    """Only the daemon is killed; what is left is cleaned up; then it starts again, always and soon."""
    assert (one("Type"), one("KillMode"), one("ExecStart")) == ("notify", "process", "floatip run")
    assert service()["ExecStopPost"][-1] == "floatip cleanup"
    assert (one("Restart"), one("RestartSec")) == ("always", "100ms")
    assert one("WatchdogSec").endswith("s")
    assert sections(UNIT)["Unit"]["StartLimitIntervalSec"] == ["0"]


def test_a_wrong_configuration_ends_it_and_a_refusal_is_tried_again_later() -> None:
    """Exit code 2 stays as it is; 4 may mend itself, and must not use up a processor until then."""
    assert one("RestartPreventExitStatus") == "2"
    assert service()["ExecStopPost"][0] == "sh -c 'test \"$$EXIT_STATUS\" != 4 || sleep 10'"


def test_a_wrong_configuration_fails_the_reload() -> None:
    """The daemon itself says what became of it; a signal could not."""
    assert service()["ExecReload"] == ["floatip reload"]


def test_its_capabilities_are_those_it_needs() -> None:
    """As ambient ones, and none above them."""
    assert set(one("AmbientCapabilities").split()) == set(capabilities.NEEDED)
    assert set(one("CapabilityBoundingSet").split()) == set(capabilities.NEEDED)
    assert one("NoNewPrivileges") == "yes"
    assert (one("User"), one("Group")) == ("floatip", "floatip")


def test_nothing_keeps_it_from_the_sysctls_and_the_network() -> None:
    """These protections would end what it is for."""
    assert one("ProtectKernelTunables") == "no"
    assert not {"ProcSubset", "PrivateNetwork", "PrivateUsers", "ProtectProc", "IPAddressDeny"} & service().keys()
    families = set(one("RestrictAddressFamilies").split())
    assert families == {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET"}


def test_a_real_time_class_is_an_option_that_keeps_the_rest_as_it_is() -> None:
    """Its drop-in gives class and memory, lets the daemon give the class up for programs, and grants nothing else."""
    with_it = service(REALTIME)
    changed = {key for key in with_it if with_it[key] != service().get(key)}
    assert changed == {
        *("CPUSchedulingPolicy", "CPUSchedulingPriority", "LimitRTTIME", "SystemCallFilter"),
        *("ExecStart", "LimitMEMLOCK", "MemorySwapMax"),
    }
    assert with_it["ExecStart"] == ["floatip run --lock-memory"]
    assert with_it["SystemCallFilter"] == [*service()["SystemCallFilter"], "sched_setscheduler"]
    assert with_it["RestrictRealtime"] == ["yes"]
    assert "CPUSchedulingResetOnFork" not in with_it  # else threads of the daemon would wait behind ordinary work
    limit_s, watchdog_s = (int(with_it[key][0].removesuffix("s")) for key in ("LimitRTTIME", "WatchdogSec"))
    assert limit_s < watchdog_s
    assert "floatip.service.d/realtime.conf" in UNIT.read_text()


def test_its_directories_are_those_of_the_configuration() -> None:
    """State and socket are where the daemon has them by default; the group is the one that may operate."""
    reference = (DEPLOY.parent / "configs" / "reference.toml").read_text()
    assert f'state_dir = "/var/lib/{one("StateDirectory")}"' in reference
    control = Control()
    assert str(control.socket.parent) == f"/run/{one('RuntimeDirectory')}"
    assert control.group == one("Group")
    assert one("RuntimeDirectoryPreserve") == "restart"


def test_the_user_is_made_and_may_read_its_configuration() -> None:
    """Its sysusers and tmpfiles name the same user."""
    users = [it for it in (DEPLOY / "systemd/sysusers.d/floatip.conf").read_text().splitlines() if it[0] != "#"]
    assert [line.split()[:2] for line in users] == [["u", one("User")]]
    rules = [it.split() for it in (DEPLOY / "systemd/tmpfiles.d/floatip.conf").read_text().splitlines() if it[0] != "#"]
    assert ["d", "/etc/floatip", "0750", "root", one("Group"), "-"] in rules
    assert {rule[2] for rule in rules if rule[1].endswith((".key", ".password"))} == {"0600"}


def test_sysctl_d_has_what_the_daemon_enforces() -> None:
    """Each key with its value; those that only some VIPs need are there as comments."""
    text = (DEPLOY / "sysctl.d" / "60-floatip.conf").read_text()
    found = dict(re.findall(r"^-?(net\.\S+) = (\d+)$", text, re.MULTILINE))
    optional = dict(re.findall(r"^#(net\.\S+) = (\d+)$", text, re.MULTILINE))
    always = Sysctls().wanted(["eth0"])
    every = Sysctls().wanted(["eth0"], prefixes_other_than_host=True, failover_interfaces=["eth0"])
    assert found == written(always)
    assert optional == {key: value for key, value in written(every).items() if key not in found}


def written(rows: tuple[Row, ...]) -> dict[str, str]:
    """Give rows as a file has them."""
    return {row.key: str(row.rule.wanted) for row in rows}
