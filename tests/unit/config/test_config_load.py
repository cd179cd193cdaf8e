"""The door: files, syntax, unknown keys, all errors at once, what is not in this version, hostile documents."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floatip.config import ConfigError, find, load, parse
from floatip.config.model import TABLES
from floatip.config.tables import Table
from floatip.core.types import NodeSpec, Policy
from tests.unit.config.samples import MINIMAL, document, errors, vip


def failure(path: Path) -> list[str]:
    """The errors of a file that must have some."""
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.errors


@pytest.mark.parametrize(
    ("option", "env", "path"),
    [
        (Path("/x.toml"), {"FLOATIP_CONFIG": "/y.toml"}, "/x.toml"),
        ("/x.toml", {}, "/x.toml"),
        (None, {"FLOATIP_CONFIG": "/y.toml"}, "/y.toml"),
        (None, {"FLOATIP_CONFIG": ""}, "/etc/floatip/floatip.toml"),
        (None, {}, "/etc/floatip/floatip.toml"),
    ],
)
def test_the_file_is_found_in_order(option: Path | str | None, env: dict[str, str], path: str) -> None:
    """The option comes before the environment, and that before the usual place."""
    assert find(option, env) == Path(path)


def test_a_minimal_file_has_the_documented_defaults(tmp_path: Path) -> None:
    """Cluster, brokers and one VIP are enough, and the engine gets the documented defaults."""
    file = tmp_path / "floatip.toml"
    file.write_text(MINIMAL)
    spec = load(file).node_spec("0.1.0")
    assert isinstance(spec, NodeSpec)
    assert (spec.cluster, spec.node, spec.brokers, spec.version) == ("web", "n1", ("10.78.0.1:1883",), "0.1.0")
    assert (spec.timing.heartbeat_s, spec.timing.lease_s, spec.timing.kernel_lifetime_s) == (0.2, 1.0, 3)
    assert (spec.garp_offsets_s, spec.garp_refresh_s) == ((0.0, 0.05, 0.25, 1.0, 5.0), 60.0)
    (only,) = spec.vips
    assert (only.name, only.interfaces, only.policy, only.priority) == ("web", ("eth0",), Policy.KEEP, 100)
    assert [str(placed) for placed in only.addresses] == ["10.77.0.50/32"]


def test_the_engine_gets_what_the_file_says() -> None:
    """A VIP's own policy wins over that of [timing]; rounds of announcements follow `repeat`."""
    raw = document(timing__no_quorum_policy="release", garp__repeat=7, garp__refresh="30s", vip__priority=7)
    raw["vip"].append(vip("b", "10.77.0.51@eth1", no_quorum_policy="keep", placement="spread"))
    config = parse(raw, "f")
    spec = config.node_spec("1")
    assert [one.policy for one in spec.vips] == [Policy.RELEASE, Policy.KEEP]
    assert [one.priority for one in spec.vips] == [7, 100]
    assert spec.garp_offsets_s == (0.0, 0.05, 0.25, 1.0, 5.0, 10.0, 15.0)
    assert spec.garp_refresh_s == 30.0
    assert parse(document(garp__repeat=2), "f").garp.offsets_s == (0.0, 0.05)
    assert config.interfaces == ("eth0", "eth1")
    assert [config.handover(one) for one in config.vips] == ["break-before-make", "make-before-break"]
    assert config.handover(parse(document(vip__handover="break-before-make"), "f").vips[0]) == "break-before-make"


def test_a_file_that_cannot_be_read_is_told_with_the_remedy(tmp_path: Path) -> None:
    """A missing file and a folder are one sentence each."""
    missing = tmp_path / "none.toml"
    assert failure(missing) == [
        f"{missing}: there is no such file; write one, or name another by -c FILE or $FLOATIP_CONFIG"
    ]
    assert failure(tmp_path) == [
        (
            f"{tmp_path}: cannot be read: is a directory; see `ls -l {tmp_path}`, or name another by -c FILE or "
            "$FLOATIP_CONFIG"
        )
    ]


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    """A device that never ends is refused soon."""
    assert failure(Path("/dev/zero")) == [
        "/dev/zero: is larger than 4 MiB, which is no configuration; name another by -c FILE or $FLOATIP_CONFIG"
    ]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'cluster = "web"\nnode n1\n', ":2:6: not TOML: "),
        (b'cluster = "web"\ncluster = "db"\n', ":2:"),
        (b'cluster = "web', ":1:15: not TOML: "),
        (b'a = "x"\nb = "\xff"\n', ":2:6: must be UTF-8, found byte 0xff"),
        (b"a = " + b"9" * 5000, ":1:5005: not TOML: "),
        (b"a = " + b"[" * 100_000, ""),
    ],
    ids=["key", "twice", "end", "utf-8", "number", "deep"],
)
def test_a_syntax_error_names_line_and_column(tmp_path: Path, content: bytes, text: str) -> None:
    """What is not TOML is one error, FILE:line:column where that is known."""
    file = tmp_path / "x.toml"
    file.write_bytes(content)
    (line,) = failure(file)
    assert line.startswith(f"{file}:")
    assert text in line


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (document(timing__hartbeat="1s"), 'timing.hartbeat: is not a key here; did you mean "heartbeat"?'),
        (document(vips=[]), 'vips: is not a key here; did you mean "vip"? "vips" belongs in [[hook]]'),
        (document(mqtt__node="n2"), "mqtt.node: is not a key here; it belongs at the top, above all tables"),
        (document(mqtt__garp={}), "mqtt.garp: is not a key here; it is a table of its own: [garp]"),
        (document(lan__vip=[]), "lan.vip: is not a key here; it is a table of its own: [[vip]]"),
        (document(heartbeat="1s"), "heartbeat: is not a key here; it belongs in [timing]"),
        (document(timing__name="x"), "timing.name: is not a key here; it belongs in [[vip]] or [[check]]"),
        (document(vip__prio=1), 'vip[0].prio: is not a key here; did you mean "priority"? (vip "web")'),
        (document(log__zzz=1), "log.zzz: is not a key here; known are level, format"),
        (document(**{"log__a b\x1b": 1}), 'log."a b\\u001b": is not a key here; known are level, format'),
        (document(timing__lease_s="1s"), 'timing.lease_s: is not a key here; did you mean "lease"?'),
        (document(vip={"name": "x"}), "vip: must be a list of tables: write [[vip]], not [vip]"),
        (document(vip=["x"]), "vip[0]: must be a list of tables: write [[vip]]"),
        (document(timing=[{}]), "timing: must be a table: write [timing], not [[timing]]"),
        (document(mqtt="x"), "mqtt: must be a table: write [mqtt]"),
        (document(mqtt__embedded=True), "mqtt.embedded: must be a table: write [mqtt.embedded]"),
        (document(cluster=date(2026, 1, 1)), 'cluster: found 2026-01-01, must be a string like "n1"'),
    ],
)
def test_unknown_and_misplaced_keys_are_refused(raw: dict[str, Any], line: str) -> None:
    """An unknown key is refused with the nearest name, or the table in which it belongs."""
    assert errors(raw) == [line]


def test_what_is_required_is_asked_for() -> None:
    """An empty file and empty tables are told what they lack, with an example."""
    assert errors({}) == [
        'cluster: is missing; write for example cluster = "web"',
        'mqtt: is missing; write for example [mqtt] with brokers = ["mqtt://10.78.0.1:1883"]',
    ]
    raw: dict[str, Any] = {"cluster": "a", "mqtt": {}, "vip": [{}], "check": [{}], "hook": [{}], "http": {}}
    assert [line.partition(": is missing; write for example ")[0] for line in errors(raw)[:8]] == [
        "mqtt.brokers",
        "http.listen",
        "vip[0].name",
        "vip[0].addresses",
        "vip[0].interfaces",
        "check[0].name",
        "check[0].type",
        "hook[0].on",
    ]


def test_all_errors_are_told_at_once() -> None:
    """Wrong values, unknown keys and contradictions come in one run, in the order of the tables."""
    raw = document(cluster="Web", mqtt__brokers=["mqtt://10.78.0.1", "mqtt://10.78.0.2"], vip__priority=300)
    raw["timing"] = {"heartbeat": "1s", "lease": "2s"}
    raw["vip"].append(vip("web", "10.77.0.50", checks=[], preempt_delay="1m"))
    raw["alias"] = [{"address": "10.77.0.50", "purpose": ""}]
    raw["colour"] = "blue"
    assert [line.partition(": ")[0] for line in errors(raw)] == [
        "colour",
        "cluster",
        "mqtt.brokers",
        "timing.lease",
        "vip[0].priority",
        "vip[1].name",
        "vip[1].addresses[0]",
        "vip[1].preempt_delay",
        "alias[0].address",
    ]


@pytest.mark.parametrize(
    "raw",
    [
        document(timing__heartbeat="1s", timing__lease="x"),
        document(timing__heartbeat="x", timing__lease="100ms"),
        document(timing__lease="5s", timing__no_quorum_policy="x"),
        document(timing__lease="5s", vip__no_quorum_policy="x"),
        document(vip__gateway="x", vip__table=150),
        document(vip__preempt="x", vip__preempt_delay="1s"),
        document() | {"alias": [{"address": "x", "purpose": "p"}]},
        document(vip__addresses=["x"]) | {"alias": [{"address": "192.0.2.1", "purpose": "p"}]},
        document() | {"mqtt": {"brokers": ["mqtt://10.78.0.1"], "username": 3, "password_file": "/x"}},
        document(mqtt__brokers=["mqtt://10.78.0.1", "x"]),
        document(vip__checks=["x"]) | {"check": [{"type": "file", "target": "/x"}]},
        document() | {"check": [{"name": "x", "type": "x", "target": "/x"}]},
    ],
)
def test_a_wrong_value_causes_no_second_finding(raw: dict[str, Any]) -> None:
    """No contradiction is reported with what stood in for a wrong value."""
    assert len(errors(raw)) == 1


def test_what_cannot_be_salvaged_is_still_a_config_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a document cannot be looked at without its wrong keys, their errors alone are told."""
    monkeypatch.setattr("floatip.config.reading._STAND_INS", {})
    assert [line.partition(": ")[0] for line in errors(document(cluster="Web", vip__preempt=True))] == ["cluster"]


def test_a_config_can_be_shown_as_the_file_says_it() -> None:
    """A dump for logs has the spelling of the file."""
    dump = parse(document(timing__lease="2s"), "f").model_dump(mode="json", by_alias=True)
    assert dump["timing"]["lease"] == "2s"
    assert dump["mqtt"]["brokers"] == ["mqtt://10.78.0.1:1883"]
    assert dump["vip"][0]["addresses"] == ["10.77.0.50/32"]


def test_every_table_is_in_the_map() -> None:
    """Errors find every table of the model by its keys."""
    assert set(TABLES.values()) == set(Table.__subclasses__())


TOML = st.recursive(
    st.one_of(
        st.text(max_size=8),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.datetimes(),
        st.dates(),
        st.times(),
        st.sampled_from(["web", "1s", "10.77.0.50", "mqtt://10.78.0.1", "eth0", "keep", "/x", "tcp"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(sorted({key for path in TABLES for key in path})), inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=20,
)


def filled(path: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """A table with its own keys and any values."""
    keys = [field.alias or name for name, field in TABLES[path].model_fields.items()]
    return st.dictionaries(st.sampled_from(keys), TOML, max_size=len(keys))


DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "cluster": st.just("web") | TOML,
        "node": st.just("n1") | TOML,
        **{
            path[0]: filled(path) | TOML
            for path in TABLES
            if len(path) == 1 and path[0] not in {"vip", "check", "hook"}
        },
        **{key: st.lists(filled((key,)) | TOML, max_size=3) | TOML for key in ("vip", "check", "hook")},
    },
)


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS | st.dictionaries(st.text(max_size=8), TOML))
def test_any_document_is_a_config_or_a_config_error(raw: dict[str, Any]) -> None:
    """Nothing that TOML can say raises anything but ConfigError, and each error is one line."""
    try:
        lines = [f"f.toml:{parse(raw, 'f.toml').node_spec('1').cluster}"]
    except ConfigError as error:
        lines = error.errors
    assert lines
    assert all(line.startswith("f.toml:") and "\n" not in line for line in lines)
