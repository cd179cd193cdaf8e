"""A lab cluster whose pages a browser on the client's host looks at. Knows: which node shows what. Never: judges."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from floatip.lab.cluster import CLIENT, Cluster
from floatip.lab.settings import Settings, Vip, node_number
from tests.lab.browser import Browser, Page
from tests.lab.cluster_scene import agreed, settled

NODES = 3
PORT = 9477
EVIL = "<img src=/evil onerror=alert(1)><script>document.title='evil'</script>"
"""What a check prints, and a purpose says."""
WELL = "All is well"
START_S = 60.0
"""How long daemons may take to start on a machine that is busy with browsers."""


def origin(node: str) -> str:
    """Where a node serves its page."""
    return f"http://10.77.0.{node_number(int(node[1:]))}:{PORT}"


def settings() -> Settings:
    """Two VIPs on three nodes, each with a page of its own."""
    nodes = [f"n{number}" for number in range(1, NODES + 1)]
    return Settings(
        nodes=NODES,
        lease_ms=1500,
        vips=(
            Vip(extra={"purpose": EVIL, "checks": ["service"]}),
            Vip(name="db", addresses=("10.77.0.51", "fd77::51")),
        ),
        priorities={"n1": 150, "n2": 120, "n3": 100},
        extra={"check": [{"name": "service", "type": "exec", "command": ["/bin/echo", EVIL]}]},
        extra_by_node={node: {"http": {"listen": origin(node).removeprefix("http://")}} for node in nodes},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The cluster and the browser."""

    cluster: Cluster
    browser: Browser

    def well(self) -> tuple[str, str]:
        """Bring back what a test took away; return the owner, and a backup that has seen no trouble."""
        cluster = self.cluster
        for broker in cluster.brokers.values():
            if not broker.accepts():
                broker.start()
        for node in cluster.settings.node_names:
            if node not in cluster.live():
                cluster.start_daemon(node)
        cluster.wait_settled(START_S)
        cluster.wait_for(lambda: agreed(cluster), START_S, "every node answers, and knows the owner")
        owner = settled(cluster)
        others = [node for node in cluster.settings.node_names if node != owner]
        return owner, next(node for node in reversed(others) if not self._saw_conflicts(node))

    def _saw_conflicts(self, node: str) -> bool:
        """Whether a node remembers, for a minute, that a dead daemon's kernel answered beside the next owner's."""
        return any(vip["conflicts"] for vip in self.cluster.ask(node)["vips"])

    @contextmanager
    def page(self, node: str, *, width: int = 1280, dark: bool = False, script: bool = True) -> Iterator[Page]:
        """Open the page of a node."""
        page = self.browser.open(f"{origin(node)}/", width=width, dark=dark, script=script)
        try:
            yield page
        finally:
            self.browser.close(page)

    def order(self, node: str, *words: str) -> None:
        """Give an order on a node, and wait for its end."""
        socket = str(self.cluster.home_of(node) / "floatip.sock")
        argv = [sys.executable, "-m", "floatip", *words, "--socket", socket]
        subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)


@contextmanager
def scene() -> Iterator[Scene]:
    """Start a cluster and a browser on the client's host."""
    with Cluster(settings()) as cluster, Browser(CLIENT) as browser:
        yield Scene(cluster=cluster, browser=browser)
