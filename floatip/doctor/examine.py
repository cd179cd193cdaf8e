"""The whole look. Knows: what to look at, and how long that may take. Never: what is right or wrong.

Each area is looked at by itself, in a thread that nobody waits for longer than ``HOST_S``: a disk or a name server that
hangs costs its own line.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from floatip.config import Config
from floatip.doctor import boot, brokers, host, interfaces, kernel, managers
from floatip.doctor.findings import Area, Finding, Report, Severity
from floatip.doctor.processes import running
from floatip.host.addresses import Addresses, Found
from floatip.host.bootfiles import boot_entries
from floatip.host.errors import HostError
from floatip.host.links import links
from floatip.preflight import RefusalError, broker_options

HOST_S = 2.0
BROKERS_S = 11.0
_ROOT = Path("/")

Look = Callable[[], Iterable[Finding]]


def examine(config: Config, read_boot: Callable[[], boot.Read] = boot_entries) -> Report:
    """Look at this host and every broker; ends within ``HOST_S`` and ``BROKERS_S``, whatever hangs."""
    looks = [
        _Looking(Area.HOST, lambda: host.check(config)),
        _Looking(Area.HOST, lambda: managers.check(config, running(_ROOT), links(), _ROOT)),
        _Looking(Area.INTERFACES, lambda: interfaces.check(config, links(), _present(), interfaces.routes(_ROOT))),
        _Looking(Area.KERNEL, lambda: kernel.check(config)),
        _Looking(Area.BOOT, lambda: boot.check(config, read_boot())),
    ]
    until_s = time.monotonic() + HOST_S
    findings = [finding for look in looks for finding in look.findings(until_s - time.monotonic())]
    findings += asyncio.run(_brokers(config))  # afterwards: threads at work would show in the round trips
    return Report.of(config.cluster, config.node, findings)


class _Looking:
    """One look in a thread of its own, begun at once."""

    def __init__(self, area: Area, look: Look) -> None:
        self._area = area
        self._look = look
        self._found: list[Finding] | None = None
        self._thread = threading.Thread(target=self._work, name=f"doctor: {area}", daemon=True)
        self._defect: Exception | None = None
        self._thread.start()

    def findings(self, timeout_s: float) -> list[Finding]:
        """Wait for what was found; what takes too long is a finding itself."""
        self._thread.join(max(0.0, timeout_s))
        if self._defect is not None:
            raise self._defect
        if self._found is None:
            return [self._not_known(f"could not be looked at within {HOST_S:g} s", "see what hangs: disks, `dmesg`")]
        return self._found

    def _work(self) -> None:
        try:
            self._found = list(self._look())
        except HostError as error:
            self._found = [self._not_known(f"cannot be looked at: {error}", "run this as root")]
        except Exception as error:  # noqa: BLE001 (whoever waits for the thread raises it)
            self._defect = error

    def _not_known(self, text: str, remedy: str) -> Finding:
        return Finding(area=self._area, subject=str(self._area), severity=Severity.PROBLEM, text=text, remedy=remedy)


def _present() -> list[Found]:
    addresses = Addresses()
    addresses.open()
    try:
        return addresses.present()
    finally:
        addresses.close()


async def _brokers(config: Config) -> list[Finding]:
    try:
        async with asyncio.timeout(BROKERS_S):
            return await brokers.check(config, broker_options(config))
    except RefusalError as error:
        remedy = "correct that file, or name another under [mqtt]; without it the daemon does not start"
        return [Finding(area=Area.BROKERS, subject="mqtt", severity=Severity.PROBLEM, text=str(error), remedy=remedy)]
    except TimeoutError:
        text = f"could not be looked at within {BROKERS_S:g} s"
        return [Finding(area=Area.BROKERS, subject="brokers", severity=Severity.PROBLEM, text=text)]
