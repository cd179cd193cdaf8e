"""The control socket of the daemon: the other end of ``floatip.ops``."""

from floatip.control.dispatch import Backend
from floatip.control.doorway import ControlError
from floatip.control.server import ControlServer

__all__ = ["Backend", "ControlError", "ControlServer"]
