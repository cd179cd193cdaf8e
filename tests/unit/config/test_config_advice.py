"""What is allowed and probably not meant: each warning once, and silence where nothing is to be said."""

from pathlib import Path
from typing import Any

import pytest

from floatip.config import parse, warnings
from tests.unit.config.samples import document, vip

UNSIGNED = "security.keys: there are none"
THREE_BROKERS = [f"mqtt://10.78.0.{number}" for number in (1, 2, 3)]
MAKE = "make-before-break"


def told(raw: dict[str, Any]) -> list[str]:
    """The warnings of a document, but not that it has no keys."""
    return [line for line in warnings(parse(raw, "f")) if not line.startswith(UNSIGNED)]


def test_no_keys_is_a_warning() -> None:
    """Unsigned messages are told of, with the command that makes a key."""
    (line,) = warnings(parse(document(), "f"))
    assert line.startswith(UNSIGNED)
    assert "floatip keygen /etc/floatip/cluster.key" in line


@pytest.mark.parametrize(
    ("raw", "starts"),
    [
        (
            document(mqtt__embedded={"listen": "10.78.0.1:1883"}),
            [
                "mqtt.embedded.listen: whoever reaches 10.78.0.1:1883 may use this broker",
                "mqtt.embedded: the only broker is on this node",
            ],
        ),
        (
            document(mqtt__embedded={"listen": "127.0.0.1:1883"}),
            [
                "mqtt.embedded.listen: whoever reaches",
                "mqtt.embedded.listen: 127.0.0.1:1883 is not among mqtt.brokers",
                "mqtt.embedded.listen: 127.0.0.1:1883 is not reachable from other nodes",
            ],
        ),
        (
            document(
                mqtt__brokers=[f"mqtt://10.78.0.{number}" for number in (1, 2, 3)],
                mqtt__embedded={"listen": "10.78.0.2:1883"},
            ),
            ["mqtt.embedded.listen: whoever reaches 10.78.0.2:1883 may use this broker"],
        ),
        (document(mqtt__brokers=["mqtt://broker"]), ['mqtt.brokers[0]: "broker" must be looked up']),
        (
            document(mqtt__brokers=["mqtts://10.78.0.1"]),
            ["mqtt.brokers[0]: 10.78.0.1:8883 is verified by the host's own"],
        ),
        (
            document(timing__no_quorum_policy="release"),
            ["mqtt.brokers: under no_quorum_policy release the one broker takes its VIPs down with it (web)"],
        ),
        (
            document(mqtt__brokers=THREE_BROKERS, timing__no_quorum_policy="release", vip__handover=MAKE),
            [
                (
                    "vip[0].handover: under no_quorum_policy release, an owner that freezes in the middle of a "
                    'make-before-break move may hold the address beside the new one for up to "2500ms"; '
                )
            ],
        ),
        (
            document(
                mqtt__brokers=THREE_BROKERS,
                timing__lease="3s",
                vip__no_quorum_policy="release",
                vip__handover=MAKE,
            ),
            [
                (
                    "vip[0].handover: under no_quorum_policy release, an owner that freezes in the middle of a "
                    'make-before-break move may hold the address beside the new one for up to "4500ms"; '
                )
            ],
        ),
        (
            document(timing__no_quorum_policy="lan"),
            ["lan.gateway: without it a node that is cut off from brokers and LAN takes its VIPs"],
        ),
        (
            document(timing__no_quorum_policy="lan", lan__gateway="10.77.0.1"),
            [],
        ),
        (
            document(timing__heartbeat="50ms", timing__lease="200ms"),
            ['timing.lease: "200ms" is short'],
        ),
        (
            document(timing__kernel_lifetime="5m"),
            ['timing.kernel_lifetime: a frozen daemon leaves its addresses for "5m"'],
        ),
        (document(node="localhost"), ['node: "localhost" is what']),
        (document(sysctl__enforce=False), ["sysctl.enforce: without it"]),
        (document() | {"vip": []}, ["vip: there is none"]),
        (document(mqtt__ca_file="/dev/null"), ["mqtt.ca_file: has no use without TLS"]),
        (document(vip__source=True), ['vip[0].source: changes nothing, as "web" has no IPv6 address']),
        (
            document(vip__interfaces=["interface-name"]),
            ["vip[0].interfaces: interface-name leaves no room for a label"],
        ),
    ],
)
def test_unwise_settings_are_told(raw: dict[str, Any], starts: list[str]) -> None:
    """Each unwise setting is told in one line that begins with its key."""
    lines = told(raw)
    assert len(lines) == len(starts)
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))


@pytest.mark.parametrize(
    "raw",
    [
        document(),
        document(vip__source=True, vip__addresses=["fd77::50"], vip__interfaces=["interface-name"]),
        document(timing__no_quorum_policy="release", mqtt__brokers=THREE_BROKERS),
        document(timing__no_quorum_policy="release", mqtt__brokers=THREE_BROKERS, vip__handover="break-before-make"),
        document(vip__handover=MAKE),
        document(
            timing__no_quorum_policy="release",
            mqtt__brokers=THREE_BROKERS,
            vip__no_quorum_policy="keep",
            vip__handover=MAKE,
        ),
    ],
)
def test_sound_settings_are_not_told(raw: dict[str, Any]) -> None:
    """There is no warning without a reason."""
    assert told(raw) == []


def test_a_long_list_of_vips_is_cut() -> None:
    """A thousand VIPs do not make a line of a thousand names."""
    raw = document(timing__no_quorum_policy="release")
    raw["vip"] += [vip(f"v{number}", f"10.77.1.{number}") for number in range(1, 100)]
    (line,) = told(raw)
    assert "(web, v1, v2, v3, v4 and 95 more)" in line


def test_files_are_looked_at(tmp_path: Path) -> None:
    """Missing files and secrets that others can read are told, with the command that helps."""
    key, password, missing = tmp_path / "key", tmp_path / "password", tmp_path / "ca.pem"
    for file, mode in ((key, 0o600), (password, 0o640)):
        file.touch()
        file.chmod(mode)
    lines = warnings(
        parse(
            document(
                mqtt__brokers=["mqtts://10.78.0.1"],
                mqtt__username="n1",
                mqtt__password_file=str(password),
                mqtt__ca_file=str(missing),
                security__keys=[str(key)],
            ),
            "f",
        )
    )
    assert lines == [
        f"mqtt.password_file: {password} has mode 0640, so others can read it; set it by `chmod 600 {password}`",
        f"mqtt.ca_file: {missing} cannot be read: no such file or directory",
    ]


def test_a_password_in_clear_is_told(tmp_path: Path) -> None:
    """A password over an unencrypted connection is told."""
    password = tmp_path / "password"
    password.touch(mode=0o600)
    (line,) = told(document(mqtt__username="n1", mqtt__password_file=str(password)))
    assert line == ("mqtt.brokers[0]: the password goes to 10.78.0.1:1883 unencrypted; mqtts:// encrypts it")
