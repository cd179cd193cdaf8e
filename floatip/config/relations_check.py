"""What each type of check needs. Knows: one [[check]]. Never: other tables."""

import re
from collections.abc import Callable, Iterator

from floatip.config.fields import read_address, read_host_port, read_interface, read_path
from floatip.config.problems import shown
from floatip.config.tables import Check, CheckType

_URL = re.compile(r"https?://[^\s/@]+(/\S*)?")


def check_fields(check: Check) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) for keys that the type of the check needs, or has no use for."""
    yield from _of_files(check)
    if check.type is CheckType.EXEC:
        if check.command is None:
            yield "command", 'is missing: type "exec" needs it, for example command = ["/usr/bin/pgrep", "nginx"]'
        if check.target is not None:
            yield "target", 'has no use in a check of type "exec": leave it out'
        return
    if check.command is not None:
        yield "command", f'has no use in a check of type "{check.type}": leave it out, or write type = "exec"'
    form, right = _TARGETS[check.type]
    if check.target is None:
        yield "target", f'is missing: type "{check.type}" needs {form}'
    elif not right(check.target):
        yield "target", f'found {shown(check.target)}, must be {form} in a check of type "{check.type}"'


def _of_files(check: Check) -> Iterator[tuple[str, str]]:
    if check.type is CheckType.FILE:
        if check.contains == "":
            yield "contains", "is empty, must be the text that the file has to contain; any file: leave it out"
        return
    for key, value in (("contains", check.contains), ("max_age", check.max_age_s)):
        if value is not None:
            yield key, f'has no use in a check of type "{check.type}": leave it out, or write type = "file"'


def _reads(reader: Callable[[str], object]) -> Callable[[str], bool]:
    def right(text: str) -> bool:
        try:
            reader(text)
        except ValueError:
            return False
        return True

    return right


def _url(text: str) -> bool:
    match = _URL.fullmatch(text)
    return match is not None and read_host_port(text.split("/")[2], default_port=80) is not None


_TARGETS: dict[CheckType, tuple[str, Callable[[str], bool]]] = {
    CheckType.TCP: ('HOST:PORT like "127.0.0.1:80"', lambda text: read_host_port(text) is not None),
    CheckType.HTTP: ('a URL like "http://127.0.0.1/health"', _url),
    CheckType.LINK: ('an interface like "eth1"', _reads(read_interface)),
    CheckType.ARP: ('an address on the LAN like "10.77.0.1"', _reads(read_address)),
    CheckType.FILE: ('an absolute path like "/run/ready"', _reads(read_path)),
    CheckType.PROCESS: ('the name of a process like "nginx"', lambda text: bool(text) and "/" not in text),
}
