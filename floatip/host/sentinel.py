"""The daemon's side of its sentinel: starts it, entrusts to it what it adds, starts another when it ends.

Knows: the process, the channel to it, and everything that was said, to say it anew. Never: waits for it; what it does
not read at once is queued. What the sentinel does is in ``floatip.sentinel``.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from floatip.host.addresses import Alias
from floatip.host.links import indexes
from floatip.host.messages import Entry, pack_remove
from floatip.sentinel import words

CODE = "import sys; sys.path.append(sys.argv[1]); from floatip.sentinel.child import main; main()"
ROOT = str(Path(__file__).parents[2])
MOST_QUEUED_BYTES = 4 << 20
REAP_S = 0.02
"""How long a sentinel may take from the end of its channel to its own."""
AGAIN_S = 1.0
"""How soon another is started when one ended in less than this."""
_PARTING_S = 0.5
_BUFFER_BYTES = 1 << 20
_SO_SNDBUFFORCE = 32


class Ward:
    """What of one VIP is entrusted: its addresses where they are, removed ``at_once`` or held; packed once.

    ``undo``: requests that take its source routing away, for when its addresses are gone.
    """

    __slots__ = ("_at_once", "_indexes", "_lasts_s", "_packed", "_undo", "aliases", "vip")

    def __init__(
        self, vip: str, aliases: Iterable[Alias], *, at_once: bool, lasts_s: float, undo: tuple[bytes, ...] = ()
    ) -> None:
        self.vip = vip
        self.aliases = tuple(aliases)
        self._at_once = at_once
        self._lasts_s = lasts_s
        self._undo = undo
        self._indexes: tuple[int | None, ...] | None = None
        self._packed = b""

    def packed(self, indexes: Mapping[str, int]) -> bytes:
        """Write it down; an interface without an index has none of the addresses."""
        where = tuple(indexes.get(alias.interface) for alias in self.aliases)
        if where != self._indexes:
            entries = tuple(
                words.Entry(
                    str(alias.address),
                    alias.prefix,
                    alias.interface,
                    pack_remove(Entry(alias.address.packed, alias.prefix, index)),
                )
                for alias, index in zip(self.aliases, where, strict=True)
                if index is not None
            )
            self._packed = words.packed(words.Hold(self.vip, self._at_once, self._lasts_s, entries, self._undo))
            self._indexes = where
        return self._packed


class Sentinel:
    """One at a time; everything is called from the running loop."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._child: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._started_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._queue = bytearray()
        self._held: dict[str, bytes] = {}
        self._macs: dict[str, list[str]] = {}

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return None if self._channel is None or self._child is None else self._child.pid

    def start(self) -> None:
        """Start the process, and tell it everything that is known; if that fails, again in a moment."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            argv = [sys.executable, "-I", "-S", "-c", CODE, ROOT, str(theirs.fileno())]
            try:
                self._child = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                self._warn(f"cannot start a sentinel: {error.strerror}; tries again")
                self._timer = asyncio.get_running_loop().call_later(AGAIN_S, self.start)
                return
        ours.setblocking(False)
        with contextlib.suppress(PermissionError):
            ours.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _BUFFER_BYTES)
        self._channel, self._started_s = ours, time.monotonic()
        asyncio.get_running_loop().add_reader(ours, self._ended)
        for whose, macs in self._macs.items():
            self._say(words.line({whose: macs}))
        self._say(words.holding(self._held.values()))

    def prepare(self, wards: Iterable[Ward]) -> list[tuple[str, bytes]]:
        """Pack these ahead of need (15 us each), and give what is packed by VIP."""
        wards = list(wards)
        known = indexes(alias.interface for ward in wards for alias in ward.aliases)
        return [(ward.vip, ward.packed(known)) for ward in wards]

    def hold(self, wards: Iterable[Ward]) -> None:
        """Entrust these VIPs to it, as they will be; what it knows already is not said again."""
        packed = dict(self.prepare(wards))
        fresh = {vip: text for vip, text in packed.items() if self._held.get(vip) != text}
        self._held |= fresh
        self._say(words.holding(fresh.values()))

    def drop(self, vips: Iterable[str]) -> None:
        """These are removed."""
        known = [vip for vip in vips if self._held.pop(vip, None) is not None]
        if known:
            self._say(words.line({"drop": known}))

    def acquaint(self, peers: Iterable[str]) -> None:
        """To these MACs alone it gives an address up."""
        self._tell_macs("peers", peers)

    def identify(self, own: Iterable[str]) -> None:
        """These MACs are this host's, whatever a late frame says."""
        self._tell_macs("own", own)

    def part(self, *, farewell: bool) -> None:
        """End the channel; after a ``farewell`` there is nothing left for it to do, else this is the daemon's end."""
        if self._timer is not None:
            self._timer.cancel()
        channel, self._channel = self._channel, None
        if channel is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(channel)
        loop.remove_writer(channel)
        with contextlib.suppress(OSError), channel:
            channel.settimeout(_PARTING_S)
            channel.sendall(self._queue + (words.line({"farewell": True}) if farewell else b""))
        if farewell and self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(_PARTING_S)

    def _tell_macs(self, whose: str, macs: Iterable[str]) -> None:
        told = sorted(set(macs))
        if self._macs.get(whose) != told:
            self._macs[whose] = told
            self._say(words.line({whose: told}))

    # -- the channel --------------------------------------------------------------------------------------------------

    def _say(self, text: bytes) -> None:
        """Send it, or queue what does not go; without a sentinel the next one is told."""
        if self._channel is None or not text:
            return
        waits = bool(self._queue)
        self._queue += text
        if not waits:
            self._flush()
        if len(self._queue) > MOST_QUEUED_BYTES and self._child is not None:
            self._queue.clear()
            self._child.kill()

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        if self._channel is None:
            return
        try:
            del self._queue[: self._channel.send(self._queue)]
        except BlockingIOError:
            pass
        except OSError:  # it has ended, and the reader says so
            self._queue.clear()
        if self._queue:
            loop.add_writer(self._channel, self._flush)
        else:
            loop.remove_writer(self._channel)

    def _ended(self) -> None:
        """It never says anything: this is its end."""
        if self._channel is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._channel)
        loop.remove_writer(self._channel)
        self._channel.close()
        self._channel = None
        self._queue.clear()
        self._timer = loop.call_later(REAP_S, self._replace)

    def _replace(self) -> None:
        """Reap it, tell of it, and start another: at once, unless they end as fast as they start."""
        child, lived_s = self._child, time.monotonic() - self._started_s
        if child is not None:
            if child.poll() is None:
                child.kill()
            code = child.wait()
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            self._warn(f"the sentinel, process {child.pid}, ended {how}; starts another")
        if lived_s < AGAIN_S:
            self._timer = asyncio.get_running_loop().call_later(AGAIN_S, self.start)
        else:
            self.start()
