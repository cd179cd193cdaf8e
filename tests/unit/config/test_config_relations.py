"""What must hold between keys: one case a rule, and cases that a rule must leave alone."""

from typing import Any

import pytest

from tests.unit.config.samples import asked_for, document, errors, vip

TLS = ["mqtts://10.78.0.1"]
FILE = "/etc/floatip/x.pem"
TCP = {"name": "nginx", "type": "tcp", "target": "127.0.0.1:80"}


def check(**more: Any) -> dict[str, Any]:
    """A document with one check."""
    raw = document()
    raw["check"] = [{"name": "c", **more}]
    return raw


def hook(**more: Any) -> dict[str, Any]:
    """A document with one hook."""
    raw = document()
    raw["hook"] = [{"on": ["stop"], "command": ["/bin/true"], **more}]
    return raw


def vips(*more: dict[str, Any]) -> dict[str, Any]:
    """A document with other VIPs."""
    raw = document()
    raw["vip"] = list(more)
    return raw


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (
            document(timing__heartbeat="400ms"),
            'timing.lease: found "1s", must be at least 3 x timing.heartbeat ("400ms"): "1200ms"',
        ),
        (
            document(timing__lease="5s"),
            (
                'timing.kernel_lifetime: found "3s", must be at least timing.lease ("5s"), or the kernel removes '
                "addresses "
                'of a living owner: "5s"'
            ),
        ),
        (
            document(timing__kernel_lifetime="2500ms"),
            'timing.kernel_lifetime: found "2500ms", must be whole seconds: "3s"',
        ),
        (
            document(mqtt__brokers=["mqtt://10.78.0.1", "mqtt://10.78.0.2"]),
            "mqtt.brokers: found 2 brokers, must be 1, 3 or 5: ownership needs a majority of them",
        ),
        (
            document(mqtt__brokers=[]),
            "mqtt.brokers: found 0 brokers, must be 1, 3 or 5: ownership needs a majority of them",
        ),
        (
            document(mqtt__brokers=["mqtt://10.78.0.1", "mqtt://10.78.0.2", "mqtt://10.78.0.1:1883"]),
            "mqtt.brokers[2]: 10.78.0.1:1883 is also brokers[0]; must be another, independent broker",
        ),
        (
            document(mqtt__brokers=TLS, mqtt__cert_file=FILE),
            "mqtt.cert_file: needs key_file beside it: a client certificate is a pair of both",
        ),
        (
            document(mqtt__brokers=TLS, mqtt__key_file=FILE),
            "mqtt.key_file: needs cert_file beside it: a client certificate is a pair of both",
        ),
        (
            document(mqtt__password_file=FILE),
            'mqtt.password_file: needs username beside it, for example username = "n1"',
        ),
        (document(security__keys=[FILE, FILE]), f'security.keys[1]: "{FILE}" is also keys[0]; must be named once'),
        (
            document(control__socket="/" + "x" * 107),
            "control.socket: found a path of 108 bytes, must be at most 107 (a limit of Unix sockets)",
        ),
        (
            vips(vip("web", "10.77.0.50"), vip("web", "10.77.0.51")),
            'vip[1].name: "web" is also the name of vip[0]; must be unique (vip "web")',
        ),
        (
            vips(vip("web", "10.77.0.50"), vip("db", "fd77::1", "10.77.0.50/16@eth1")),
            (
                "vip[1].addresses[1]: 10.77.0.50 is also vip[0].addresses[0]; must be in one place only, whatever the "
                'prefix (vip "db")'
            ),
        ),
        (
            vips(vip("web", "fd77::50", "fd77:0::50")),
            (
                "vip[0].addresses[1]: fd77::50 is also vip[0].addresses[0]; must be in one place only, whatever the "
                "prefix "
                '(vip "web")'
            ),
        ),
        (
            document(vip__interfaces=["eth0", "eth1", "eth0"]),
            'vip[0].interfaces[2]: "eth0" is named twice; must be named once (vip "web")',
        ),
        (
            document(vip__addresses=["10.78.0.1"]),
            "mqtt.brokers[0]: 10.78.0.1 is also vip[0].addresses[0]; a broker must have an address that does not float",
        ),
        (
            document(mqtt__embedded={"listen": "10.77.0.50:1883"}),
            (
                "mqtt.embedded.listen: 10.77.0.50 is also vip[0].addresses[0]; a broker must have an address that "
                "does not "
                "float"
            ),
        ),
        (
            document(lan__gateway="10.77.0.50"),
            "lan.gateway: 10.77.0.50 is also vip[0].addresses[0]; a gateway must have an address that does not float",
        ),
        (
            document(vip__gateway="10.77.0.50", vip__table=150),
            (
                "vip[0].gateway: 10.77.0.50 is also vip[0].addresses[0]; a gateway must have an address that does "
                "not float "
                '(vip "web")'
            ),
        ),
        (
            document(vip__preempt_delay="1m"),
            'vip[0].preempt_delay: has no use without preempt = true: set that, or leave it out (vip "web")',
        ),
        (
            document(vip__gateway="10.77.0.1"),
            'vip[0].gateway: needs table beside it, for example table = 150 (vip "web")',
        ),
        (document(vip__table=150), 'vip[0].table: needs gateway beside it: the way out (vip "web")'),
        (
            document(vip__gateway="fd77::1", vip__table=150),
            'vip[0].gateway: fd77::1 is IPv6, must be of the kind of one of the addresses of this VIP (vip "web")',
        ),
        *(
            (
                document(vip__gateway="10.77.0.1", vip__table=table),
                (
                    f'vip[0].table: found {table}, which is the kernel\'s own table "{name}", must be another like 150 '
                    '(vip "web")'
                ),
            )
            for table, name in ((253, "default"), (254, "main"), (255, "local"))
        ),
        (
            vips(
                vip("web", "10.77.0.50", gateway="10.77.0.1", table=150),
                vip("db", "10.77.0.51", gateway="10.77.0.2", table=150),
            ),
            'vip[1].gateway: table 150 leads to 10.77.0.1 for vip[0]; must be the same, or another table (vip "db")',
        ),
        (
            vips(
                vip("web", "10.77.0.50", gateway="10.77.0.1", table=150),
                vip("db", "10.77.0.51", gateway="10.77.0.1", table=150, interfaces=["eth0", "eth1"]),
            ),
            (
                "vip[1].table: table 150 is also that of vip[0], and leads out of one interface, but these VIPs can be "
                'on eth0, eth1; must be another table (vip "db")'
            ),
        ),
        (
            document(vip__addresses=["10.77.0.50", "10.77.0.51@eth1"], vip__gateway="10.77.0.1", vip__table=150),
            (
                "vip[0].gateway: 10.77.0.1 is the gateway of addresses on eth0 and eth1; they must be on one, or be "
                'VIPs of their own (vip "web")'
            ),
        ),
        (
            document(vip__checks=["nginx"]),
            (
                'vip[0].checks[0]: no [[check]] is named "nginx", must be defined: [[check]] with name = "nginx" '
                '(vip "web")'
            ),
        ),
        (
            document(vip__checks=["ngin"]) | {"check": [TCP]},
            'vip[0].checks[0]: no [[check]] is named "ngin", must be one of: nginx (vip "web")',
        ),
        (
            document(vip__checks=["nginx", "nginx"]) | {"check": [TCP]},
            'vip[0].checks[1]: "nginx" is named twice; must be named once (vip "web")',
        ),
        (
            document() | {"check": [TCP, TCP]},
            'check[1].name: "nginx" is also the name of check[0]; must be unique (check "nginx")',
        ),
        (
            check(type="exec"),
            (
                'check[0].command: is missing: type "exec" needs it, for example command = ["/usr/bin/pgrep", "nginx"] '
                '(check "c")'
            ),
        ),
        (
            check(type="exec", command=["/bin/true"], target="x"),
            'check[0].target: has no use in a check of type "exec": leave it out (check "c")',
        ),
        (
            check(type="tcp", target="127.0.0.1:80", command=["/bin/true"]),
            'check[0].command: has no use in a check of type "tcp": leave it out, or write type = "exec" (check "c")',
        ),
        (check(type="tcp"), 'check[0].target: is missing: type "tcp" needs HOST:PORT like "127.0.0.1:80" (check "c")'),
        *(
            (
                check(type=kind, target=target),
                f'check[0].target: found "{target}", must be {form} in a check of type "{kind}" (check "c")',
            )
            for kind, target, form in (
                ("tcp", "127.0.0.1", 'HOST:PORT like "127.0.0.1:80"'),
                ("http", "127.0.0.1", 'a URL like "http://127.0.0.1/health"'),
                ("http", "ftp://127.0.0.1/", 'a URL like "http://127.0.0.1/health"'),
                ("http", "http://:80/", 'a URL like "http://127.0.0.1/health"'),
                ("link", "eth/1", 'an interface like "eth1"'),
                ("arp", "10.77", 'an address on the LAN like "10.77.0.1"'),
                ("file", "ready", 'an absolute path like "/run/ready"'),
                ("process", "/usr/sbin/nginx", 'the name of a process like "nginx"'),
            )
        ),
        (
            check(type="tcp", target="127.0.0.1:80", interval="1s", timeout="2s"),
            'check[0].timeout: found "2s", must be at most interval ("1s") (check "c")',
        ),
        (check(type="file", target="/x", weight=255), 'check[0].weight: found 255, must be at most 254 (check "c")'),
        (check(type="file", target="/x", rise=0), 'check[0].rise: found 0, must be at least 1 (check "c")'),
        (
            check(type="ping", target="x"),
            (
                'check[0].type: found "ping", must be "exec", "tcp", "http", "link", "arp", "file" or "process" '
                '(check "c")'
            ),
        ),
        (
            check(type="exec", command=["pgrep", "nginx"]),
            'check[0].command: found "pgrep" as the program, must be its absolute path: no shell is asked (check "c")',
        ),
        (
            check(type="process", target="nginx", contains="ready"),
            (
                'check[0].contains: has no use in a check of type "process": leave it out, or write type = "file" '
                '(check "c")'
            ),
        ),
        (
            check(type="exec", command=["/bin/true"], max_age="1m"),
            (
                'check[0].max_age: has no use in a check of type "exec": leave it out, or write type = "file" '
                '(check "c")'
            ),
        ),
        (
            check(type="file", target="/x", contains=""),
            (
                "check[0].contains: is empty, must be the text that the file has to contain; any file: leave it out "
                '(check "c")'
            ),
        ),
        (
            check(type="file", target="/x", max_age="0s"),
            'check[0].max_age: found "0s", must be from "100ms" to "8760h" (check "c")',
        ),
        (
            hook(on=["boot"]),
            'hook[0].on[0]: found "boot", must be "acquired", "released", "backup", "fault", "stop" or "conflict"',
        ),
        (
            hook(on=[]),
            'hook[0].on: is empty, must have at least one item; write for example on = ["acquired", "released"]',
        ),
        (hook(on=["stop", "stop"]), 'hook[0].on[1]: "stop" is named twice; must be named once'),
        (
            hook(vips=["wbe"]),
            'hook[0].vips[0]: no [[vip]] is named "wbe", must be one of: web',
        ),
        (hook(vips=["web", "web"]), 'hook[0].vips[1]: "web" is named twice; must be named once'),
        (
            {key: value for key, value in hook(vips=["web"]).items() if key != "vip"},
            'hook[0].vips[0]: no [[vip]] is named "web", must be defined: [[vip]] with name = "web"',
        ),
        (
            hook(command="/bin/true"),
            'hook[0].command: found "/bin/true", must be a list of strings: ["/usr/bin/program", "argument"]',
        ),
        *(
            (
                hook(keepalived_arguments=value),
                f'hook[0].keepalived_arguments: found {shown}, must be true, false or "group"',
            )
            for value, shown in (("GROUP", '"GROUP"'), (1, "1"), (["group"], '["group"]'))
        ),
    ],
    ids=lambda value: value.partition(": ")[0] if isinstance(value, str) else "",
)
def test_a_contradiction_is_refused(raw: dict[str, Any], line: str) -> None:
    """Each contradiction is told once, at the key to change, with what would be right."""
    assert asked_for(errors(raw)) == [line]


@pytest.mark.parametrize(
    "raw",
    [
        document(timing__heartbeat="100ms", timing__lease="300ms"),
        document(timing__lease="5s", timing__no_quorum_policy="release"),
        document(timing__lease="5s", vip__no_quorum_policy="release"),
        document(timing__lease="3s", timing__heartbeat="1s", timing__kernel_lifetime="3s"),
        document(timing__lease="1s", timing__kernel_lifetime="1s"),
        document(mqtt__brokers=TLS, mqtt__cert_file=FILE, mqtt__key_file=FILE, mqtt__ca_file=FILE),
        document(mqtt__username="n1", mqtt__password_file=FILE),
        document(mqtt__brokers=[f"mqtt://10.78.0.1:{port}" for port in range(1883, 1888)]),
        document(vip__addresses=["10.77.0.50@eth9", "fd77::50/64"]),
        document(vip__gateway="10.77.0.1", vip__table=252),
        document(vip__addresses=["10.77.0.50", "10.77.0.51@eth0"], vip__gateway="10.77.0.1", vip__table=150),
        document(vip__addresses=["10.77.0.50", "fd77::50@eth1"], vip__gateway="10.77.0.1", vip__table=150),
        vips(
            vip("a", "10.77.0.50", gateway="10.77.0.1", table=150),
            vip("b", "10.77.0.51@eth0", gateway="10.77.0.1", table=150, interfaces=["eth1"]),
            vip("c", "10.77.0.52", gateway="10.77.0.1", table=151, interfaces=["eth0", "eth1"]),
        ),
        document(vip__preempt=True, vip__preempt_delay="1m"),
        vips(
            vip("a", "10.77.0.50", "fd77::50", gateway="10.77.0.1", table=150),
            vip("b", "10.77.0.51", "fd77::51", gateway="fd77::1", table=150),
        ),
        vips(),
        document(vip__checks=["nginx"]) | {"check": [TCP]},
        *(
            check(type=kind, target=target)
            for kind, target in (
                ("http", "https://[fd77::1]:8443/health?x=1"),
                ("link", "eth1"),
                ("arp", "fd77::1"),
                ("file", "/run/ready"),
                ("process", "nginx"),
            )
        ),
        check(type="exec", command=["/usr/bin/pgrep", "nginx"], weight=-254),
        check(type="file", target="/run/ready", contains="ready", max_age="1m"),
        hook(on=["acquired", "released", "backup", "fault", "stop", "conflict"]),
        *(hook(keepalived_arguments=value) for value in (True, False, "group")),
        hook(vips=["web"]),
    ],
)
def test_what_is_right_is_accepted(raw: dict[str, Any]) -> None:
    """No rule refuses what it should leave alone."""
    assert asked_for(errors(raw)) == []


def test_a_client_certificate_needs_a_broker_with_tls() -> None:
    """Both files of the pair are told of."""
    lines = asked_for(errors(document(mqtt__cert_file=FILE, mqtt__key_file=FILE)))
    assert lines == [
        f"mqtt.{key}: has no use without TLS: write brokers as mqtts://, or leave it out"
        for key in ("cert_file", "key_file")
    ]
