"""Our own name where we did not speak: a predecessor's last words, or a living namesake."""

import pytest

from floatip.core.namesake import Namesakes
from tests.unit.core.stage import H


@pytest.mark.parametrize(
    ("times", "proven"),
    [
        ((5.0,), False),
        ((5.0, 5.01, 5.02, 5.1), False),
        ((5.0, 5.0 + 0.79 * H), False),
        ((5.0, 5.0 + 0.81 * H), True),
        ((5.0, 5.0 + 5 * H, 5.0 + 9 * H), True),
        ((5.0, 5.0 + 11 * H), False),
        ((5.0, 5.0 + 11 * H, 5.0 + 12 * H), True),
    ],
)
def test_a_burst_is_a_predecessor_and_one_that_goes_on_is_alive(times: tuple[float, ...], proven: bool) -> None:
    """Last words come in one burst; what comes long after is a new beginning."""
    namesakes = Namesakes(H)
    heard = [namesakes.heard(at) for at in times]
    assert heard[-1] is proven
    assert not any(heard[:1])
