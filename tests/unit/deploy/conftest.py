"""What /metrics of a running daemon has, for the tests of those that ask for it."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.deploy.promql import Metrics
from tests.unit.observe.browser import get, served
from tests.unit.observe.busy import busy


@pytest.fixture(scope="session")
def metrics() -> Metrics:
    """Give each metric with its labels, as a daemon with something to tell of everything exports them."""

    async def scraped() -> str:
        async with served(busy()) as port:
            return (await get(port, "/metrics")).body

    families = text_string_to_metric_families(asyncio.run(scraped()))
    found = {one.name: frozenset(one.labels) for family in families for one in family.samples}
    assert len(found) > 10
    return {**found, "up": frozenset()}
