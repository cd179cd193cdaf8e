"""How a page is shown: drawn on a terminal, aligned text in a pipe. Never: asks anybody anything."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from floatip.ops.models import Explanation
from floatip.ops.view import Cell, Table, Tone, View, aligned, printable

if TYPE_CHECKING:
    from rich.console import RenderableType


class Paper:
    """Where a page is shown: standard output, drawn by rich if it is a terminal."""

    def __init__(self, *, color: bool) -> None:
        self._color = color

    def show(self, view: View) -> None:
        """Show the page once."""
        if not sys.stdout.isatty():
            print(view.plain())
            return
        from rich.console import Console

        Console(no_color=not self._color or None, highlight=False).print(_drawn(view))

    @contextmanager
    def live(self) -> Iterator[Callable[[Callable[[int, int], View]], None]]:
        """Give a function that fills the terminal with the page for its width and height; it comes back in the end."""
        from rich.console import Console
        from rich.live import Live

        console = Console(no_color=not self._color or None, highlight=False)
        with Live(console=console, auto_refresh=False, screen=True) as live:

            def draw(page: Callable[[int, int], View]) -> None:
                width, height = console.size
                live.update(_drawn(page(width, height), cut=True), refresh=True)

            yield draw


def explanation(found: Explanation) -> list[str]:
    """Return the lines of ``floatip explain``."""
    lines = [f"{found.vip}: {'nobody owns it' if found.owner is None else f'owned by {found.owner}'}", ""]
    lines += [f"  {sentence}" for sentence in found.why]
    rows = tuple(
        (
            Cell("-" if one.rank is None else str(one.rank + 1)),
            Cell(one.node),
            Cell("-" if one.priority is None else str(one.priority)),
            Cell("; ".join(one.reasons) or ("owner" if one.node == found.owner else "able")),
        )
        for one in found.candidates
    )
    lines += ["", *aligned(Table(columns=("RANK", "NODE", "PRIORITY", "STATE"), rows=rows)).split("\n"), ""]
    return [
        *(printable(line) for line in lines),
        printable(f"if its owner died now:       {found.if_owner_dies}"),
        printable(f"if its owner lost MQTT now:  {found.if_owner_loses_mqtt}"),
        printable(f"if brokers died now:         {found.if_brokers_die}"),
    ]


def _drawn(view: View, *, cut: bool = False) -> "RenderableType":
    """Return the page as rich draws it: what is too wide takes more lines, or is cut off."""
    from rich.console import Group
    from rich.table import Table as RichTable
    from rich.text import Text

    parts: list[RenderableType] = [Text(view.headline.text, view.headline.tone)]
    for table in view.tables:
        drawn = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for column in table.columns:
            drawn.add_column(column, no_wrap=cut)
        for row in table.rows:
            drawn.add_row(*(Text(cell.text, cell.tone) for cell in row))
        parts += [Text(""), drawn, *([Text(table.rest, Tone.FAINT)] if table.rest else [])]
    return Group(*parts)
