"""The shipped unit leaves the sentinel alone, cleans up after it, and starts the daemon again."""

from configparser import RawConfigParser
from pathlib import Path

UNIT = Path(__file__).parents[3] / "deploy" / "floatip.service"


def test_the_order_of_events_is_the_sentinels() -> None:
    """Only the daemon is killed; what is left is cleaned up; then it starts again, always and soon."""
    unit = RawConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT.read_text())
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["KillMode"] == "process"
    assert service["ExecStart"] == "floatip run"
    assert service["ExecStopPost"] == "floatip cleanup"
    assert (service["Restart"], service["RestartSec"]) == ("always", "100ms")
    assert service["WatchdogSec"].endswith("s")
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
