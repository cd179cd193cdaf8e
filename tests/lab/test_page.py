"""The status page in a real browser, while owners die, are drained, and the broker stops."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from floatip.lab import sandbox, tools
from tests.lab.browser import Page
from tests.lab.page_scene import WELL, Scene, origin, scene

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PHONE = 390
STALE_S = 5.0
"""What nobody confirms any more must look like it within so long."""
Show = Callable[[str, Page], None]


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest, programs: None) -> Iterator[Scene]:
    """Give one cluster and one browser for all tests of this file; each begins by making all well."""
    if not sandbox.is_inside():
        pytest.skip("needs namespaces of its own: python -m floatip.lab.sandbox -- pytest -m lab")
    tools.require("chromium")
    with scene() as running:
        if request.config.getoption("--rewrite-screenshots"):
            running.well()
            time.sleep(8.0)  # so that the bars have some past
        yield running


@pytest.fixture
def show(request: pytest.FixtureRequest) -> Show:
    """Give the function that writes what a page shows at a moment into docs/images, if that was asked for."""

    def write(name: str, page: Page) -> None:
        if request.config.getoption("--rewrite-screenshots"):
            page.rest(4.0)
            IMAGES.mkdir(exist_ok=True)
            (IMAGES / f"{name}.png").write_bytes(page.picture("section.nodes"))

    return write


def headline(page: Page) -> str:
    """What the page says first."""
    return page.text("h1")


def row(page: Page, title: str, name: str) -> str:
    """The text of the row of a table that begins so; nothing if there is none."""
    rows = page.value(
        "[...document.querySelectorAll('section')]"
        f".find((one) => one.querySelector('h2').innerText === {title!r})?.innerText ?? ''"
    )
    return next((line for line in str(rows).splitlines() if line.startswith(name)), "")


def lane(page: Page, vip: str) -> str:
    """What the bar of a VIP says to one who cannot see it."""
    labels = page.value("[...document.querySelectorAll('svg')].map((one) => one.getAttribute('aria-label'))")
    return next(str(label) for label in labels if label.startswith(f"{vip}: "))


def owner_now(page: Page, vip: str) -> str:
    """Who owns a VIP, at the end of its bar."""
    ends = page.value("[...document.querySelectorAll('.lanes div')].map((one) => one.innerText)")
    return next(str(text).split("\n")[-1] for text in ends if str(text).startswith(vip))


def is_alone_and_quiet(page: Page, node: str) -> bool:
    """Whether it was loaded once, asked nobody but its daemon for anything, and the browser had nothing to say."""
    asked = {url for url in page.asked if not url.startswith("data:")}
    assert asked == {f"{origin(node)}/", f"{origin(node)}/api/events"}, asked
    assert page.complaints == []
    assert page.loads == 1
    return True


def fits(page: Page) -> bool:
    """Whether it is no wider than the window."""
    return bool(page.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_an_owner_that_is_killed(shared: Scene, show: Show) -> None:
    """Who is dead, who took what over, and how long that took: first of all, and without a reload."""
    owner, looker = shared.well()
    with shared.page(looker) as page:
        page.until_says(WELL, selector="h1")
        assert owner_now(page, "web") == owner
        shared.cluster.kill_daemon(owner)
        page.until_says(f"{owner} is dead; every VIP has an owner", selector="h1")
        page.until_says("2 of 2 VIPs owned and seen by a witness", selector="header")
        (new,) = shared.cluster.bound_on("10.77.0.50")
        assert re.search(
            rf"^\d s ago {new} took web and db over from {owner}, which had been silent for \d\.\d\d s$",
            page.text(".last"),
        )
        assert new in row(page, "VIPs", "web").split()
        assert "dead" in row(page, "Nodes", owner)
        change = row(page, "Changes of owner", "20")
        assert all(word in change for word in ("web and db", new, owner, "takeover", "so far")), change
        assert re.search(rf"{owner}\b.*, {new} since [\d:]+ \({new}: takeover\)$", lane(page, "web"))
        assert owner_now(page, "web") == new
        assert is_alone_and_quiet(page, looker)
        show("page-kill", page)
        with shared.page(looker, width=PHONE) as phone:
            assert f"{owner} is dead" in headline(phone)
            assert fits(phone)


def test_an_owner_that_is_drained(shared: Scene, show: Show) -> None:
    """All stays well, and it says who moved where and why; each step is among the events."""
    owner, looker = shared.well()
    with shared.page(looker) as page:
        page.until_says(WELL, selector="h1")
        shared.order(looker, "drain", owner)
        try:
            page.until_says(f"{owner} is drained: it takes no VIPs", f"over from {owner}, which is drained")
            page.until_says(WELL, selector="h1")
            (new,) = shared.cluster.bound_on("10.77.0.50")
            assert new in row(page, "VIPs", "web").split()
            assert "alive, drained" in row(page, "Nodes", owner)
            assert "drain" in row(page, "Changes of owner", "20").split()
            assert lane(page, "db").endswith(f"({new}: drain)")
            page.until_says(f"{owner} releases", f"{owner} has removed", selector="section.last")
            assert is_alone_and_quiet(page, looker)
            show("page-drain", page)
        finally:
            shared.order(looker, "undrain", owner)
        page.until(lambda: "drained" not in page.text("header ul"), "the drain is over")


def test_the_only_broker_is_stopped(shared: Scene, show: Show) -> None:
    """The owner keeps what it has; a backup calls nobody dead, and says who still answers."""
    owner, looker = shared.well()
    with shared.page(looker) as page, shared.page(owner) as kept:
        page.until_says(WELL, selector="h1")
        shared.cluster.brokers["b1"].stop()
        page.until_says(f"No quorum: {looker} reaches 0 of 1 brokers", selector="h1")
        page.until_says(f"{owner} still answers on the LAN for web and db", "lost 10.78.0.1:1883", selector="header")
        page.until(lambda: "not known" in row(page, "VIPs", "web"), "the owner is not known")
        assert f"last owned by {owner}; {owner} answers on the LAN" in row(page, "VIPs", "web")
        assert "not heard" in row(page, "Nodes", owner)
        assert "not connected" in row(page, "Brokers", "mqtt://10.78.0.1:1883")
        assert "not known since" in lane(page, "web")
        assert "dead;" not in page.text("header")
        kept.until_says(f"No quorum: {owner} reaches 0 of 1 brokers", selector="h1")
        kept.until_says("2 of 2 VIPs kept, and no node could take them over", selector="header")
        kept.until(lambda: "isolated: kept without quorum" in row(kept, "VIPs", "web"), "it is isolated")
        assert is_alone_and_quiet(page, looker)
        show("page-broker", page)
        with shared.page(looker, width=PHONE) as phone:
            assert fits(phone)
        shared.cluster.brokers["b1"].start()
        page.until(lambda: owner in row(page, "VIPs", "web").split(), "the owner is known again", timeout_s=20.0)
        assert page.loads == 1


def test_a_daemon_that_is_gone(shared: Scene) -> None:
    """Within five seconds a banner says so and all is grey; when it is back, so is the page, without a reload."""
    _, looker = shared.well()
    with shared.page(looker) as page:
        page.until_says(WELL, selector="h1")
        assert page.value("getComputedStyle(document.getElementById('stale')).display") == "none"
        shared.cluster.stop_daemon(looker)
        took_s = page.until_says("No news for", selector="#stale")
        assert took_s < STALE_S
        assert "grayscale(1)" in page.value("getComputedStyle(document.getElementById('live')).filter")
        shared.cluster.start_daemon(looker)
        page.until(lambda: page.value("document.getElementById('stale').hidden"), "no banner", timeout_s=20.0)
        assert page.value("getComputedStyle(document.getElementById('live')).filter") == "none"
        assert page.loads == 1


def test_without_a_script(shared: Scene) -> None:
    """All of it is there, and loads itself anew."""
    owner, looker = shared.well()
    with shared.page(looker, script=False) as page:
        assert owner in row(page, "VIPs", "web").split()
        assert "connected" in row(page, "Brokers", "mqtt://")
        assert "alive" in row(page, "Nodes", owner)
        assert owner_now(page, "web") == owner
        page.until(lambda: page.loads > 1, "it is loaded anew")
        assert not [url for url in page.asked if "events" in url]
        assert page.complaints == []


def test_what_comes_from_elsewhere_is_text(shared: Scene) -> None:
    """A check may print what it likes."""
    _, looker = shared.well()
    with shared.page(looker) as page:
        page.until(lambda: "<img src=/evil onerror=" in row(page, "Checks here", "service"), "what the check says")
        assert page.value("document.querySelectorAll('img').length") == 0
        assert "evil" not in page.value("document.title")
        assert is_alone_and_quiet(page, looker)


def test_in_the_dark_and_on_a_phone(shared: Scene) -> None:
    """The background is dark, what is on it is light, and nothing is wider than the window."""
    _, looker = shared.well()
    with shared.page(looker, width=PHONE, dark=True) as phone, shared.page(looker) as page:
        assert fits(phone)
        assert fits(page)
        assert brightness(phone, "body", "backgroundColor") < 40
        assert brightness(phone, "body", "color") > 200
        assert brightness(page, "body", "backgroundColor") > 200
        assert brightness(page, "body", "color") < 60
        assert brightness(phone, "section", "backgroundColor") < 60


def brightness(page: Page, selector: str, what: str) -> float:
    """How bright a colour of an element is, from 0 to 255."""
    colour = page.value(f"getComputedStyle(document.querySelector({selector!r})).{what}")
    red, green, blue = (float(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3])
    return (red + green + blue) / 3
