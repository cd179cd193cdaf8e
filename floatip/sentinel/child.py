"""The sentinel's process: waits for the daemon's end, then sees to what it left.

``python -I -S -c "..." ROOT FD`` (floatip.host.sentinel) calls ``main``. FD is the channel: what the daemon entrusts
comes by it, and its end is the daemon's end. Knows: the order of things. Never: stays longer than a kernel lifetime.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Collection

from floatip.sentinel import words
from floatip.sentinel.door import Door
from floatip.sentinel.ears import Ears
from floatip.sentinel.kernel import GONE, Kernel
from floatip.sentinel.wards import Wards

PROCESS_NAME = "floatip-sentinel"
PRIORITY = -10
DAEMON = "\0floatip-host"
RETRY_S = 0.2
"""How soon a removal that failed is tried again."""
GRACE_S = 0.03
"""How long an address stays that was claimed, or whose VIP was, and that has not been announced itself.

The next owner's kernel answers our testament as soon as it has the address, and its daemon announces one address after
another: until its own is announced, every client of an address comes to us.
"""
DOOR_TRIES_S = 1.0
"""How long the name may be another's: that of a sentinel that was killed a moment ago."""
TESTIFY_EVERY_S = 0.1
TESTIFY_FOR_S = 1.0
"""How long after the daemon's end the LAN is told of it: the last will, without which that proves nothing, is quick."""
TESTAMENTS_AT_ONCE = 64
"""A host that holds more than so many addresses tells of them in turn: each speaks for the whole daemon."""
_DOOR_AGAIN_S = 0.01
_READ_BYTES = 1 << 16
_MOST_NAMES = 5
_LONGEST_REMARK_BYTES = 1024


class Sentinel:
    """Single-threaded; every wait has an end but the one for the daemon."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel: socket.socket | None = channel
        self._lines = words.Lines()
        self._wards = Wards()
        self._kernel = Kernel()
        self._ears = Ears()
        self._door = Door(self._account, self._leave)
        self._door_until_s: float | None = now_s() + DOOR_TRIES_S
        self._until_s = float("inf")
        """When the kernel has none of it any more, because nobody renews it."""
        self._doomed: dict[bytes, tuple[float, str]] = {}
        """Which address (packed) is to be removed, when, and why."""
        self._testify_at_s = self._testify_until_s = float("inf")
        self._testified = 0
        self._over = False

    def run(self) -> None:
        """Serve until there is nothing left to see to.

        The door comes first: who takes over must not find that something was removed meanwhile, not even by a sentinel
        that was frozen and has missed both its daemon's end and the caller.
        """
        channel = self._channel
        self._open_door()
        while not self._over:
            sources = [*self._door.sockets(), *([self._channel] if self._channel else []), *self._ears.sockets()]
            ready = set(select.select(sources, [], [], self._wait_s())[0])
            self._door.serve(ready)
            if channel in ready and not self._over:
                self._read_channel()
            if not self._over:
                self._listen(ready)
            self._look_at_the_clock()

    # -- the daemon ---------------------------------------------------------------------------------------------------

    def _read_channel(self) -> None:
        """Take in what the daemon said, and that it has ended."""
        while self._channel is not None:
            try:
                data = self._channel.recv(_READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                self._take(data)
            else:
                self._channel.close()
                self._channel = None
                self._bereaved()

    def _take(self, data: bytes) -> None:
        try:
            for word in self._lines.feed(data):
                self._wards.take(word)
        except (ValueError, TypeError, KeyError, OSError) as error:
            say(f"cannot make sense of what the daemon said: {error}")

    def _bereaved(self) -> None:
        """The daemon has ended: remove what must not outlive it, and keep an eye on the rest."""
        if self._wards.farewell:
            self._over = True
            return
        self._until_s = now_s() + self._wards.lasts_s()
        at_once = [hold.vip for hold in self._wards.holds if hold.at_once]
        self._remove(self._wards.addresses(at_once), "its daemon has ended")
        held = [hold.vip for hold in self._wards.holds if not hold.at_once]
        if not held:
            return
        longest = f"{self._wards.lasts_s():.1f} s at most"
        if deaf := self._ears.open(self._wards.places()):
            say(f"cannot hear who announces {named(held)}: {'; '.join(deaf)}: only the lifetime ends it, {longest}")
        self._testify_at_s, self._testify_until_s = now_s(), now_s() + TESTIFY_FOR_S
        say(f"the daemon has ended: holds {named(held)} until a peer announces it, {longest}")

    # -- the LAN ------------------------------------------------------------------------------------------------------

    def _listen(self, ready: Collection[socket.socket]) -> None:
        """What a peer announces is the peer's at once; the rest of the VIP, and what it says when asked, soon."""
        for ear in self._ears.sockets():
            for claim in self._ears.read(ear) if ear in ready else ():
                vip = self._wards.claimed(claim)
                for address in () if vip is None else self._wards.addresses([vip]):
                    at_once = claim.announced and claim.address == address
                    at_s = now_s() if at_once else now_s() + GRACE_S
                    if address not in self._doomed or at_s < self._doomed[address][0]:
                        self._doomed[address] = at_s, f"{claim.mac.hex(':')} has it"

    def _testify(self) -> None:
        """Say once more, for some of what is held, that the daemon is dead."""
        now = now_s()
        if now < self._testify_at_s:
            return
        self._testify_at_s = now + TESTIFY_EVERY_S if now < self._testify_until_s else float("inf")
        held = self._wards.bequests()
        for turn in range(min(TESTAMENTS_AT_ONCE, len(held))):
            self._ears.testify(*held[(self._testified + turn) % len(held)])
        self._testified += TESTAMENTS_AT_ONCE

    # -- the kernel ---------------------------------------------------------------------------------------------------

    def _look_at_the_clock(self) -> None:
        if self._door_until_s is not None:
            self._open_door()
        if self._channel is not None or self._over:
            return
        if now_s() >= self._until_s:
            if not daemon_lives():  # it would have renewed what is there
                self._remove(self._wards.addresses(self._vips()), "its kernel lifetime has ended")
            self._over = True
        else:
            due = {address: why for address, (at_s, why) in self._doomed.items() if at_s <= now_s()}
            for reason in set(due.values()):
                self._remove([address for address, why in due.items() if why == reason], reason)
        self._over |= not self._wards.holds
        if not self._over:
            self._testify()

    def _remove(self, addresses: list[bytes], why: str) -> None:
        """Remove these; what the kernel does not remove is tried again."""
        requests = [(address, entry) for address in addresses for entry in self._wards.entries(address)]
        answers = self._kernel.remove([entry.delete for _, entry in requests])
        failed = {
            address: (entry, code) for (address, entry), code in zip(requests, answers, strict=True) if code not in GONE
        }
        for entry, code in list(failed.values())[:1]:
            say(f"cannot remove {entry}: {os.strerror(code)}; tries again, as with {len(failed) - 1} more")
        gone = [address for address in addresses if address not in failed]
        for address in gone:
            self._doomed.pop(address, None)
        self._doomed |= dict.fromkeys(failed, (now_s() + RETRY_S, why))
        finished = self._wards.removed(gone)
        failures = [code for code in self._kernel.remove(self._wards.undo()) if code not in GONE]
        if failures:
            say(f"cannot take {len(failures)} rules or routes away: {os.strerror(failures[0])}; see `ip rule`")
        if finished:
            say(f"removed {named(finished)}: {why}")
            self._door.tell(words.line({"removed": finished, "why": why}))

    def _vips(self) -> list[str]:
        return [hold.vip for hold in self._wards.holds]

    # -- the door -----------------------------------------------------------------------------------------------------

    def _open_door(self) -> None:
        """A sentinel that nobody can ask guards all the same."""
        try:
            if self._door.open():
                self._door_until_s = None
            elif self._door_until_s is not None and now_s() >= self._door_until_s:
                self._door_until_s = None
                say(f"another process has {words.NAME} (see `ss -xlp`): the next daemon cannot take over from here")
        except OSError as error:
            self._door_until_s = None
            say(f"cannot bind {words.NAME}: {error.strerror}: the next daemon cannot take over from here")

    def _account(self) -> bytes:
        return words.account(os.getpid(), self._wards.holds)

    def _leave(self) -> None:
        if self._channel is None:
            say(f"another daemon takes over {named(self._vips())}")
        self._over = True

    def _wait_s(self) -> float | None:
        waits = [] if self._door_until_s is None else [_DOOR_AGAIN_S]
        if self._channel is None:
            times = [self._until_s, self._testify_at_s, *(at_s for at_s, _ in self._doomed.values())]
            waits.append(max(0.0, min(times) - now_s()))
        return min(waits, default=None)


def now_s() -> float:
    """Seconds since boot, suspended time included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def daemon_lives() -> bool:
    """Whether a daemon has the name that each binds before it touches an address (``floatip.host.lock``)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as caller:
        try:
            caller.connect(DAEMON)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True


def named(vips: list[str]) -> str:
    """Name some VIPs, and how many more there are."""
    more = len(vips) - _MOST_NAMES
    return ", ".join(vips[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "") or "nothing"


def say(remark: str) -> None:
    """Write one line to standard error, if whoever reads it takes it at once."""
    with contextlib.suppress(OSError):
        if select.select([], [2], [], 0.0)[1]:
            os.write(2, f"floatip sentinel: {remark}"[:_LONGEST_REMARK_BYTES].encode("utf-8", "replace") + b"\n")


def main() -> None:
    """Be the sentinel of the daemon at the other end of the channel."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    fd = int(sys.argv[-1])
    os.closerange(3, fd)
    os.closerange(fd + 1, os.sysconf("SC_OPEN_MAX"))
    os.chdir("/")
    with contextlib.suppress(PermissionError):  # what it does takes microseconds, and must not wait for who is busy
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as name:  # noqa: PTH123  pathlib is a megabyte
        name.write(PROCESS_NAME)
    channel = socket.socket(fileno=fd)
    channel.setblocking(False)
    Sentinel(channel).run()
    os._exit(0)  # 15 ms sooner than by way of the interpreter's end
