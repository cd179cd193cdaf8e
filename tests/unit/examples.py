"""How many examples hypothesis makes up: few in daily runs, FLOATIP_EXAMPLES of each property in `make hostile`."""

import os

from hypothesis import HealthCheck, settings

MORE = int(os.environ.get("FLOATIP_EXAMPLES", "0"))


def examples(count: int) -> settings:
    """So many examples, or more by the environment, and no clock: the machine may be busy."""
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture)
    return settings(max_examples=max(count, MORE), deadline=None, suppress_health_check=slow)
