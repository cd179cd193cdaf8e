"""What all tests share: transcripts, rewritten by a flag and reviewed as a diff; and that CI skips nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True)
"""The same examples each time: new ones are for daily runs and campaigns, where somebody looks."""
if os.environ.get("CI") == "true":
    settings.load_profile("ci")

TRANSCRIPTS = Path(__file__).parent / "transcripts"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that rewrites transcripts."""
    parser.addoption("--rewrite-screenshots", action="store_true", help="write docs/images anew; look at them")
    parser.addoption("--rewrite-transcripts", action="store_true", help="write tests/transcripts anew; review the diff")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A proof that was skipped is none: in CI it fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


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
