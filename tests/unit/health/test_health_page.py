"""The page for users about checks and hooks says what the code does."""

import re
import tomllib
from pathlib import Path

from floatip.config import Config, parse
from floatip.config.tables import Check, CheckType
from floatip.core import effects as ef
from floatip.core.types import Mac, Occasion, Role, VipName
from floatip.hands.hookwords import KEEPALIVED, Call

PAGE = (Path(__file__).parents[3] / "docs" / "health.md").read_text()
FRAME = 'cluster = "web"\nnode = "n1"\n[mqtt]\nbrokers = ["mqtt://10.78.0.1"]\n'


def configured() -> Config:
    """All examples of the page as one configuration."""
    examples = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    return parse(tomllib.loads(FRAME + "\n".join(examples)), "f")


def test_its_examples_are_a_configuration() -> None:
    """With one of each kind of check."""
    config = configured()
    assert {check.type for check in config.checks} == set(CheckType)
    assert config.hooks


def test_it_tells_the_defaults() -> None:
    """As the tables have them."""
    check = Check.model_validate({"name": "c", "type": "tcp"})
    for key in ("rise", "fall", "weight"):
        assert f"| `{key}` | {getattr(check, key)} |" in PAGE
    assert "every `interval` (1s)" in PAGE
    assert "than `timeout` (500ms," in PAGE
    assert (check.interval_s, check.timeout_s) == (1.0, 0.5)
    config = configured()
    assert "within `timeout` (10s)" in PAGE
    assert config.hooks[0].timeout_s == 10
    assert "`damping` of a `[[vip]]` (10s)" in PAGE
    assert config.vips[0].damping_s == 10


def test_it_names_what_a_hook_finds() -> None:
    """Every variable and every event, and keepalived's word for it."""
    effect = ef.CallHooks(
        occasion=Occasion.CONFLICT,
        vip=VipName("web"),
        was=Role.OWNER,
        now=Role.OWNER,
        term=1,
        priority=100,
        owner=None,
        why="",
        mac=Mac("02:00:00:00:00:99"),
    )
    told = Call.of(effect, cluster="web", node="n1", addresses=())
    assert set(re.findall(r"^\| `(FLOATIP_\w+)`", PAGE, re.MULTILINE)) == set(told.environment)
    events, keepalived = (PAGE.split(head)[1].split("\n\n")[0] for head in ("| event | when |", "| event | state |"))
    assert set(re.findall(r"^\| `(\w+)`", events, re.MULTILINE)) == set(Occasion)
    for occasion, state in KEEPALIVED.items():
        assert re.search(rf"^\| .*`{occasion}`.* \| `{state}` \|$", keepalived, re.MULTILINE)
