"""What the pages in docs/ tell users to write, and what they say of timing, is so."""

import re
import tomllib
from pathlib import Path

import pytest

from floatip.config import parse
from floatip.core.types import Policy, Timing
from tests.shipped import TOP

DOCS = TOP / "docs"
WHOLE = sorted(
    (path.name, number, block)
    for path in DOCS.rglob("*.md")
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", path.read_text(), re.DOTALL))
    if block.startswith("cluster =")
)
PAGES = sorted([TOP / "README.md", *DOCS.rglob("*.md")])


def quick_start() -> list[str]:
    """The whole configurations of the quick start, in order."""
    return [block for name, _, block in WHOLE if name == "quick-start.md"]


def anchors(page: Path) -> set[str]:
    """What can be linked to within a page: its headings, as GitHub names them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize(("page", "number", "block"), WHOLE)
def test_a_whole_configuration_in_a_page_is_accepted(page: str, number: int, block: str) -> None:
    """Whoever copies it can start with it."""
    parse(tomllib.loads(block), f"{page}, block {number}")


def test_the_quick_start_has_the_files_of_configs() -> None:
    """One pair, in two places."""
    written = [tomllib.loads(block) for block in quick_start()]
    shipped = [tomllib.loads((TOP / "configs" / f"two-nodes-{node}.toml").read_text()) for node in ("n1", "n2")]
    assert written[:2] == shipped
    broker = re.findall(r"```\n(listener .*?)```", (DOCS / "quick-start.md").read_text(), re.DOTALL)[0]
    lines = (TOP / "configs" / "mosquitto.conf").read_text().splitlines()
    assert broker.splitlines() == [line for line in lines if line and not line.startswith("#")]


def test_the_table_of_timings_is_what_the_code_waits() -> None:
    """Heartbeat and lease of each row give the times beside them."""
    unit = {"ms": 0.001, "s": 1.0}
    rows = re.findall(
        r"^\| .* \| (\d+)(ms|s) \| (\d+)(ms|s) \| ([\d.]+) s \| ([\d.]+) s \|$",
        (DOCS / "choosing.md").read_text(),
        re.MULTILINE,
    )
    assert len(rows) == 3
    for heartbeat, unit_h, lease, unit_l, keep, release in rows:
        timing = Timing(heartbeat_s=int(heartbeat) * unit[unit_h], lease_s=int(lease) * unit[unit_l])
        assert f"{timing.owner_down_s(Policy.KEEP):.2f}" == keep
        assert f"{timing.owner_down_s(Policy.RELEASE):.2f}" == release


def test_every_figure_of_the_failures_is_one_of_the_campaign() -> None:
    """Or of the README, which is marked with an asterisk."""
    measured = set(re.findall(r"\d+ / \d+", (DOCS / "reliability.md").read_text()))
    told = re.findall(r"\d+ / \d+", (DOCS / "failures.md").read_text() + (DOCS / "choosing.md").read_text())
    assert len(told) > 40
    assert set(told) <= measured


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_somewhere(page: Path) -> None:
    """To a file that is there, and a heading in it."""
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_every_image_is_shown_and_small() -> None:
    """Whoever reads a page on a slow line waits for it."""
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"!\[[^\]]+\]\(([^):]+)\)", page.read_text())
    }
    images = {path for path in DOCS.rglob("*") if path.suffix in {".png", ".svg"}}
    assert {image.resolve() for image in images} == shown
    assert [image.name for image in images if image.stat().st_size > 150_000] == []


def test_the_readme_names_every_page() -> None:
    """In its list."""
    text = (TOP / "README.md").read_text()
    assert [page.name for page in DOCS.glob("*.md") if f"(docs/{page.name})" not in text] == []
