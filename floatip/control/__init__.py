"""The control socket of the daemon: the other end of ``floatip.ops``."""

from floatip.control.doorway import ControlError
from floatip.control.server import Backend, ControlServer

__all__ = ["Backend", "ControlError", "ControlServer"]
