"""Highly available floating IP addresses for Linux.

``async with floatip.connect() as cluster:`` speaks with the daemon of this host; the names below are loaded on first
use, so that importing floatip costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from floatip.ops import Cluster, FloatipError, connect

__version__ = "0.1.0"
__all__ = ["Cluster", "FloatipError", "__version__", "connect"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from floatip import ops

        return getattr(ops, name)
    raise AttributeError(f"module 'floatip' has no attribute {name!r}")
