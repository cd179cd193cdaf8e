"""What the sandbox says where it cannot be."""

from pathlib import Path

import pytest

from floatip.lab import sandbox, tools
from floatip.lab.errors import LabError
from floatip.lab.net import Network


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"),
        ("user/max_user_namespaces", "500", "run as root"),
    ],
)
def test_the_setting_that_forbids_is_named(tmp_path: Path, key: str, value: str, remedy: str) -> None:
    """The remedy is the command that changes the setting found, and being root where no setting is to blame."""
    (tmp_path / key).parent.mkdir(parents=True)
    (tmp_path / key).write_text(f"{value}\n")
    assert remedy in sandbox.remedy(tmp_path)


def test_a_missing_program_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that are not there are named together with what to install."""
    monkeypatch.setattr(tools, "search_path", lambda: str(tmp_path))
    with pytest.raises(LabError, match=r"ip, nft; remedy: apt install iproute2 nftables"):
        tools.require("ip", "nft")


def test_system_directories_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user's PATH lacks the directories where nft and mosquitto are."""
    monkeypatch.setenv("PATH", "/usr/bin:/sbin")
    assert tools.search_path() == "/usr/bin:/sbin:/usr/local/sbin:/usr/sbin"


def test_no_network_outside_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab refuses to touch the namespaces of the machine itself."""
    monkeypatch.delenv(sandbox.MARK, raising=False)
    with pytest.raises(LabError, match=r"floatip\.lab\.sandbox"):
        Network()


@pytest.mark.parametrize("argv", [[], ["--"], ["ls"], ["--init", "3", "--"]])
def test_wrong_usage_is_explained(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command there is a line of usage, and exit code 2."""
    assert sandbox.main(argv) == 2
    assert "usage:" in capsys.readouterr().err
