"""Under faults without end: never two owners, no false announcement, no falling term, nothing left behind."""

from tests.sim.campaign import complaints
from tests.sim.scenario import Phase


def test_nothing_forbidden_happens(seeds: range) -> None:
    """No judge sees a violation while faults come and go until the end."""
    found = complaints(seeds, Phase.SAFETY)
    assert not found, "\n".join(found)
