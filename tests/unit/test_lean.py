"""What a slim daemon leaves out is left out, and missed by nobody. Each in a process of its own."""

import subprocess
import sys


def printed(program: str) -> str:
    """Run a program in a fresh interpreter, and return what it prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60.0, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


SLIM = """
import sys
from floatip.lean import slim
with slim():
    import floatip.daemon
"""


def test_what_a_daemon_never_uses_is_not_there() -> None:
    """No terminal library, no vendors of network cards, and of pyroute2 the packing of messages alone."""
    program = """
from scapy import data
print("rich" in sys.modules, len(data.MANUFDB.d), sum(name.startswith("pyroute2") for name in sys.modules) < 12)
"""
    assert printed(SLIM + program) == "False 0 True"


def test_the_daemon_still_packs_and_builds() -> None:
    """A request to the kernel and a frame are the same bytes with and without."""
    program = """
from ipaddress import ip_address
from floatip.host.messages import pack_add
from floatip.lan.arp import announcements
ready = pack_add(ip_address("10.77.0.50"), 32, label="eth0:web", source=False)
print(ready.patched(index=7, lifetime_s=3).hex())
print([frame.hex() for frame in announcements(ip_address("10.77.0.50"), "02:00:00:00:00:01")])
"""
    assert printed(SLIM + program) == printed(program)


def test_others_in_the_process_find_everything() -> None:
    """Whoever imports these libraries afterwards gets them whole."""
    program = """
from pyroute2 import IPRoute
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from rich.table import Table
from floatip.host import messages
print(messages.ifaddrmsg is ifaddrmsg, IPRoute.__name__, Table.__name__)
"""
    assert printed(SLIM + program) == "True IPRoute Table"


def test_what_was_there_before_stays() -> None:
    """Libraries that were loaded before are not touched."""
    program = """
import pyroute2, rich, sys
from floatip.lean import slim
with slim():
    import floatip.daemon
print(sys.modules["pyroute2"] is pyroute2, sys.modules["rich"] is rich)
"""
    assert printed(program) == "True True"


def test_an_error_is_still_logged_with_its_traceback() -> None:
    """Structlog falls back to the plain one."""
    program = """
from floatip.observe.logs import setup
import structlog
logs = setup("info", "console", sys.stdout)
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("it broke")
logs.close()
"""
    out = printed(SLIM + program)
    assert "it broke" in out
    assert "ZeroDivisionError: division by zero" in out
