"""What the tests of the lab share: they run in the sandbox only, on networks and clusters that vanish afterwards."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from floatip.lab import sandbox, tools
from floatip.lab.cluster import Cluster
from floatip.lab.net import Network
from floatip.lab.settings import Settings

NEEDED = ("arping", "ip", "mosquitto", "mount", "nft", "unshare")


@pytest.fixture(autouse=True)
def _in_sandbox(request: pytest.FixtureRequest) -> None:
    """Skip tests marked `lab` outside the sandbox, with the reason."""
    if request.node.get_closest_marker("lab") and not sandbox.is_inside():
        pytest.skip("needs namespaces of its own: python -m floatip.lab.sandbox -- pytest -m lab")


@pytest.fixture(scope="session")
def programs() -> None:
    """Fail, and do not skip, if the sandbox lacks a program."""
    absent = tools.missing(NEEDED)
    if absent:
        pytest.fail(f"missing: {', '.join(absent)}; apt install {' '.join(tools.PACKAGES[name] for name in absent)}")


@pytest.fixture
def network(_in_sandbox: None, programs: None) -> Iterator[Network]:
    """Give an empty network."""
    with Network() as net:
        yield net


@pytest.fixture
def start_cluster(_in_sandbox: None, programs: None) -> Iterator[Callable[[Settings], Cluster]]:
    """Give the function that starts a cluster; it is stopped after the test, its logs printed if the test failed."""
    with ExitStack() as stack:
        yield lambda settings: stack.enter_context(Cluster(settings))


@pytest.fixture
def fake_daemon() -> Path:
    """Give the script that takes the part of the daemon: n1 owns the first VIP, SIGUSR1 makes others take it."""
    return Path(__file__).parent / "fake_daemon.py"
