"""What all tests share: transcripts, which are rewritten by a flag and reviewed as a diff."""

from collections.abc import Callable
from pathlib import Path

import pytest

TRANSCRIPTS = Path(__file__).parent / "transcripts"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that rewrites transcripts."""
    parser.addoption("--rewrite-transcripts", action="store_true", help="write tests/transcripts anew; review the diff")


@pytest.fixture
def transcript(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Give a function that holds a text against ``tests/transcripts/<name>``, or writes it there."""

    def hold(name: str, text: str) -> None:
        path = TRANSCRIPTS / name
        if request.config.getoption("--rewrite-transcripts"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.exists(), f"no transcript {path}: run pytest --rewrite-transcripts, and review what it writes"
        assert text == path.read_text(), f"{path} says otherwise"

    return hold
