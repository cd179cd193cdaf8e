"""Puts the tables into a page of the documentation, each between two marks of its own. Knows: text."""

import re
from collections.abc import Mapping
from pathlib import Path

_MARKED = re.compile(r"<!-- bench: (?P<name>[a-z]+) -->\n.*?<!-- end -->", re.DOTALL)


def filled(page: str, parts: Mapping[str, str]) -> str:
    """Give the page with each marked place filled anew; raises ValueError if there is no part for one."""

    def fill(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in parts:
            raise ValueError(f"the page wants {name!r}, which was not measured; there are {', '.join(sorted(parts))}")
        return f"<!-- bench: {name} -->\n{parts[name]}\n<!-- end -->"

    return _MARKED.sub(fill, page)


def write(path: Path, parts: Mapping[str, str]) -> None:
    """Fill the marked places of a file."""
    path.write_text(filled(path.read_text(), parts))
