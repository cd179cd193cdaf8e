"""What is tracked as checks: weights, times, scripts, files, processes, links."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.keepalived.reading import config, imported, instance, listed, raw

SCRIPT = 'vrrp_script chk {{\nscript "/usr/bin/true"\n{more}\n}}\n'


def checked(tmp_path: Path, line: str, more: str = "") -> tuple[int, dict[str, Any] | None]:
    """The priority, and the check, of an instance that tracks a script by this line."""
    text = instance(f"track_script {{\n{line}\n}}", SCRIPT.format(more=more))
    found = raw(imported(tmp_path, text))
    return found["vip"][0]["priority"], (found.get("check") or [None])[0]


@pytest.mark.parametrize(
    ("line", "more", "priority", "weight"),
    [
        ("chk", "", 100, 0),
        ("chk", "weight -20", 100, -20),
        ("chk", "weight 20", 120, -20),
        ("chk weight 5", "weight -20", 105, -5),
        ("chk weight 0", "weight -20", 100, 0),
        ("chk weight 200", "", 254, -200),
        ("chk", "weight 20 reverse", 80, 20),
        ("chk", "weight -20 reverse", 100, 20),
        ("chk noreverse", "weight 20 reverse", 120, -20),
        ("chk weight -7 reverse", "", 100, 7),
        ("chk", "weight 999", 100, 0),
    ],
)
def test_weights(tmp_path: Path, line: str, more: str, priority: int, weight: int) -> None:
    """Keepalived adds while a script succeeds, floatip while it fails: the sums are the same in both states."""
    found, check = checked(tmp_path, line, more)
    assert check is not None
    assert (found, check.get("weight", 0)) == (priority, weight)


def test_a_fault_while_a_script_succeeds_has_no_counterpart(tmp_path: Path) -> None:
    """`weight 0 reverse` is listed, and the check is not made."""
    assert checked(tmp_path, "chk weight 0 reverse") == (100, None)


def test_one_script_with_two_weights_is_two_checks(tmp_path: Path) -> None:
    """A weight stands in the check; the same weight is the same check."""
    other = "vrrp_instance {name} {{\ninterface eth0\nvirtual_ipaddress {{\n{address}\n}}\n"
    other += "track_script {{\n{line}\n}}\n}}\n"
    text = SCRIPT.format(more="weight -5") + "".join(
        other.format(name=f"V{number}", address=f"10.77.0.{number}", line=line)
        for number, line in enumerate(("chk", "chk weight -9", "chk weight 5"), start=1)
    )
    made = config(imported(tmp_path, text))
    assert [(check.name, check.weight) for check in made.checks] == [("chk", -5), ("chk-2", -9)]
    assert [(vip.checks, vip.priority) for vip in made.vips] == [(("chk",), 100), (("chk-2",), 100), (("chk",), 105)]


@pytest.mark.parametrize(
    ("more", "times"),
    [
        ("", ("1s", "1s", 1, 1)),
        ("interval 3", ("3s", "3s", 1, 1)),
        ("interval 3\ntimeout 2\nrise 4\nfall 5", ("3s", "2s", 4, 5)),
        ("interval 1\ntimeout 10", ("1s", "1s", 1, 1)),
        ("interval 0.002", ("10ms", "10ms", 1, 1)),
        ("interval 90000\nrise 9999", ("1h", "1h", 1000, 1)),
        ("interval soon\nfall never", ("1s", "1s", 1, 1)),
    ],
)
def test_times_of_a_script(tmp_path: Path, more: str, times: tuple[str, str, int, int]) -> None:
    """Keepalived's defaults, within floatip's bounds; a run takes no longer than the interval."""
    _, check = checked(tmp_path, "chk", more)
    assert check is not None
    assert (check["interval"], check["timeout"], check["rise"], check["fall"]) == times


@pytest.mark.parametrize(
    ("script", "check", "why"),
    [
        ("\"/usr/bin/pgrep -x 'my program'\"", {"command": ["/usr/bin/pgrep", "-x", "my program"]}, None),
        ("/usr/bin/true", {"command": ["/usr/bin/true"]}, None),
        ('"killall -0 nginx"', {"command": ["/usr/bin/env", "killall", "-0", "nginx"]}, "write its absolute path"),
        ('"</dev/tcp/127.0.0.1/80"', {"type": "tcp", "target": "127.0.0.1:80"}, "connects to 127.0.0.1:80"),
        ('"< /etc/hosts cat"', {"command": ["/bin/sh", "-c", "< /etc/hosts cat"]}, "is given to /bin/sh"),
        (r'"/bin/echo \"a b\""', {"command": ["/bin/echo", "a b"]}, None),
        ('"/bin/echo \'a"', None, "is not closed"),
        ('""', None, "names no program"),
        (r"/bin/x\x00y", None, "names no program"),
    ],
)
def test_scripts_become_commands(tmp_path: Path, script: str, check: dict[str, Any] | None, why: str | None) -> None:
    """Split as keepalived does; no shell is asked but where keepalived asks one."""
    text = instance("track_script {\nchk\n}", f"vrrp_script chk {{\nscript {script}\n}}")
    result = imported(tmp_path, text)
    found = raw(result).get("check")
    if check is None:
        assert found is None
    else:
        assert found is not None
        assert check.items() <= found[0].items()
    reasons = [one[2] for word in ("script", "vrrp_script", "chk") for one in listed(result, word)]
    assert any(why in reason for reason in reasons) if why else reasons == []


def test_words_of_a_script_that_floatip_has_not(tmp_path: Path) -> None:
    """They are listed."""
    text = instance("track_script {\nchk\n}", SCRIPT.format(more="user nobody\ninit_fail\nfrob 1"))
    result = imported(tmp_path, text)
    found = [listed(result, word)[0][0] for word in ("user", "init_fail", "frob")]
    assert found == ["not carried over", "not carried over", "unknown"]


def test_a_script_that_nobody_tracks(tmp_path: Path) -> None:
    """Keepalived does not run it either."""
    result = imported(tmp_path, instance(outside=SCRIPT.format(more="")))
    assert "check" not in raw(result)
    assert listed(result, "vrrp_script")[0][2] == "no VIP depends on it"


def test_a_track_line_that_names_nothing(tmp_path: Path) -> None:
    """Keepalived ignores it, and the list says so."""
    result = imported(tmp_path, instance("track_script {\nnone weight 3\n}"))
    assert listed(result, "none")[0][0] == "not carried over"


def test_links(tmp_path: Path) -> None:
    """The VIP's own interface is watched anyway; another is a check, with or without a weight."""
    result = imported(tmp_path, instance("track_interface {\neth0\neth1\neth2 weight 4 odd\n}"))
    assert [(one["name"], one["type"], one["target"], one.get("weight")) for one in raw(result)["check"]] == [
        ("link-eth1", "link", "eth1", None),
        ("link-eth2", "link", "eth2", -4),
    ]
    assert listed(result, "eth0")[0][0] == "not needed"
    assert listed(result, "odd")[0][0] == "unknown"


def test_a_file_whose_number_is_good_or_bad(tmp_path: Path) -> None:
    """With weight 0 a check can say it: absent or 0 is good."""
    text = 'track_file {name} {{\nfile "{file}"\n{weight}\ninit_file\n}}\n'
    inside = "track_file {\nzero\nsum\nzero weight 3\n}"
    zero, total = tmp_path / "zero", tmp_path / "sum"
    outside = text.format(name="zero", file=zero, weight="weight 0") + text.format(name="sum", file=total, weight="")
    result = imported(tmp_path, instance(inside, outside))
    (check,) = config(result).checks
    assert check.name == "zero"
    assert check.command is not None
    assert listed(result, "sum")[0][0] == "not carried over"
    assert listed(result, "zero") == [
        ("not carried over", "weight 3", "floatip has no check whose number is a priority")
    ]


@pytest.mark.parametrize(("content", "code"), [(None, 0), ("0\n", 0), ("", 2), ("7\n", 1), ("-1", 1), ("x", 2)])
def test_the_check_of_a_file_does_as_it_says(tmp_path: Path, content: str | None, code: int) -> None:
    """Run as it is written."""
    import subprocess

    file = tmp_path / "a file"
    if content is not None:
        file.write_text(content)
    outside = f"track_file zero {{\nfile \"'{file}'\"\nweight 0\n}}\n".replace("\"'", '"').replace("'\"", '"')
    (check,) = config(imported(tmp_path, instance("track_file {\nzero\n}", outside))).checks
    assert check.command is not None
    ran = subprocess.run(check.command, capture_output=True, check=False, timeout=10)
    assert ran.returncode == code, ran.stderr


def test_processes(tmp_path: Path) -> None:
    """By name alone; too many of them is nothing that floatip can see."""
    block = "vrrp_track_process {name} {{\nprocess {process}\n{more}\n}}\n"
    inside = "track_process {\nnginx\ndaemon\nmany\n}"
    outside = (
        block.format(name="nginx", process="nginx", more="weight -10\nquorum 1")
        + block.format(name="daemon", process='"/usr/sbin/a-daemon-of-long-name" --x', more="delay 1\nquorum 2")
        + block.format(name="many", process="x", more="quorum_max 0")
    )
    result = imported(tmp_path, instance(inside, outside))
    found = config(result)
    assert [(check.name, check.target, check.weight) for check in found.checks] == [
        ("nginx", "nginx", -10),
        ("daemon", "a-daemon-of-lon", -1),
    ]
    assert found.vips[0].priority == 101
    for word in ("delay", "quorum", "vrrp_track_process", "many"):
        assert listed(result, word)[0][0] == "not carried over", word


def test_an_address_owner_has_no_weights(tmp_path: Path) -> None:
    """Keepalived clears them beside priority 255."""
    inside = "priority 255\ntrack_script {\nchk weight 9\n}"
    result = imported(tmp_path, instance(inside, SCRIPT.format(more="")))
    made = config(result)
    assert (made.vips[0].priority, made.checks[0].weight) == (254, 0)
    assert listed(result, "chk")[0][0] == "changed"


def test_a_group_may_weigh(tmp_path: Path) -> None:
    """What the group itself tracks keeps its weight; what a member tracks does, if the group says so."""
    group = "vrrp_sync_group G {{\ngroup {{\nVI_1\n}}\n{more}\ntrack_script {{\nchk weight -3\n}}\n}}\n"
    member = "track_interface {\neth5 weight -4\n}"
    for more, weights in (("", [-3, 0]), ("sync_group_tracking_weight", [-3, -4])):
        text = instance(member, group.format(more=more) + SCRIPT.format(more=""))
        assert [check.weight for check in config(imported(tmp_path, text)).checks] == weights
