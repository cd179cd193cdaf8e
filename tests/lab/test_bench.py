"""The benchmark itself: one strike on each system, and what its workers answer."""

import pytest

from floatip.lab import tools
from tests.bench.results import Run
from tests.bench.worker import Worker

pytestmark = [pytest.mark.lab, pytest.mark.timeout(60)]


def test_both_systems_are_struck_and_made_whole_again(programs: None) -> None:
    """SIGTERM costs floatip's clients nothing, and keepalived's some six tenths of a second."""
    tools.require("keepalived")
    outage_ms = {}
    for system in ("floatip", "keepalived"):
        worker = Worker(system)
        try:
            assert worker.obey("open", {"bed": "default"}) == "n1"
            run = Run(**worker.obey("strike", {"case": "SIGTERM", "seed": 1})["run"])
            assert worker.obey("settled", {}) == "n2"
        finally:
            worker.close()
        assert run.left_ms is not None
        assert run.answered_ms is not None
        outage_ms[system] = run.outage_ms
    assert outage_ms["floatip"] < outage_ms["keepalived"]
    assert 300 < outage_ms["keepalived"] < 2000
