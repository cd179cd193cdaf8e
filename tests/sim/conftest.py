"""How many seeds the simulator runs: ``--sim-seeds N`` in all, from ``--sim-from`` on."""

import pytest

SEEDS = 500
CHUNK = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the simulator's options."""
    parser.addoption("--sim-seeds", type=int, default=SEEDS, help="simulator: how many seeds to run in all")
    parser.addoption("--sim-from", type=int, default=0, help="simulator: the first seed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that wants seeds its chunks of them."""
    if "seeds" in metafunc.fixturenames:
        first = int(metafunc.config.getoption("--sim-from", default=0))
        many = int(metafunc.config.getoption("--sim-seeds", default=SEEDS))
        chunks = [range(at, min(at + CHUNK, first + many)) for at in range(first, first + many, CHUNK)]
        metafunc.parametrize("seeds", chunks, ids=[f"{chunk.start}-{chunk.stop - 1}" for chunk in chunks])
