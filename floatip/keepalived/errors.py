"""Why nothing was imported. Knows: sentences. Never: what was read."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from floatip.keepalived.ledger import Entry


class KeepalivedError(Exception):
    """A file of keepalived's cannot be imported; the text names file, line, what is wrong and the remedy."""

    def __init__(self, file: str, line: int, text: str) -> None:
        super().__init__(f"{file}:{line}: {text}" if line else f"{file}: {text}")
        self.file = file
        self.line = line


class NothingToImport(Exception):  # noqa: N818 (an end, not an error: the file may be right)
    """The file has no VRRP instance with an address that floatip could hold; ``entries`` lists what it has."""

    def __init__(self, file: str, entries: "list[Entry]") -> None:
        super().__init__(f"{file}: nothing to import: it has no vrrp_instance with an address that can float")
        self.entries = entries
