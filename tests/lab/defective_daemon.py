"""A daemon with a defect: ``defective_daemon.py FILE`` is ``floatip run -c FILE``, and SIGUSR1 raises inside it."""

import asyncio
import signal
import sys
from pathlib import Path
from unittest.mock import patch

from floatip import daemon
from floatip.config import load
from floatip.driver import Driver
from floatip.reload import Hands, Reloader


class DefectiveDriver(Driver):
    """A driver that is ready to fail."""

    def start(self, hands: Hands, reloader: Reloader) -> None:
        """Start as usual."""
        super().start(hands, reloader)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.defect, RuntimeError("planted"))


if __name__ == "__main__":
    path = Path(sys.argv[1])
    with patch("floatip.daemon.Driver", DefectiveDriver):
        sys.exit(daemon.run(load(path), path))
