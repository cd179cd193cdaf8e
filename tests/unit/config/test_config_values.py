"""One key at a time: what each type reads, and how it refuses."""

import os
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.config import parse
from floatip.config.fields import duration, read_broker, read_duration, read_host_port, read_placed
from floatip.core.types import Placed
from tests.unit.config.samples import asked_for, document, errors


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("1s", 1.0), ("5m", 300.0), ("1h", 3600.0), ("0.5s", 0.5), ("1.5m", 90.0), ("0s", 0.0)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """A duration is a number and a unit."""
    assert read_duration(text) == seconds


@given(st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000))
def test_durations_are_spelled_exactly(seconds: float) -> None:
    """What errors and the schema spell is read back as the same duration."""
    assert read_duration(duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, 'found 1, must have a unit: "1ms", "1s" or "1m"'),
        (0.2, 'found 0.2, must have a unit: "0.2ms", "0.2s" or "0.2m"'),
        ("30", 'found "30", must have a unit: "30ms", "30s" or "30m"'),
        ("1 s", 'found "1 s", must be a number and a unit (ms, s, m or h): "200ms", "1s", "5m"'),
        ("-1s", 'found "-1s", must be a number and a unit (ms, s, m or h): "200ms", "1s", "5m"'),
        ("1d", 'found "1d", must be a number and a unit (ms, s, m or h): "200ms", "1s", "5m"'),
        (True, 'found true, must be a string with a unit: "200ms", "1s" or "5m"'),
        ([], 'found [], must be a string with a unit: "200ms", "1s" or "5m"'),
        ("999ms", 'found "999ms", must be from "1s" to "1h"'),
        ("2h", 'found "2h", must be from "1s" to "1h"'),
        (-1, 'found -1, must have a unit: "5ms", "5s" or "5m"'),
    ],
)
def test_durations_are_refused(value: object, text: str) -> None:
    """A duration without a unit, of another kind or out of range is refused with what would be right."""
    assert errors(document(garp__refresh=value)) == [f"garp.refresh: {text}"]


def test_a_number_of_any_length_is_refused() -> None:
    """A number too long to be printed is an error like any other."""
    (line,) = errors(document(garp__refresh=1 << 20_000))
    assert line == 'garp.refresh: found something of type int, must have a unit: "5ms", "5s" or "5m"'
    (line,) = errors(document(garp__rate=1 << 20_000))
    assert line.startswith("garp.rate: found something of type int, must be ")


@pytest.mark.parametrize(
    ("text", "placed"),
    [
        ("10.77.0.50", Placed(address=IPv4Address("10.77.0.50"), prefix=32)),
        ("fd77::50", Placed(address=IPv6Address("fd77::50"), prefix=128)),
        ("10.77.0.50/16", Placed(address=IPv4Address("10.77.0.50"), prefix=16)),
        ("10.77.0.50@eth1", Placed(address=IPv4Address("10.77.0.50"), prefix=32, interface="eth1")),
        ("fd77::50/64@bond0.10", Placed(address=IPv6Address("fd77::50"), prefix=64, interface="bond0.10")),
        ("10.77.0.0/31", Placed(address=IPv4Address("10.77.0.0"), prefix=31)),
        ("10.77.0.0", Placed(address=IPv4Address("10.77.0.0"), prefix=32)),
    ],
)
def test_vip_addresses_are_read(text: str, placed: Placed) -> None:
    """An address of a VIP is ADDRESS[/PREFIX][@INTERFACE], with a host prefix implied."""
    assert read_placed(text) == placed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10.77.0.256", "must be an IPv4 or IPv6 address like"),
        ("10.077.0.50", "must be an IPv4 or IPv6 address like"),
        ("web", "must be an IPv4 or IPv6 address like"),
        ("", "must be an IPv4 or IPv6 address like"),
        ("10.77.0.50/33", "must be an IPv4 or IPv6 address like"),
        ("10.77.0.50/255.255.0.0", 'must have its prefix as a number: "10.77.0.50/16"'),
        ("10.77.0.50@", "must be an interface name"),
        ("10.77.0.50@eth 1", "must be an interface name"),
        ("0.0.0.0", "which is the unspecified address"),  # noqa: S104 (it is refused)
        ("::", "which is the unspecified address"),
        ("127.0.0.1", "which is a loopback address"),
        ("::1", "which is a loopback address"),
        ("224.0.0.18", "which is a multicast address"),
        ("ff02::12", "which is a multicast address"),
        ("255.255.255.255", "which is the broadcast address"),
        ("0.1.2.3", 'which is of "this network"'),
        ("fe80::1", "which is link-local"),
        ("::ffff:10.77.0.50", "which is an IPv4 address in IPv6 form"),
        ("fd77::50%eth0", "which has a zone (%)"),
        ("10.77.0.50/0", "which has a prefix of no bits"),
        ("10.77.0.0/24", "which is the network address of 10.77.0.0/24"),
        ("10.77.0.255/24", "which is the broadcast address of 10.77.0.0/24"),
        ("fd77::/64", "which is the network address of fd77::/64"),
    ],
)
def test_vip_addresses_are_refused(text: str, why: str) -> None:
    """What cannot float between hosts is no address of a VIP."""
    (line,) = errors(document(vip__addresses=[text]))
    assert line.startswith("vip[0].addresses[0]: found ")
    assert why in line


@pytest.mark.parametrize(
    ("url", "name", "tls"),
    [
        ("mqtt://10.78.0.1", "10.78.0.1:1883", False),
        ("mqtt://10.78.0.1:1884", "10.78.0.1:1884", False),
        ("mqtts://Broker-1.example.org", "broker-1.example.org:8883", True),
        ("mqtt://[FD77:0::1]:1883", "[fd77::1]:1883", False),
        ("mqtts://[fd77::1]", "[fd77::1]:8883", True),
    ],
)
def test_brokers_are_read(url: str, name: str, *, tls: bool) -> None:
    """A broker's name is host:port, with the scheme's port implied and IPv6 in brackets."""
    broker = read_broker(url)
    assert (broker.name, broker.tls, broker.url) == (name, tls, url)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (
            "10.78.0.1:1883",
            'found "10.78.0.1:1883", must begin with mqtt:// or, for TLS, mqtts://: "mqtt://10.78.0.1:1883"',
        ),
        ("tcp://10.78.0.1", 'found "tcp://10.78.0.1", must begin with mqtt:// or, for TLS, mqtts://'),
        (
            "mqtt://n1:secret@10.78.0.1",
            "holds credentials, must be without: write username and password_file in [mqtt]",
        ),
        ("mqtt://10.78.0.1/x", 'found "mqtt://10.78.0.1/x", must end after the port: "mqtt://10.78.0.1:1883"'),
        ("mqtt://fd77::1:1883", 'must be mqtt://HOST:PORT like "mqtt://10.78.0.1:1883" or "mqtt://[fd77::1]:1883"'),
        ("mqtt://10.78.0.1:0", "must be mqtt://HOST:PORT"),
        ("mqtt://10.78.0.1:70000", "must be mqtt://HOST:PORT"),
        ("mqtt://10.78.0.256", "must be mqtt://HOST:PORT"),
        ("mqtt://", "must be mqtt://HOST:PORT"),
        ("mqtt://-x", "must be mqtt://HOST:PORT"),
        ("mqtt://0.0.0.0", "must be mqtt://HOST:PORT"),
    ],
)
def test_brokers_are_refused(url: str, text: str) -> None:
    """A broker's URL has a scheme, a host and perhaps a port, and nothing else."""
    (line,) = errors(document(mqtt__brokers=[url]))
    assert line.startswith("mqtt.brokers[0]: ")
    assert text in line


@pytest.mark.parametrize(
    "brokers", [["mqtt://n1:secret@h"], "mqtt://n1:secret@h", ["n1:secret@h"], {"x": "m://s:secret@h"}]
)
def test_passwords_are_never_shown(brokers: object) -> None:
    """A password that stands where it must not does not get into a log."""
    lines = errors(document(mqtt__brokers=brokers))
    assert lines
    assert "secret" not in "".join(lines)


@given(st.text())
def test_hosts_never_raise(text: str) -> None:
    """Any text is a host and port, or not."""
    found = read_host_port(text, 1883)
    assert found is None or read_host_port(str(found)) == found


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        (
            "cluster",
            "Web",
            'found "Web", must be 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit',
        ),
        ("cluster", "", 'found "", must be 1 to 63 of'),
        ("node", "n" * 64, "must be 1 to 63 of"),
        ("node", "n/1", 'found "n/1", must be 1 to 63 of'),
        ("state_dir", "var/lib", 'found "var/lib", must be an absolute path, beginning with "/"'),
        ("mqtt__username", "a\nb", "must be one line of at most 200 printable characters"),
        ("mqtt__password_file", 3, 'found 3, must be a string like "/etc/floatip/cluster.key"'),
        ("mqtt__embedded", {"listen": "0.0.0.0:1883"}, 'must be one address of this host, like "10.78.0.11:1883"'),
        ("mqtt__embedded", {"listen": "[::]:1883"}, 'must be one address of this host, like "10.78.0.11:1883"'),
        ("mqtt__embedded", {"listen": "n1:1883"}, 'must be ADDR:PORT like "10.78.0.11:1883" or "[fd77::11]:1883"'),
        ("mqtt__embedded", {"listen": "10.78.0.11"}, "must be ADDR:PORT"),
        ("mqtt__embedded", {}, 'is missing; write for example listen = "10.78.0.11:1883"'),
        ("security__keys", ["x.key"], 'found "x.key", must be an absolute path'),
        ("timing__heartbeat", "5ms", 'found "5ms", must be from "10ms" to "10s"'),
        ("timing__no_quorum_policy", "stay", 'found "stay", must be "keep", "release" or "lan"'),
        ("log__level", "trace", 'found "trace", must be "debug", "info", "warning" or "error"'),
        ("log__format", "xml", 'found "xml", must be "auto", "console" or "json"'),
        ("sysctl__enforce", 1, "found 1, must be true or false"),
        ("sysctl__all", "yes", 'found "yes", must be true or false'),
        ("garp__repeat", 0, "found 0, must be at least 1"),
        ("garp__rate", 10**6, "found 1000000, must be at most 100000"),
        ("control__socket", "run/x", "must be an absolute path"),
        ("control__group", "no group", 'found "no group", must be the name of a group like "floatip"'),
        ("http__listen", "9477", "must be ADDR:PORT"),
        ("lan__gateway", "fe80::1%eth0", 'found "fe80::1%eth0", must be without %eth0'),
        ("lan__gateway", "10.77.0", "must be an IPv4 or IPv6 address like"),
        ("lan__gateway", "0.0.0.0", "must be the address of one host on the LAN"),  # noqa: S104 (it is refused)
        ("lan__health", "on", 'found "on", must be true or false'),
        ("vip__interfaces", ["interface-name-x"], "must be an interface name like"),
        ("vip__interfaces", ["a/b"], "must be an interface name like"),
        ("vip__interfaces", ["a:b"], "must be an interface name like"),
        ("vip__interfaces", ["a b"], "must be an interface name like"),
        ("vip__interfaces", [""], "must be an interface name like"),
        ("vip__interfaces", ["all"], 'found "all", which means every interface in sysctls, must be an interface'),
        ("vip__interfaces", [".."], 'found "..", which is a folder'),
        ("vip__interfaces", ["lo"], "has no LAN"),
        ("vip__interfaces", [], 'is empty, must have at least one item; write for example interfaces = ["eth0"]'),
        ("vip__addresses", [], "is empty, must have at least one item"),
        ("vip__addresses", "10.77.0.50", 'found "10.77.0.50", must be a list'),
        ("vip__priority", 0, "found 0, must be at least 1"),
        ("vip__priority", 255, "found 255, must be at most 254"),
        ("vip__priority", "100", 'found "100", must be a whole number'),
        ("vip__priority", 1.5, "found 1.5, must be a whole number"),
        ("vip__placement", "random", 'found "random", must be "priority" or "spread"'),
        ("vip__handover", "fast", 'found "fast", must be "make-before-break" or "break-before-make"'),
        ("vip__preempt", "no", 'found "no", must be true or false'),
        ("vip__table", 0, "found 0, must be at least 1"),
        ("vip__purpose", "x" * 201, "must be one line of at most 200 printable characters"),
    ],
)
def test_a_wrong_value_is_refused(key: str, value: object, text: str) -> None:
    """Each key refuses what it cannot be, names itself, and says what would be right."""
    (line,) = asked_for(errors(document(**{key: value})))
    place = key.replace("__", ".").replace("vip.", "vip[0].")
    assert line.startswith(place)
    assert text in line


def test_the_node_is_named_after_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a node name the short host name is taken, in lower case; one that cannot be a name is refused."""
    raw = document()
    del raw["node"]
    for host, lines in (("N7.example.org", []), ("-n7", ["node"])):
        name = os.uname_result(("Linux", host, "6", "1", "x86_64"))
        monkeypatch.setattr(os, "uname", lambda name=name: name)
        assert [line.partition(":")[0] for line in errors(raw)] == lines
        if not lines:
            assert parse(raw, "f").node == "n7"
