"""Reads keepalived's configuration and writes floatip's. Knows: both files. Never: a daemon of either.

files, parameters, lexis -> lines (what counts on this node) -> tree (blocks) -> general, instances, tracking, tracked,
scripts, routing, timing (each a part of the draft) -> toml (text). The ledger accounts for every statement; what nobody
takes is judged by words, which is keepalived.conf(5) word by word. translate is the whole way.
"""

from floatip.keepalived.errors import KeepalivedError, NothingToImport
from floatip.keepalived.ledger import Carried, Entry, Kind
from floatip.keepalived.translate import Imported, Wishes, import_file

__all__ = ["Carried", "Entry", "Imported", "KeepalivedError", "Kind", "NothingToImport", "Wishes", "import_file"]
