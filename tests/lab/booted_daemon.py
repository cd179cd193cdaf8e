"""A daemon whose host has boot files of its own: ``booted_daemon.py FILE`` is ``floatip run -c FILE``.

They are below ``root`` beside the configuration, as the hosts of the lab share one /etc.
"""

import sys
from functools import partial
from pathlib import Path
from unittest.mock import patch

from floatip import daemon
from floatip.config import load
from floatip.host.inventory import inventory

if __name__ == "__main__":
    path = Path(sys.argv[1])
    with patch("floatip.hands.errands.inventory", partial(inventory, path.parent / "root")):
        sys.exit(daemon.run(load(path), path))
