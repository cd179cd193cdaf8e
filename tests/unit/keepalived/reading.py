"""What tests of the import share: a text as a file, its result as values. Never: what is right."""

import tomllib
from pathlib import Path
from typing import Any

from floatip.config import Config, parse
from floatip.keepalived import Entry, Imported, NothingToImport, Wishes, import_file

CONFIGS = Path(__file__).parent / "configs"

INSTANCE = """
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {{
        10.77.0.50
    }}
    {inside}
}}
{outside}
"""


def instance(inside: str = "", outside: str = "") -> str:
    """One instance with one address, and more lines in and after it."""
    return INSTANCE.format(inside=inside, outside=outside)


def imported(folder: Path, text: str, **wishes: Any) -> Imported:
    """Import a text as keepalived.conf."""
    path = folder / "keepalived.conf"
    path.write_text(text)
    return import_file(path, Wishes(**wishes))


def raw(result: Imported) -> dict[str, Any]:
    """The configuration as TOML has it."""
    return tomllib.loads(result.config)


def config(result: Imported) -> Config:
    """The configuration as floatip reads it."""
    return parse(raw(result), "result")


def listed(result: Imported | NothingToImport, keyword: str) -> list[tuple[str, str, str]]:
    """(kind, value, why) of each entry about a keyword."""
    return [(str(one.kind), one.value, one.why) for one in result.entries if one.keyword == keyword]


def kinds(entries: list[Entry]) -> dict[str, str]:
    """Keyword to what became of it."""
    return {one.keyword: str(one.kind) for one in entries}
