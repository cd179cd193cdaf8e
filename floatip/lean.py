"""Loads a daemon without what its libraries bring along and it never uses: some 30 MiB of every node's memory.

Knows: which parts of scapy, pyroute2 and structlog those are. Never: what the daemon does with the rest.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from floatip.lan.vendors import forget_vendors


@contextmanager
def slim() -> Iterator[None]:
    """What is imported inside takes no more than it needs."""
    with _without("rich"), _bare("pyroute2"):
        forget_vendors()
        yield


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Hide a package from those who do without it where it is missing: structlog wants it for coloured tracebacks."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # the import system's own word for "not there"
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def _bare(name: str) -> Iterator[None]:
    """Give a package without its `__init__`: that of pyroute2 loads 160 modules, and packing a message takes six."""
    spec = importlib.util.find_spec(name)
    if name in sys.modules or spec is None:
        yield
        return
    sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[name]
