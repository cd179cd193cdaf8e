"""`floatip status --watch` beside real daemons: a real failover is seen live, and a daemon that is away is told of."""

import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from floatip.lab.cluster import Cluster
from floatip.lab.settings import Settings
from tests.lab.cluster_scene import settled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

PATIENCE_S = 20.0
WIDTH, HEIGHT = 140, 40
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen:
    """What a command draws on a terminal, one page after the other."""

    def __init__(self, outer: int) -> None:
        self._outer = outer
        self._drawn = b""

    def until(self, shows: Callable[[str], bool], what: str) -> str:
        """Read until a page shows this, and return the page; fail if none does."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            *pages, self._drawn = self._drawn.split(b"\x1b[H")
            for page in (ESCAPES.sub("", it.decode(errors="replace")) for it in pages):
                if shows(page):
                    return page
            assert time.monotonic() < deadline_s, f"never shown: {what}; last drawn: {self._drawn!r}"
            self._drawn += os.read(self._outer, 65536)


@contextmanager
def watched(cluster: Cluster, node: str) -> Iterator[Screen]:
    """Watch what a node knows; Ctrl-C ends it with 130."""
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (HEIGHT, WIDTH))
    socket = str(cluster.home_of(node) / "floatip.sock")
    argv = [sys.executable, "-m", "floatip", "status", "--watch", "--socket", socket]
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=inner, stderr=inner, env={**os.environ, "TERM": "xterm"}
    ) as command:
        os.close(inner)
        try:
            yield Screen(outer)
        finally:
            command.send_signal(signal.SIGINT)
            code = command.wait(10.0)
            os.close(outer)
    assert code == 130


def test_a_failover_is_seen_live_with_its_steps(start_cluster: Callable[[Settings], Cluster]) -> None:
    """On a node that has no part in it: every step in its order, how long it took, and the new owner."""
    cluster = start_cluster(Settings())
    owner = settled(cluster)
    target, onlooker = sorted(set(cluster.settings.node_names) - {owner})
    cluster.wait_for(lambda: len(cluster.ask(owner)["vips"][0]["candidates"]) == 3, 15.0, "all are candidates")
    with watched(cluster, onlooker) as screen:
        screen.until(lambda page: f"web  10.77.0.50/32  {owner}" in page, "the owner")
        socket = str(cluster.home_of(owner) / "floatip.sock")
        move = [sys.executable, "-m", "floatip", "failover", "web", "--to", target, "--socket", socket]
        subprocess.run(move, check=True, capture_output=True, timeout=PATIENCE_S)
        page = screen.until(lambda page: f"{owner} has removed web" in page, "the last step")
        steps = (
            f"HANDOVER  web: {owner} -> {target} in ",
            f"{owner} asks {target} to take web",
            f"{target} is ready, and sees {owner} alone",
            f"{owner} releases web to {target}, and keeps it until then",
            f"{target} claims web",
            f"{target} announces web",
            f"{owner} has removed web",
        )
        places = [page.find(step) for step in steps]
        assert -1 not in places, page
        assert places == sorted(places), page
        screen.until(
            lambda page: f"web  10.77.0.50/32  {target}" in page and bool(re.search(r"web +\S+ +\S+ +handover", page)),
            "the new owner, and the change",
        )
        cluster.daemons[onlooker].kill()
        screen.until(lambda page: "NO ANSWER since" in page, "that its daemon is away")
        cluster.start_daemon(onlooker)
        screen.until(lambda page: f"seen from {onlooker}: quorum" in page, "that its daemon is back")
